import { type IdentityPolicy, identityPolicy } from '../../api/identity-policy.ts';
import type { ManagedObject } from '../../api/schema/common.ts';
import type { KindDefinition } from '../definition.ts';
import { decide, type PolicyFacts, type PolicyStatus } from './decide.ts';
import { observe } from './observe.ts';
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
  start: (services) => ({
    observe: (policy, context) => observe(policy, context, services),
    perform: async () => ({}),
  }),
};
