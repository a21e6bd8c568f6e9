import type { AzureCaller } from '../../../azure/arm/caller.ts';
import type { Identities } from '../../../azure/identities.ts';
import type { IdentityCache } from '../../../cache/identities.ts';
import type { KubeClient } from '../../../kube/client.ts';
import type { Clock } from '../../../runtime/time/clock.ts';
import type { Elapsed } from '../../../runtime/time/elapsed.ts';
import type { LateWrites, OwnWrites } from '../../own-writes.ts';
import type { IdentityProofs } from '../../proof/identity-proofs.ts';
import type { RecordedPrincipals } from '../../proof/recorded-principals.ts';
import type { Dependents } from '../../services.ts';
import type { Stores } from '../../stores.ts';

/** What observing an identity needs of the rest of azid. */
export interface ObserveDeps {
  readonly stores: Stores;
  readonly client: KubeClient;
  readonly identities: Pick<Identities, 'get'>;
  readonly identityCache: Pick<
    IdentityCache,
    'observe' | 'loading' | 'byIndex' | 'completeness' | 'age' | 'whenLoaded'
  >;
  readonly subscriptions: Pick<IdentityCache, 'use'>;
  readonly clock: Clock;
  readonly installationId: string;
  readonly azidNamespace: string;
  readonly dependents: Dependents;
  /** Whose an identity is, as Azure proves it. */
  readonly proofs: Pick<
    IdentityProofs,
    'observe' | 'prove' | 'meet' | 'searched' | 'wasSearched' | 'disputed'
  >;
  readonly principals: Pick<RecordedPrincipals, 'of' | 'lastOf' | 'holdersOf' | 'shown'>;
  /** azid's own identity; rejects while Azure gives no token. */
  readonly whoAmI: (signal: AbortSignal) => Promise<AzureCaller>;
  /** The end of a creation that this process began is known to the cache, so no process's death hides it. */
  readonly ownWrites: Pick<OwnWrites, 'hasBegun'>;
  readonly azureLagMs: number;
  readonly lateWrites: Pick<LateWrites, 'openMs'>;
  readonly releaseAfterMs: number;
  readonly elapsed: Pick<Elapsed, 'since'>;
}
