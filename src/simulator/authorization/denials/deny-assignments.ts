import { versionsOf } from '../../catalog/versions.ts';
import { ArmError, type Operation } from '../../http/operation.ts';
import { page } from '../../http/paging.ts';
import { isWithin, scopeKey } from '../../scope.ts';
import { type AuthorizationParts, scopeOf } from '../part.ts';
import type { DenyAssignment } from './denials.ts';

const TYPE = 'Microsoft.Authorization/denyAssignments';

/** Deny assignments, to be read: what the control endpoint's `deny` made (docs/azure-facts.md section 5, "deny"). */
export function denyAssignmentOperations({ frame, denials }: AuthorizationParts): Operation[] {
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
