import type { Random } from '../../random.ts';
import { scopeKey } from '../../scope.ts';
import { permissionSet } from '../definitions/definitions.ts';
import { ensure } from '../ensure.ts';
import type { Denial } from '../permissions.ts';

/** A deny assignment with what it was made of. */
export interface DenyAssignment extends Denial {
  readonly guid: string;
  readonly principalId: string;
  /** As it was given. */
  readonly at: string;
  readonly actions: readonly string[];
}

/** Deny assignments, made by the control endpoint only: whether callers may make them is unsure (docs/azure-facts.md section 5). */
export class Denials {
  readonly #byPrincipal = new Map<string, DenyAssignment[]>();
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  add({
    principalId,
    scope,
    actions,
  }: {
    readonly principalId: string;
    readonly scope: string;
    readonly actions: readonly string[];
  }): DenyAssignment {
    const guid = this.#random.uuid();
    const denial: DenyAssignment = {
      guid,
      principalId: principalId.toLowerCase(),
      at: scope,
      actions,
      id: `${scope === '/' ? '' : scope}/providers/Microsoft.Authorization/denyAssignments/${guid}`,
      name: `deny ${actions.join(', ')}`,
      scope: scopeKey(scope),
      sets: [permissionSet({ actions, dataActions: actions })],
    };
    ensure(this.#byPrincipal, denial.principalId, () => []).push(denial);
    return denial;
  }

  /** By id; false when there is none. */
  remove(id: string): boolean {
    for (const [principalId, held] of this.#byPrincipal) {
      const rest = held.filter((denial) => scopeKey(denial.id) !== scopeKey(id));
      if (rest.length === held.length) continue;
      this.#byPrincipal.set(principalId, rest);
      return true;
    }
    return false;
  }

  of(principalId: string): readonly Denial[] {
    return this.#byPrincipal.get(principalId.toLowerCase()) ?? [];
  }

  all(): DenyAssignment[] {
    return [...this.#byPrincipal.values()].flat();
  }
}
