import type { CallContext } from '../../azure/arm/arm-calls.ts';
import type { Hosts } from '../../azure/hosts/hosts.ts';
import { hostTypeOf } from '../../azure/hosts/types/capabilities.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import type { HostCache } from '../../cache/hosts/hosts.ts';
import type { ObservedSystemIdentity } from '../proof/system-identity.ts';
import { INDEX } from '../stores.ts';
import { apiVersionOf } from './api-version.ts';

interface SystemIdentityDeps {
  readonly hosts: Pick<Hosts, 'get'>;
  readonly hostCache: Pick<HostCache, 'observe'>;
  readonly stores: Parameters<typeof apiVersionOf>[1];
}

/** A resource's own identity as Azure answers now; whether its absence is proven follows from the cache. */
export async function systemIdentityNow(
  hostId: string,
  context: CallContext,
  { hosts, hostCache, stores }: SystemIdentityDeps,
): Promise<ObservedSystemIdentity> {
  const apiVersion = apiVersionOf(hostTypeOf(hostId), stores);
  const got = await hosts.get(hostId, context, { apiVersion });
  if (!got.found) return { found: false, conclusive: hostCache.observe(hostId).state === 'absent' };
  const { system, principalId } = got.host.identity;
  if (principalId !== undefined) return { found: true, principalId };
  // While a write is under way it may just be coming.
  const [ledger] = stores.hosts.byIndex(INDEX.host, armKey(hostId));
  const { operation, writeStartedAt } = ledger?.status ?? {};
  return { found: false, conclusive: !system && operation === undefined && writeStartedAt === undefined };
}
