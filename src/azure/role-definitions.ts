/** Role definitions, built-in and custom (docs/azure-facts.md section 5), read through the request scheduler. */

import {
  AuthorizationManagementClient,
  getContinuationToken,
  type RoleDefinition,
} from '@azure/arm-authorization';
import { ArmCalls, type ArmCallsOptions, type CallContext } from './arm/arm-calls.ts';
import { classify } from './arm/classify.ts';
import { AzureError, LOCAL_CODES } from './arm/errors.ts';
import { AUTHORIZATION } from './limits.ts';
import { trailingGuid } from './names/guid.ts';
import { parseScope, subscriptionOf, wireScope } from './names/scope.ts';
import { sameText } from './names/text.ts';

/** One set of a role. `notActions` take away only from the `actions` of the same set. */
interface RolePermission {
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
  readonly dataActions: readonly string[];
  readonly notDataActions: readonly string[];
}

export interface AzureRoleDefinition {
  /** As given; its prefix depends on where it was asked. */
  readonly id: string;
  /** Lower case; the same wherever it was asked, and for built-in roles in every cloud. */
  readonly guid: string;
  /** As given; compares without case. */
  readonly roleName: string;
  /** `BuiltInRole` or `CustomRole`. */
  readonly type: string;
  readonly permissions: readonly RolePermission[];
  readonly assignableScopes: readonly string[];
}

export type RoleLookup =
  | { readonly found: 'one'; readonly role: AzureRoleDefinition }
  | { readonly found: 'none' }
  /** Never guessed which: the user gives an id instead. */
  | { readonly found: 'ambiguous'; readonly roles: readonly AzureRoleDefinition[] };

interface RolePage {
  readonly roles: readonly AzureRoleDefinition[];
  /** Monotonic ms at which this page's request began. */
  readonly requestedAt: number;
}

export class RoleDefinitions {
  readonly #calls: ArmCalls;
  readonly #client: AuthorizationManagementClient;

  constructor(options: ArmCallsOptions) {
    this.#calls = new ArmCalls(options);
    const { credential, clientOptions } = options.access;
    // The SDK wants a subscription; no call here goes by it, since all name their scope.
    this.#client = new AuthorizationManagementClient(credential, 'none', clientOptions);
  }

  /** By name, without case, among the roles that can be assigned at the scope. */
  async find(scope: string, roleName: string, context: CallContext): Promise<RoleLookup> {
    const name = readRoleName(roleName);
    const hits: AzureRoleDefinition[] = [];
    // Azure compares as it likes; what counts here is what the user wrote.
    for await (const { roles } of this.#list(scope, `roleName eq '${name.replaceAll("'", "''")}'`, context))
      hits.push(...roles.filter((role) => sameRoleName(role.roleName, name)));
    return lookupOf(hits);
  }

  /** By GUID, or an id that ends in it. */
  async get(scope: string, role: string, context: CallContext): Promise<RoleLookup> {
    const guid = trailingGuid('the role', role);
    try {
      const { value } = await this.#calls.run(this.#at('read', scope), context, (options) =>
        this.#client.roleDefinitions.get(wireScope(scope), guid, options),
      );
      return { found: 'one', role: readRole(value) };
    } catch (thrown) {
      const { error } = classify(thrown);
      const missing = error.status === 404 && error.code.toLowerCase() === 'roledefinitiondoesnotexist';
      if (!missing) throw thrown;
      return { found: 'none' };
    }
  }

  /**
   * All that can be assigned at the scope, page by page; at a subscription also those that can be assigned only in some
   * of its groups.
   */
  list(scope: string, context: CallContext): AsyncGenerator<RolePage, void, undefined> {
    const filter = parseScope(scope).kind === 'subscription' ? 'atScopeAndBelow()' : undefined;
    return this.#list(scope, filter, context);
  }

  async *#list(
    scope: string,
    filter: string | undefined,
    context: CallContext,
  ): AsyncGenerator<RolePage, void, undefined> {
    const [at, call] = [wireScope(scope), this.#at('list', scope)];
    let continuationToken: string | undefined;
    do {
      const settings = continuationToken === undefined ? {} : { continuationToken };
      const { value, requestedAt } = await this.#calls.run(call, context, (options) =>
        this.#client.roleDefinitions
          .list(at, { ...(filter !== undefined && { filter }), ...options })
          .byPage(settings)
          .next(),
      );
      if (value.done) return;
      yield { roles: value.value.map(readRole), requestedAt };
      continuationToken = getContinuationToken(value.value);
    } while (continuationToken);
  }

  #at(kind: 'read' | 'list', scope: string) {
    return { kind, provider: AUTHORIZATION, subscriptionId: subscriptionOf(scope) } as const;
  }
}

/** By the case of ASCII alone, and never trimmed: `Reader` and `Reader` with a no-break space after it are two roles. */
export function sameRoleName(left: string, right: string): boolean {
  return sameText(left, right);
}

/** Several ids may end in one GUID: that is one role. */
export function lookupOf(hits: readonly AzureRoleDefinition[]): RoleLookup {
  const roles = [...new Map(hits.map((role) => [role.guid, role])).values()];
  const [role, ...more] = roles;
  if (!role) return { found: 'none' };
  return more.length === 0 ? { found: 'one', role } : { found: 'ambiguous', roles };
}

/** Whether two readings of a role say the same. The prefix of its id is no content, nor is any order. */
export function sameRole(left: AzureRoleDefinition, right: AzureRoleDefinition): boolean {
  return contentOf(left) === contentOf(right);
}

function contentOf({ guid, roleName, type, permissions, assignableScopes }: AzureRoleDefinition): string {
  const sets = permissions.map((set) => [
    set.actions.toSorted(),
    set.notActions.toSorted(),
    set.dataActions.toSorted(),
    set.notDataActions.toSorted(),
  ]);
  const ordered = sets.map((set) => JSON.stringify(set)).toSorted();
  return JSON.stringify([guid, roleName, type, ordered, assignableScopes.toSorted()]);
}

function readRoleName(roleName: string): string {
  if (roleName.trim() === '' || roleName.length > 512 || /\p{Cc}/u.test(roleName))
    throw new TypeError(`Expected the name of a role, got '${roleName.slice(0, 100)}'`);
  return roleName;
}

function readRole({ id, name, roleName, roleType, permissions, assignableScopes }: RoleDefinition) {
  if (!id || !name || !roleName)
    throw new AzureError({
      code: LOCAL_CODES.incomplete,
      message: `expected a role definition with id and name, got ${id ? `${id} without all of them` : 'none'}`,
    });
  return {
    id,
    guid: trailingGuid('the name of a role definition', name),
    roleName,
    type: roleType ?? '',
    permissions: (permissions ?? []).map((set) => ({
      actions: set.actions ?? [],
      notActions: set.notActions ?? [],
      dataActions: set.dataActions ?? [],
      notDataActions: set.notDataActions ?? [],
    })),
    assignableScopes: assignableScopes ?? [],
  } satisfies AzureRoleDefinition;
}
