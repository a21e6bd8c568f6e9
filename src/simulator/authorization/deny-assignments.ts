import { versionsOf } from '../catalog/versions.ts';
import type { Foundation } from '../frame.ts';
import { ArmError, type Operation, page } from '../http/operation.ts';
import type { Random } from '../random.ts';
import { isWithin, scopeKey, scopeOf } from '../world/scope.ts';
import { permissionSet } from './definitions/definitions.ts';
import { ensure } from './ensure.ts';
import type { Denial } from './permissions.ts';

/** A deny assignment with what it was made of. */
interface DenyAssignment extends Denial {
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

const TYPE = 'Microsoft.Authorization/denyAssignments';

/** Deny assignments, to be read: what the control endpoint's `deny` made (docs/azure-facts.md section 5, "deny"). */
export function denyAssignmentOperations(frame: Foundation, denials: Denials): Operation[] {
  const common = {
    resourceType: TYPE,
    apiVersions: versionsOf(TYPE),
    method: 'GET',
    action: `${TYPE}/read`,
  } as const;
  return [
    {
      ...common,
      id: 'denyAssignments.list',
      pattern: `{+scope}/providers/${TYPE}`,
      handle(request, params) {
        const scope = scopeOf(params);
        const lineage = frame.world.lineage(scope);
        const shown = denials
          .all()
          .filter((denial) => isWithin(denial.scope, scope) || lineage.includes(scopeKey(denial.scope)));
        return { status: 200, body: page(request, shown, frame.knobs.values.paging.pageSize, bodyOf) };
      },
    },
    {
      ...common,
      id: 'denyAssignments.get',
      pattern: `{+scope}/providers/${TYPE}/{name}`,
      handle(_request, { name = '' }) {
        const found = denials.all().find(({ guid }) => guid === name.toLowerCase());
        if (found) return { status: 200, body: bodyOf(found) };
        throw new ArmError(404, 'DenyAssignmentNotFound', `The deny assignment '${name}' is not found.`);
      },
    },
  ];
}

const bodyOf = ({ id, guid, name, at, principalId, actions }: DenyAssignment) => ({
  properties: {
    denyAssignmentName: name,
    description: null,
    permissions: [{ actions, notActions: [], dataActions: actions, notDataActions: [] }],
    scope: at,
    doNotApplyToChildScopes: false,
    principals: [{ id: principalId, type: 'ServicePrincipal' }],
    excludePrincipals: [],
    isSystemProtected: true,
  },
  id,
  type: TYPE,
  name: guid,
});
