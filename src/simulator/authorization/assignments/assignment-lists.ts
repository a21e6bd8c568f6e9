import { versionsOf } from '../../catalog/versions.ts';
import { type ArmRequest, type ArmResponse, type Operation, page } from '../../http/operation.ts';
import { scopeKey, scopeOf } from '../../world/scope.ts';
import { ensure } from '../ensure.ts';
import type { AuthorizationParts } from '../rights.ts';
import { ASSIGNMENT_TYPE, assignmentAnswer } from './assignment-body.ts';
import { malformed } from './assignment-errors.ts';
import type { RoleAssignment } from './assignments.ts';

type Position = 'at or above' | 'below' | 'elsewhere';

/** Lists of role assignments and of the caller's permissions (docs/azure-facts.md section 5). */
export function assignmentListOperations(parts: AuthorizationParts): Operation[] {
  return [
    {
      id: 'roleAssignments.list',
      method: 'GET',
      pattern: '{+scope}/providers/Microsoft.Authorization/roleAssignments',
      resourceType: ASSIGNMENT_TYPE,
      apiVersions: versionsOf(ASSIGNMENT_TYPE),
      action: `${ASSIGNMENT_TYPE}/read`,
      // Who may read nothing gets an empty list with 200 (docs/azure-facts.md section 7), not 403.
      checksRights: true,
      handle: (request, params) => list(parts, request, scopeOf(params)),
    },
    {
      id: 'permissions.list',
      method: 'GET',
      pattern: '{+scope}/providers/Microsoft.Authorization/permissions',
      resourceType: 'Microsoft.Authorization/permissions',
      apiVersions: versionsOf('Microsoft.Authorization/permissions'),
      action: 'Microsoft.Authorization/permissions/read',
      checksRights: true,
      handle: (request, params) => ({
        status: 200,
        body: page(
          request,
          parts.rights.permissions(request.caller, scopeOf(params)),
          parts.frame.knobs.values.paging.pageSize,
        ),
      }),
    },
  ];
}

function list(parts: AuthorizationParts, request: ArmRequest, scope: string): ArmResponse {
  const { frame, assignments, rights } = parts;
  const { authorization, paging } = frame.knobs.values;
  const filter = readAssignmentFilter(request.query.get('$filter'));
  const showsBelow = filter ? !filter.atScope : authorization.unfilteredListsBelow;
  const mayRead = rights.asker(request.caller, `${ASSIGNMENT_TYPE}/read`);
  const position = positionTo(parts, scope);
  const visible = (assignment: RoleAssignment): boolean => {
    switch (position(assignment)) {
      case 'elsewhere':
        return false;
      case 'at or above':
        // What is inherited is shown to every caller who may read here, without a right further up.
        return mayRead(scope);
      case 'below':
        return showsBelow && mayRead(assignment.scope);
    }
  };
  const shown = assignments
    .listed()
    .filter(({ principalId }) => filter?.principalId === undefined || principalId === filter.principalId)
    .filter(visible);
  const body = page(request, shown, paging.pageSize, (each) => assignmentAnswer(each, authorization));
  return { status: 200, body };
}

/** Where an assignment lies, seen from a scope. Kept per spelling of a scope: lists are long, their scopes few. */
function positionTo(
  { frame: { world } }: AuthorizationParts,
  scope: string,
): (assignment: RoleAssignment) => Position {
  const here = scopeKey(scope);
  const lineage = world.lineage(scope);
  const known = new Map<string, Position>();
  return (assignment) =>
    ensure(known, assignment.scope, (spelling) => {
      const key = scopeKey(spelling);
      if (lineage.includes(key)) return 'at or above';
      return world.lineage(key).includes(here) ? 'below' : 'elsewhere';
    });
}

/** `$filter` of a role assignment list (docs/azure-facts.md section 5). */
interface AssignmentFilter {
  /** Leave out what lies below the scope. */
  readonly atScope: boolean;
  /** Lower-case. `assignedTo` also means through groups, of which this directory has none. */
  readonly principalId?: string;
}

const ATOM =
  /^(?:(?<at>atScope\(\))|principalId\s+eq\s+'(?<principal>[^']+)'|assignedTo\('(?<assigned>[^']+)'\))$/i;

/** Atoms joined by `and`; undefined = no filter. Throws 400 for what the service does not support. */
function readAssignmentFilter(text: string | undefined): AssignmentFilter | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  let filter: AssignmentFilter = { atScope: false };
  for (const part of text.trim().split(/\s+and\s+/i)) {
    const groups = ATOM.exec(part.trim())?.groups;
    if (!groups) throw malformed(`The filter '${text}' is not supported.`);
    const principalId = (groups.principal ?? groups.assigned)?.toLowerCase();
    filter = {
      atScope: filter.atScope || groups.at !== undefined,
      ...(filter.principalId !== undefined && { principalId: filter.principalId }),
      ...(principalId !== undefined && { principalId }),
    };
  }
  return filter;
}
