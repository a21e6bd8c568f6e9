/**
 * @module Role assignments, role definitions and the rights that follow from them, as Azure has them (docs/azure-facts.md
 * section 5).
 */
import type { AuthorizationPart, Grant } from '../authorizer.ts';
import type { Foundation } from '../frame.ts';
import { scopeKey } from '../world/scope.ts';
import { assignmentAnswer } from './assignments/assignment-body.ts';
import { assignmentListOperations } from './assignments/assignment-lists.ts';
import { assignmentId, RoleAssignments } from './assignments/assignments.ts';
import { roleAssignmentOperations } from './assignments/role-assignments.ts';
import { parseCondition } from './conditions/condition-reader.ts';
import { definitionId, RoleDefinitions } from './definitions/definitions.ts';
import { roleDefinitionOperations } from './definitions/role-definitions.ts';
import { Denials, denyAssignmentOperations } from './deny-assignments.ts';
import { permits } from './permissions.ts';
import { Rights } from './rights.ts';

export function createAuthorization(frame: Foundation): AuthorizationPart {
  const { clock, random, knobs, world, directory } = frame;
  const assignments = new RoleAssignments(clock, random, () => knobs.values.propagation);
  const definitions = new RoleDefinitions(clock, random);
  const denials = new Denials(random);
  const rights = new Rights(frame, { assignments, definitions, denials });
  const parts = { frame, assignments, definitions, rights, denials };
  // A grant goes with its scope; one that comes back under the same id starts without any (docs/azure-facts.md section 5).
  world.onScopeRemoved((scope) => assignments.dropWithin(scope));
  return {
    authorizer: rights,
    operations: [
      ...roleAssignmentOperations(parts),
      ...assignmentListOperations(parts),
      ...roleDefinitionOperations(parts),
      ...denyAssignmentOperations(frame, denials),
    ],
    grant(given) {
      const assignment = granted(given);
      const existing = assignments.byTriple(assignment);
      if (existing) return assignmentId(existing);
      assignments.put(assignment, { atOnce: true });
      return assignmentId(assignment);
    },
    defineRole: (seed) => definitionId(definitions.define(seed).guid, undefined),
    deny: (denial) => denials.add(denial).id,
    undeny: (id) => denials.remove(id),
    held: () =>
      assignments.all().map((each) => ({
        id: assignmentId(each),
        scope: each.scope,
        roleGuid: each.roleGuid,
        principalId: each.principalId,
      })),
    onAssignment: (listener) =>
      assignments.onChanged((each, held) =>
        listener(assignmentId(each), held ? assignmentAnswer(each, knobs.values.authorization) : undefined),
      ),
    evidence(principalId, action, scope) {
      const lineage = world.lineage(scope);
      for (const each of assignments.ofPrincipal(principalId)) {
        const role = definitions.get(each.roleGuid);
        if (!lineage.includes(scopeKey(each.scope)) || !role?.permissions.some((set) => permits(set, action)))
          continue;
        return {
          role: role.roleName,
          roleAssignmentScope: each.scope,
          roleAssignmentId: bare(each.name),
          roleDefinitionId: bare(each.roleGuid),
          principalId: bare(each.principalId),
          principalType: each.principalType,
        };
      }
      return undefined;
    },
    dropRights(principalId) {
      const held = assignments.ofPrincipal(principalId);
      for (const { name } of held) assignments.delete(name, { atOnce: true });
      return held.length;
    },
    settle() {
      assignments.settle();
      rights.settle();
    },
  };

  function granted({ principalId, role, scope, condition }: Grant) {
    const now = clock.now();
    return {
      name: random.uuid(),
      scope: scopeKey(scope) === '/' ? '/' : scope,
      roleGuid: definitions.require(role).guid,
      principalId: principalId.toLowerCase(),
      principalType: directory.find(principalId)?.type ?? 'ServicePrincipal',
      condition:
        condition === undefined
          ? null
          : { text: condition, parsed: parseCondition(condition), version: '2.0' },
      description: null,
      delegatedManagedIdentityResourceId: null,
      createdOn: now,
      updatedOn: now,
      createdBy: null,
      updatedBy: null,
      effectiveAt: now,
    };
  }
}

const bare = (guid: string) => guid.replaceAll('-', '');
