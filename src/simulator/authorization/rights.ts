import type { Authorizer, ConditionAttributes, PermissionSet, Verdict } from '../authorizer.ts';
import type { Foundation } from '../frame.ts';
import { ArmError, type Caller } from '../http/operation.ts';
import { scopeKey } from '../world/scope.ts';
import type { RoleAssignment, RoleAssignments } from './assignments/assignments.ts';
import { holds } from './conditions/conditions.ts';
import type { RoleDefinitions } from './definitions/definitions.ts';
import type { Denials } from './deny-assignments.ts';
import { ensure } from './ensure.ts';
import { type Evaluation, evaluate, type Holding } from './permissions.ts';

/** `Microsoft.Authorization/roleAssignments:RoleDefinitionId` and its siblings, as conditions name them. */
const ROLE_ASSIGNMENT_ATTRIBUTE = 'Microsoft.Authorization/roleAssignments';

/**
 * The rights of the caller of each request, from the role assignments as they are at that moment. A grant acts for a
 * token issued before it only after the delay drawn at its creation, for a newer one at once (docs/azure-facts.md section 5).
 */
export class Rights implements Authorizer {
  readonly #frame: Foundation;
  readonly #assignments: RoleAssignments;
  readonly #definitions: RoleDefinitions;
  readonly #denials: Denials;
  #settledAt = Number.NEGATIVE_INFINITY;

  constructor(
    frame: Foundation,
    parts: {
      readonly assignments: RoleAssignments;
      readonly definitions: RoleDefinitions;
      readonly denials: Denials;
    },
  ) {
    this.#frame = frame;
    this.#assignments = parts.assignments;
    this.#definitions = parts.definitions;
    this.#denials = parts.denials;
  }

  authorize(caller: Caller, action: string, scope: string, attributes: ConditionAttributes = {}): Verdict {
    return this.#verdict(caller, action, scope, this.#holdings(caller, attributes));
  }

  mayOnData(caller: Caller, dataAction: string, scope: string): boolean {
    const denials = this.#denials.of(caller.objectId);
    const lineage = this.#frame.world.lineage(scope);
    return evaluate(this.#holdings(caller, {}), denials, dataAction, lineage, 'data').type === 'allowed';
  }

  /** As if every condition were fulfilled. */
  authorizeWhateverTheConditions(caller: Caller, action: string, scope: string): Verdict {
    return this.#verdict(caller, action, scope, this.#holdings(caller, 'fulfilled'));
  }

  permissions(caller: Caller, scope: string): readonly PermissionSet[] {
    const lineage = this.#frame.world.lineage(scope);
    return this.#holdings(caller, {})
      .filter((holding) => lineage.includes(holding.scope))
      .flatMap((holding) => holding.sets)
      .map(({ actions, notActions, dataActions, notDataActions }) => ({
        actions,
        notActions,
        dataActions,
        notDataActions,
      }));
  }

  /** Whether the caller may do `action`, asked for many scopes: the caller's rights are gathered once. */
  asker(caller: Caller, action: string): (scope: string) => boolean {
    const holdings = this.#holdings(caller, {});
    const known = new Map<string, boolean>();
    return (scope) =>
      ensure(known, scope, () => this.#evaluate(caller, action, scope, holdings).type === 'allowed');
  }

  /** Ends all delays of grants made so far. */
  settle(): void {
    this.#settledAt = this.#frame.clock.now();
  }

  #verdict(caller: Caller, action: string, scope: string, holdings: readonly Holding[]): Verdict {
    const evaluation = this.#evaluate(caller, action, scope, holdings);
    switch (evaluation.type) {
      case 'allowed':
        return { allowed: true };
      case 'not granted':
        return { allowed: false, code: 'AuthorizationFailed', message: notGranted(caller, action, scope) };
      case 'denied':
        return {
          allowed: false,
          code: 'DenyAssignmentAuthorizationFailed',
          message: `The client '${caller.appId}' with object id '${caller.objectId}' has permission to perform action '${action}' on scope '${scope}'; however, the access is denied because of the deny assignment with name '${evaluation.by.name}' and Id '${evaluation.by.id}'.`,
        };
    }
  }

  #evaluate(caller: Caller, action: string, scope: string, holdings: readonly Holding[]): Evaluation {
    return evaluate(holdings, this.#denials.of(caller.objectId), action, this.#frame.world.lineage(scope));
  }

  #holdings(caller: Caller, attributes: ConditionAttributes | 'fulfilled'): Holding[] {
    return this.#assignments
      .ofPrincipal(caller.objectId)
      .filter((assignment) => this.#acts(assignment, caller))
      .map((assignment) => ({
        scope: scopeKey(assignment.scope),
        sets: (this.#definitions.get(assignment.roleGuid)?.permissions ?? []).map((permission) => ({
          ...permission,
          holds: (action: string) =>
            attributes === 'fulfilled' ||
            [permission.condition, assignment.condition].every(
              (condition) => !condition || holds(condition.parsed, { ...attributes, action }),
            ),
        })),
      }));
  }

  #acts({ createdOn, effectiveAt }: RoleAssignment, caller: Caller): boolean {
    return (
      effectiveAt <= this.#frame.clock.now() ||
      createdOn <= this.#settledAt ||
      caller.tokenIssuedAt >= createdOn
    );
  }
}

/** The text names conditions where they are usual: for role assignments (docs/azure-facts.md section 5). */
export function notGranted(caller: Caller, action: string, scope: string): string {
  const condition = action.toLowerCase().startsWith(`${ROLE_ASSIGNMENT_ATTRIBUTE.toLowerCase()}/`)
    ? ' or an ABAC condition not fulfilled'
    : '';
  return `The client '${caller.appId}' with object id '${caller.objectId}' does not have authorization${condition} to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`;
}

/** What the routes of this folder share. */
export interface AuthorizationParts {
  readonly frame: Foundation;
  readonly assignments: RoleAssignments;
  readonly definitions: RoleDefinitions;
  readonly rights: Rights;
  readonly denials: Denials;
}

export function assertVerdict(verdict: Verdict): void {
  if (!verdict.allowed) throw new ArmError(403, verdict.code, verdict.message);
}
