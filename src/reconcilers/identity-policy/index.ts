import type { ManagedObject } from '../../api/common.ts';
import { type IdentityPolicy, identityPolicy } from '../../api/identity-policy.ts';
import { factsOf } from '../../policy/selection.ts';
import type { Kind } from '../kind.ts';
import type { Stores } from '../stores.ts';
import { decide, type PolicyFacts, type PolicyStatus } from './decide.ts';

/** IdentityPolicy is judged, not carried out: its status says what it selects and whom it contradicts. */
export type IdentityPolicyKind = Kind<
  IdentityPolicy & ManagedObject,
  PolicyFacts,
  { readonly type: never },
  PolicyStatus
>;

export function identityPolicyKind(stores: Pick<Stores, 'policies' | 'namespaces'>): IdentityPolicyKind {
  return {
    name: 'identitypolicy',
    resource: identityPolicy.resource,
    gather: async () => ({
      policies: stores.policies.values(),
      namespaces: stores.namespaces.values().map(factsOf),
    }),
    decide,
    perform: async () => ({}),
  };
}
