import type { Random } from '../random.ts';
import { scopeKey } from '../scope.ts';
import { permissionSet } from './definitions.ts';
import { ensure } from './ensure.ts';
import type { Denial } from './permissions.ts';

/** Deny assignments, made by the control endpoint only: whether callers may make them is unsure (azure.md section 5). */
export class Denials {
  readonly #byPrincipal = new Map<string, Denial[]>();
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
  }): void {
    const guid = this.#random.uuid();
    const denial: Denial = {
      id: `${scope === '/' ? '' : scope}/providers/Microsoft.Authorization/denyAssignments/${guid}`,
      name: `deny ${actions.join(', ')}`,
      scope: scopeKey(scope),
      sets: [permissionSet({ actions, dataActions: actions })],
    };
    ensure(this.#byPrincipal, principalId.toLowerCase(), () => []).push(denial);
  }

  of(principalId: string): readonly Denial[] {
    return this.#byPrincipal.get(principalId.toLowerCase()) ?? [];
  }
}
