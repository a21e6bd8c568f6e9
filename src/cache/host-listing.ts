/** The lists of hosts, and what shows that nothing was left out of them (docs/azure-facts.md section 7, "Listing hosts"). */
import { classify } from '../azure/classify.ts';
import { capabilityOf } from '../azure/hosts/capabilities.ts';
import type { AzureHost } from '../azure/hosts/host.ts';
import type { HostPage, Hosts } from '../azure/hosts/hosts.ts';
import type { Permissions, Rights } from '../azure/permissions.ts';
import type { Clock } from '../runtime/clock.ts';
import { areaOfHost, type HostArea, isAllSlots, parseHostArea, SITE_TYPE } from './host-area.ts';
import type { Listing } from './list-watch.ts';
import { RESYNC } from './resync.ts';
import { unlessAborted } from './unless-aborted.ts';

export interface HostListingOptions {
  readonly hosts: Pick<Hosts, 'list' | 'listSlots'>;
  readonly permissions: Pick<Permissions, 'at'>;
  readonly clock: Clock;
  /** Ends what several lists share. */
  readonly signal: AbortSignal;
  /** Of a type that azid does not know. */
  readonly apiVersionOf?: ((type: string) => string | undefined) | undefined;
  /** Completes what a whole list of an area said: see `HostSight`. */
  see(area: string, pages: readonly HostPage[], signal: AbortSignal): Promise<readonly HostPage[]>;
}

/** How long the rights at a subscription answer for each of its sites, ms: else each list of slots cost two calls. */
const RIGHTS_KEPT_MS = RESYNC.everyMs;

export class HostListings {
  readonly #options: HostListingOptions;
  /** By subscription id. */
  readonly #rights = new Map<string, { readonly at: number; readonly rights: Promise<Rights> }>();

  constructor(options: HostListingOptions) {
    this.#options = options;
  }

  /** Hosts of the type; of the area that stands for all slots the sites that may have some. */
  of(area: string): Listing<AzureHost> {
    const parsed = parseHostArea(area);
    const shows = isAllSlots(parsed) ? { ...parsed, type: SITE_TYPE } : parsed;
    return {
      pages: (signal) => this.#pages(area, parsed, shows, signal),
      missingRight: (signal) => this.#missingRight(shows, signal),
    };
  }

  async *#pages(
    area: string,
    parsed: HostArea,
    shows: HostArea,
    signal: AbortSignal,
  ): AsyncGenerator<{ readonly things: readonly AzureHost[]; readonly requestedAt: number }> {
    const pages: HostPage[] = [];
    for await (const page of this.#ask(shows, signal)) pages.push(page);
    const home = isAllSlots(parsed) ? undefined : area;
    const own = pages.map(({ hosts, requestedAt }) => ({
      hosts: hosts.filter(({ id }) => home === undefined || homeOf(id) === home),
      requestedAt,
    }));
    const seen = home === undefined ? own : await this.#options.see(area, own, signal);
    for (const { hosts, requestedAt } of seen) yield { things: hosts, requestedAt };
  }

  async *#ask({ subscriptionId, type, siteId }: HostArea, signal: AbortSignal): AsyncGenerator<HostPage> {
    const { hosts, clock, apiVersionOf } = this.#options;
    const context = { priority: 'resync', signal } as const;
    if (siteId === undefined) {
      const apiVersion = apiVersionOf?.(type);
      yield* hosts.list(subscriptionId, type, context, apiVersion === undefined ? {} : { apiVersion });
      return;
    }
    const requestedAt = clock.monotonic();
    try {
      yield* hosts.listSlots(siteId, context);
    } catch (error) {
      // No site, no slots: those that were there are missed by the list and asked for.
      const found = classify(error);
      if (found.kind !== 'notFound' || found.what === 'subscription') throw error;
      yield { hosts: [], requestedAt };
    }
  }

  async #missingRight(
    { subscriptionId, type, siteId }: HostArea,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const action = `${capabilityOf(type)?.type ?? type}/read`;
    const { permissions } = this.#options;
    const scope = `/subscriptions/${subscriptionId}`;
    const context = { priority: 'resync', signal } as const;
    if (siteId === undefined) {
      if ((await permissions.at(scope, context)).allows(action)) return undefined;
      return `azid has no right to ${action} at the whole subscription, so lists may leave resources out`;
    }
    if ((await this.#rightsAt(scope, signal)).allows(action)) return undefined;
    if ((await permissions.at(siteId, context)).allows(action)) return undefined;
    return `azid has no right to ${action} at ${siteId}, so its list may leave slots out`;
  }

  #rightsAt(scope: string, signal: AbortSignal): Promise<Rights> {
    const { permissions, clock, signal: stopping } = this.#options;
    const now = clock.monotonic();
    let known = this.#rights.get(scope);
    if (!known || now >= known.at + RIGHTS_KEPT_MS) {
      const entry = { at: now, rights: permissions.at(scope, { priority: 'resync', signal: stopping }) };
      for (const [each, { at }] of this.#rights) if (now >= at + RIGHTS_KEPT_MS) this.#rights.delete(each);
      this.#rights.set(scope, entry);
      entry.rights.catch(() => {
        if (this.#rights.get(scope) === entry) this.#rights.delete(scope); // A failure is no answer for others.
      });
      known = entry;
    }
    return unlessAborted(known.rights, signal);
  }
}

/** Undefined for an id that azid cannot read: somebody's odd resource must not make the list fail for all. */
function homeOf(id: string): string | undefined {
  try {
    return areaOfHost(id);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
