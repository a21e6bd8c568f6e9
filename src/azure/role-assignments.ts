/**
 * Role assignments (docs/azure-facts.md section 5): every call goes through the request scheduler and reports to the
 * observer what it found.
 */
import {
  AuthorizationManagementClient,
  getContinuationToken,
  type RoleAssignmentCreateParameters,
} from '@azure/arm-authorization';
import {
  ArmCalls,
  type ArmCallsOptions,
  type AzureObserver,
  type CallContext,
  correlationOf,
  isAmbiguous,
} from './arm/arm-calls.ts';
import { type Classified, classify } from './arm/classify.ts';
import type { Missing } from './arm/error-codes.ts';
import type { AzureError } from './arm/errors.ts';
import { type AzureRoleAssignment, assignmentId, readAssignment } from './azure-role-assignment.ts';
import { AUTHORIZATION } from './limits.ts';
import { guidInText, readGuid, trailingGuid } from './names/guid.ts';
import { subscriptionOf, wireScope } from './names/scope.ts';

/** `missing`: what Azure says is not there; an assignment goes with its scope. */
export type AssignmentGet =
  | { readonly found: true; readonly assignment: AzureRoleAssignment; readonly requestedAt: number }
  | {
      readonly found: false;
      readonly missing: Missing;
      readonly error: AzureError;
      readonly requestedAt: number;
    };

export interface AssignmentPut {
  /** A GUID, or an id that ends in it. */
  readonly roleDefinitionId: string;
  readonly principalId: string;
  /** Azure's default is `User`, so it is always sent; it also spares the wait for the directory (docs/azure-facts.md section 5). */
  readonly principalType: string;
  /** With `conditionVersion`, or neither. What is left out is taken away from an assignment that has it. */
  readonly condition?: string | undefined;
  readonly conditionVersion?: string | undefined;
  readonly description?: string | undefined;
}

type PutResult =
  /** Azure's answer does not show whether it was there under this name before: a repeated PUT is a 201 as well. */
  | {
      readonly result: 'written';
      readonly assignment: AzureRoleAssignment;
      readonly correlationId?: string;
    }
  /**
   * The same scope, role and principal are assigned under another name (409 `RoleAssignmentExists`). Without
   * `existingId` Azure's answer did not name it: list by principal. Either way compare all three before it counts as
   * satisfied.
   */
  | { readonly result: 'exists'; readonly existingId?: string; readonly error: AzureError };

/**
 * What a list shows besides what is at the scope. `everything`: above and below. `atScope`: above only. A principal:
 * above and below, of that principal. Callers compare the assignments' own scopes.
 */
export type AssignmentFilter = 'everything' | 'atScope' | { readonly principalId: string };

interface AssignmentPage {
  readonly assignments: readonly AzureRoleAssignment[];
  /** Monotonic ms at which this page's request began. */
  readonly requestedAt: number;
}

export class RoleAssignments {
  readonly #calls: ArmCalls;
  readonly #client: AuthorizationManagementClient;
  #observer: AzureObserver<AzureRoleAssignment> | undefined;

  constructor(options: ArmCallsOptions) {
    this.#calls = new ArmCalls(options);
    const { credential, clientOptions } = options.access;
    // The SDK wants a subscription; no call here goes by it, since all name their scope.
    this.#client = new AuthorizationManagementClient(credential, 'none', clientOptions);
  }

  /** At most one observer: the cache. */
  observedBy(observer: AzureObserver<AzureRoleAssignment>): void {
    this.#observer = observer;
  }

  /** Live read. Only Azure's own word is an absence: any other failure is thrown. */
  async get(scope: string, name: string, context: CallContext): Promise<AssignmentGet> {
    const [id, call] = [assignmentId(scope, name), this.#at('read', scope)];
    let requestedAt = this.#calls.now();
    try {
      const { value } = await this.#calls.run(
        call,
        context,
        (options) => this.#client.roleAssignments.getById(wireId(id), options),
        (at) => {
          requestedAt = at;
        },
      );
      const assignment = readAssignment(value);
      this.#observer?.recordGet(id, assignment, requestedAt);
      return { found: true, assignment, requestedAt };
    } catch (thrown) {
      const found = classify(thrown);
      const missing = goneWith(found);
      if (!missing) throw thrown;
      this.#observer?.recordGet(id, undefined, requestedAt);
      return { found: false, missing, error: found.error, requestedAt };
    }
  }

  /** For a PUT at this scope: see `RequestScheduler.takePlace`. */
  takePlace(scope: string, context: CallContext): Promise<void> {
    return this.#calls.takePlace(this.#at('write', scope), context);
  }

  /** PUT. A name that holds another grant is refused by Azure: `RoleAssignmentUpdateNotPermitted`, thrown. */
  async put(scope: string, name: string, put: AssignmentPut, context: CallContext): Promise<PutResult> {
    const id = assignmentId(scope, readGuid('the name of a role assignment', name));
    const body = bodyOf(scope, put);
    try {
      const { value, ...rest } = await this.#calls.run(this.#at('write', scope), context, (options) =>
        this.#client.roleAssignments.createById(wireId(id), body, options),
      );
      const assignment = readAssignment(value, 'written');
      this.#observer?.recordWrite(assignment);
      return { result: 'written', assignment, ...correlationOf(rest) };
    } catch (thrown) {
      if (isAmbiguous(thrown)) this.#observer?.recordWriteAttempt(id);
      const { error } = classify(thrown);
      if (error.code.toLowerCase() !== 'roleassignmentexists') throw thrown;
      const existing = guidInText(error.message);
      return {
        result: 'exists',
        ...(existing !== undefined && { existingId: assignmentId(scope, existing) }),
        error,
      };
    }
  }

  /**
   * DELETE; one whose scope is gone is absent too. Under a scope that is gone Azure may also answer 403, which is
   * thrown: only a read of the scope shows which it was (docs/azure-facts.md section 5).
   */
  async delete(
    scope: string,
    name: string,
    context: CallContext,
  ): Promise<{ result: 'deleted' | 'absent'; correlationId?: string }> {
    const id = assignmentId(scope, name);
    try {
      const { status, ...rest } = await this.#calls.run(this.#at('delete', scope), context, (options) =>
        this.#client.roleAssignments.deleteById(wireId(id), options),
      );
      this.#observer?.recordDelete(id);
      return { result: status === 204 ? 'absent' : 'deleted', ...correlationOf(rest) };
    } catch (thrown) {
      if (isAmbiguous(thrown)) this.#observer?.recordWriteAttempt(id);
      if (!goneWith(classify(thrown))) throw thrown;
      this.#observer?.recordDelete(id);
      return { result: 'absent' };
    }
  }

  /** Page by page; each page is a call of its own. Who may read nothing gets an empty list and no error. */
  async *list(
    scope: string,
    filter: AssignmentFilter,
    context: CallContext,
  ): AsyncGenerator<AssignmentPage, void, undefined> {
    const [at, call] = [wireScope(scope), this.#at('list', scope)];
    const query = filterOf(filter);
    let continuationToken: string | undefined;
    do {
      const settings = continuationToken === undefined ? {} : { continuationToken };
      const { value, requestedAt } = await this.#calls.run(call, context, (options) =>
        this.#client.roleAssignments
          .listForScope(at, { ...query, ...options })
          .byPage(settings)
          .next(),
      );
      if (value.done) return;
      yield { assignments: value.value.map((each) => readAssignment(each, 'lenient')), requestedAt };
      continuationToken = getContinuationToken(value.value);
    } while (continuationToken);
  }

  #at(kind: 'read' | 'list' | 'write' | 'delete', scope: string) {
    return { kind, provider: AUTHORIZATION, subscriptionId: subscriptionOf(scope) } as const;
  }
}

/** The role's id as azid sends it: with the prefix of the scope's subscription, without one above. */
export function roleDefinitionId(scope: string, role: string): string {
  const subscriptionId = subscriptionOf(scope);
  const prefix = subscriptionId === undefined ? '' : `/subscriptions/${subscriptionId}`;
  return `${prefix}/providers/Microsoft.Authorization/roleDefinitions/${trailingGuid('the role', role)}`;
}

function bodyOf(scope: string, put: AssignmentPut): RoleAssignmentCreateParameters {
  const { principalId, principalType, condition, conditionVersion, description } = put;
  if ((condition === undefined) !== (conditionVersion === undefined))
    throw new TypeError(
      `Expected a condition with its version or neither, got only the ${condition === undefined ? 'version' : 'condition'}`,
    );
  return {
    roleDefinitionId: roleDefinitionId(scope, put.roleDefinitionId),
    principalId: readGuid('the principal id', principalId),
    principalType,
    ...(condition !== undefined && { condition }),
    ...(conditionVersion !== undefined && { conditionVersion }),
    ...(description !== undefined && { description }),
  };
}

/** A GUID is checked before it goes into a filter: the SDK sends what is in it as it is (docs/azure-facts.md section 5). */
function filterOf(filter: AssignmentFilter): { filter?: string } {
  if (filter === 'everything') return {};
  if (filter === 'atScope') return { filter: 'atScope()' };
  return { filter: `principalId eq '${readGuid('the principal id', filter.principalId)}'` };
}

/** What is missing, if the assignment is gone with it. A subscription that azid cannot see is not proven gone. */
function goneWith(found: Classified): Missing | undefined {
  if (found.kind !== 'notFound' || found.what === 'subscription') return undefined;
  return found.what;
}

/** As the SDK wants it: without its leading slash. */
function wireId(id: string): string {
  return id.replace(/^\/+/, '');
}
