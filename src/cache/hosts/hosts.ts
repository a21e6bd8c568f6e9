/**
 * Hosts: the providers' own bulk lists of the types in use. Never a list filtered by tag: Azure then leaves the tags
 * out (docs/azure-facts.md section 7).
 *
 * Costs with each resync: the pages of each list in use and one question for rights. Slots have a list per site: one
 * call for each site that an object named; a selector of slots costs the pages of all sites and one call for each of
 * them.
 *
 * A type that azid does not know is listed in the way that most providers have. As long as none came in, its area is
 * partial, and hosts that were read once are read again in slow rotation; so are those of a list that omits
 * identities.
 */
import type { CallContext } from '../../azure/arm/arm-calls.ts';
import { type AzureHost, isUniqueInstance, sameHost, sameHostInstance } from '../../azure/hosts/host.ts';
import type { Hosts } from '../../azure/hosts/hosts.ts';
import { asciiLower } from '../../azure/names/text.ts';
import type { Permissions } from '../../azure/permissions.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import type { AzureCache } from '../azure-cache.ts';
import type { CacheDefinition } from '../definition.ts';
import { areaOfHost, isAllSlots, parseHostArea } from './area.ts';
import { HostListings } from './listing.ts';

interface HostQueries {
  /** All that are held to carry this user-assigned identity, dead entries included. Any spelling of its id's key. */
  readonly identity: string;
  /** Under which ids this very resource is held to be there: two only while it is moved. */
  readonly instance: string;
  /** Whose system-assigned identity has this principal. Two only while one of them is gone and not yet known to be. */
  readonly principal: string;
}

/** Areas are those of `hostArea` and `areaOfHost`. */
export type HostCache = AzureCache<AzureHost, HostQueries>;

export interface HostSources {
  readonly hosts: Pick<Hosts, 'get' | 'list' | 'listSlots' | 'observedBy'>;
  readonly permissions: Pick<Permissions, 'at'>;
  readonly clock: Clock;
  /** Ends what several lists share. */
  readonly signal: AbortSignal;
  /** API version of a type that azid does not know, as objects give it; undefined for the types of the table. */
  readonly apiVersionOf?: ((type: string) => string | undefined) | undefined;
}

export function hostDefinition(sources: HostSources): CacheDefinition<AzureHost, HostQueries> {
  const { hosts, apiVersionOf } = sources;
  const read = (id: string, context: CallContext) => {
    const apiVersion = apiVersionOf?.(parseHostArea(areaOfHost(id)).type);
    return hosts.get(id, context, apiVersion === undefined ? {} : { apiVersion });
  };
  const listings = new HostListings({ ...sources, read });
  return {
    name: 'hosts',
    plural: 'resources',
    indexes: {
      identity: {
        termsOf: ({ identity }) => identity.userAssigned.map(({ key }) => key),
        termsFor: (identityKey) => [asciiLower(identityKey)],
      },
      instance: {
        termsOf: ({ instance }) => (isUniqueInstance(instance) ? [instance] : []),
        termsFor: (instance) => [instance],
      },
      principal: {
        termsOf: ({ identity: { principalId } }) =>
          principalId === undefined ? [] : [principalId.toLowerCase()],
        termsFor: (principalId) => [asciiLower(principalId)],
      },
    },
    areaOf: areaOfHost,
    standsFor(area) {
      const all = parseHostArea(area);
      if (!isAllSlots(all)) return undefined;
      return (other) => {
        const { siteId, subscriptionId } = parseHostArea(other);
        return siteId !== undefined && subscriptionId === all.subscriptionId;
      };
    },
    describe(area) {
      const { subscriptionId, type, siteId } = parseHostArea(area);
      return `list of ${type} in ${siteId ?? `subscription ${subscriptionId}`}`;
    },
    placeOf(area) {
      const { subscriptionId, type } = parseHostArea(area);
      return { subscription: subscriptionId.toLowerCase(), part: type.toLowerCase() };
    },
    sameContent: sameHost,
    sameInstance: sameHostInstance,
    read,
    list: (area, context, held) => listings.pages(area, context, held),
    missingRight: (area, signal) => listings.missingRight(area, signal),
    mayHaveNoList: (area) => apiVersionOf?.(parseHostArea(area).type) !== undefined,
    observedBy: (observer) => hosts.observedBy(observer),
  };
}
