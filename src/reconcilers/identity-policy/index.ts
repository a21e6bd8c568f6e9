import { type IdentityPolicy, identityPolicy } from '../../api/identity-policy.ts';
import type { ManagedObject } from '../../api/schema/common.ts';
import type { RoleNames } from '../../cache/roles/names.ts';
import { isBuiltIn, roleNamesOf } from '../../policy/judge.ts';
import { factsOf } from '../../policy/selection.ts';
import type { KindDefinition } from '../definition.ts';
import type { ReconcileContext } from '../kind.ts';
import { failureOf } from '../status/failure.ts';
import { decide, type PolicyFacts, type PolicyStatus } from './decide.ts';
import { store } from './store.ts';
import { watches } from './watches.ts';

/** IdentityPolicy is judged, not carried out: its status says what it selects, whom it contradicts, and what names nothing. */
export const identityPolicyKind: KindDefinition<
  IdentityPolicy & ManagedObject,
  PolicyFacts,
  { readonly type: never },
  PolicyStatus
> = {
  name: 'identitypolicy',
  resource: identityPolicy.resource,
  status: identityPolicy.status,
  store,
  watches,
  decide,
  start: ({ stores: { policies, namespaces }, roleNames }) => ({
    observe: async (policy, context) => ({
      policies: policies.values(),
      namespaces: namespaces.values().map(factsOf),
      ...(await rolesFor(policy, context, roleNames)),
    }),
    perform: async () => ({}),
  }),
};

/** Nothing is asked while what is known already has all the names. */
async function rolesFor(
  { spec }: IdentityPolicy,
  context: ReconcileContext,
  roleNames: Pick<RoleNames, 'known' | 'all'>,
): Promise<Pick<PolicyFacts, 'roles' | 'rolesUnread'>> {
  const names = roleNamesOf(spec);
  const known = roleNames.known();
  if (names.every((name) => isBuiltIn(name, known))) return { roles: known };
  const scope = spec.grants?.[0]?.scopes[0] ?? '/';
  try {
    return { roles: await roleNames.all(scope, context) };
  } catch (error) {
    const failure = failureOf(error);
    if (failure) return { rolesUnread: `the roles at ${scope} cannot be read: ${failure.message}` };
    if (error instanceof TypeError) return { rolesUnread: error.message };
    throw error;
  }
}
