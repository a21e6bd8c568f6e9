import type { IdentityPolicy } from '../../api/identity-policy.ts';
import type { RoleNames } from '../../cache/roles/names.ts';
import { isBuiltIn, roleNamesOf } from '../../policy/judge.ts';
import { factsOf } from '../../policy/selection.ts';
import type { ReconcileContext } from '../kind.ts';
import { failureOf } from '../status/failure.ts';
import type { Stores } from '../stores.ts';
import type { PolicyFacts } from './decide.ts';

export interface ObserveDeps {
  readonly stores: Pick<Stores, 'policies' | 'namespaces'>;
  readonly roleNames: Pick<RoleNames, 'known' | 'all'>;
}

/** All policies and namespaces, and the names of roles that there are, as far as the policy needs them. */
export async function observe(
  policy: IdentityPolicy,
  context: ReconcileContext,
  { stores: { policies, namespaces }, roleNames }: ObserveDeps,
): Promise<PolicyFacts> {
  return {
    policies: policies.values(),
    namespaces: namespaces.values().map(factsOf),
    ...(await rolesFor(policy, context, roleNames)),
  };
}

/** Nothing is asked while what is known already has all the names. */
async function rolesFor(
  { spec }: IdentityPolicy,
  context: ReconcileContext,
  roleNames: ObserveDeps['roleNames'],
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
