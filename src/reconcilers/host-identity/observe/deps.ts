import type { AzureCaller } from '../../../azure/arm/caller.ts';
import type { AreasInUse } from '../../../cache/lists/areas-in-use.ts';
import type { HostClaimsDeps } from '../../hosts/claims/on-host.ts';
import type { PollDeps } from '../operation/poll.ts';
import type { MoveDeps } from '../repair/moved.ts';
import type { ObservedDeps } from './host.ts';
import type { ObservedIdentities } from './identities.ts';

/** What the reading of a host uses. */
export interface ObserveDeps
  extends ObservedDeps,
    PollDeps,
    Omit<HostClaimsDeps, 'knowsType' | 'typeOf' | 'formerly'>,
    Omit<MoveDeps, 'stores' | 'hostCache'> {
  readonly hostCache: ObservedDeps['hostCache'] & MoveDeps['hostCache'];
  readonly stores: HostClaimsDeps['stores'] & MoveDeps['stores'];
  readonly hosts: ObservedDeps['hosts'] & PollDeps['hosts'];
  readonly areas: Pick<AreasInUse, 'use'>;
  readonly observed: ObservedIdentities;
  /** azid's own identity; rejects while Azure gives no token. */
  readonly whoAmI: (signal: AbortSignal) => Promise<AzureCaller>;
  /** API version of a type that azid does not know, as any object gives it. */
  readonly apiVersionOf?: (type: string) => string | undefined;
}
