/** The lists of hosts, and what shows that nothing was left out of them (docs/azure-facts.md section 7, "Listing hosts"). */
import type { CallContext } from '../../azure/arm/arm-calls.ts';
import { classify } from '../../azure/arm/classify.ts';
import { capabilityOf } from '../../azure/hosts/capabilities.ts';
import { type AzureHost, sameHostInstance } from '../../azure/hosts/host.ts';
import type { HostPage, Hosts } from '../../azure/hosts/hosts.ts';
import { ifParsed } from '../../azure/names/resource-id.ts';
import type { Permissions, Rights } from '../../azure/permissions.ts';
import { unlessAborted } from '../../runtime/time/bounded-waits.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import type { Held } from '../definition.ts';
import type { Page } from '../lists/listing.ts';
import { RESYNC } from '../schedule/list-loop.ts';
import { areaOfHost, type HostArea, isAllSlots, parseHostArea, SITE_TYPE, slotsArea } from './area.ts';

interface HostListingOptions {
  readonly hosts: Pick<Hosts, 'list' | 'listSlots'>;
  readonly permissions: Pick<Permissions, 'at'>;
  readonly clock: Clock;
  /** Ends what several lists share. */
  readonly signal: AbortSignal;
  /** Of a type that azid does not know. */
  readonly apiVersionOf?: ((type: string) => string | undefined) | undefined;
  /** A live GET. */
  read(id: string, context: CallContext): Promise<unknown>;
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

  /** Hosts of the type; of the area that stands for all slots only the sites that may have some, as areas beneath it. */
  async *pages(area: string, context: CallContext, held: Held<AzureHost>): AsyncGenerator<Page<AzureHost>> {
    const parsed = parseHostArea(area);
    if (isAllSlots(parsed)) {
      for await (const { hosts, requestedAt } of this.#ask({ ...parsed, type: SITE_TYPE }, context))
        yield { found: [], requestedAt, areas: hosts.map(({ id }) => slotsArea(id)) };
      return;
    }
    const shown: HostPage[] = [];
    for await (const { hosts, requestedAt } of this.#ask(parsed, context))
      shown.push({ hosts: hosts.filter(({ id }) => homeOf(id) === area), requestedAt });
    const { pages, leftOut } = await this.#checked(shown, context, held);
    const ids = leftOut.map(({ id }) => id);
    for (const { hosts, requestedAt } of pages) yield { found: hosts, requestedAt };
    if (ids.length > 0) yield { found: [], requestedAt: pages[0]?.requestedAt ?? 0, leftOut: ids };
  }

  /** `undefined` if azid's right to read all of an area was confirmed, else what is missing. */
  async missingRight(area: string, signal: AbortSignal): Promise<string | undefined> {
    const parsed = parseHostArea(area);
    const { subscriptionId, siteId } = parsed;
    const type = isAllSlots(parsed) ? SITE_TYPE : parsed.type;
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

  #checked(pages: readonly HostPage[], { signal }: CallContext, held: Held<AzureHost>): Promise<CheckedList> {
    const present = (id: string) => held.present(id);
    return checkOmissions(pages, present, async (id) => {
      try {
        await this.#options.read(id, { priority: 'resync', signal });
      } catch (error) {
        if (signal?.aborted) throw error;
        return UNREAD;
      }
      return present(id);
    });
  }

  async *#ask({ subscriptionId, type, siteId }: HostArea, context: CallContext): AsyncGenerator<HostPage> {
    const { hosts, clock, apiVersionOf } = this.#options;
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

/** Undefined for an id that azid cannot read: one such resource must not make the list fail for all. */
function homeOf(id: string): string | undefined {
  return ifParsed(() => areaOfHost(id));
}

/** What a read came to that failed. */
export const UNREAD = 'unread';

/** So many hosts that really lost all their identities are read before the list is believed. */
const MAX_READS = 5;

interface CheckedList {
  /** With the identities that are held, for the hosts whose identities the list omits. */
  readonly pages: readonly HostPage[];
  /** Those whose identities the list omits. */
  readonly leftOut: readonly AzureHost[];
}

/**
 * That every provider fills `identity` in lists is unsure (docs/azure-facts.md section 7). A list that shows not one identity,
 * although hosts are held to have some, is checked by a GET: if that shows an identity, the list leaves them out, and what
 * is held of these hosts' identities stays. Checked anew with each list, for one GET while it stays so.
 *
 * @param held what is held to be there
 * @param read a live GET, and what is held after it. One that cannot be read must not keep the list of all others from being
 *   believed; if none of them can, what is held stays
 */
export async function checkOmissions(
  pages: readonly HostPage[],
  held: (id: string) => AzureHost | undefined,
  read: (id: string) => Promise<AzureHost | undefined | typeof UNREAD>,
): Promise<CheckedList> {
  const asShown = { pages, leftOut: [] };
  const all = pages.flatMap(({ hosts }) => hosts);
  if (all.some(carries)) return asShown;
  const doubtful = all.filter((host) => keptFor(host, held(host.id)) !== undefined);
  let leavesOut = doubtful.length > 0;
  for (const host of doubtful.slice(0, MAX_READS)) {
    const found = await read(host.id);
    if (found === UNREAD) continue;
    leavesOut = keptFor(host, found) !== undefined;
    if (leavesOut) break;
  }
  if (!leavesOut) return asShown;
  const completed = pages.map(({ hosts, requestedAt }) => ({
    requestedAt,
    hosts: hosts.map((host) => {
      const identity = keptFor(host, held(host.id));
      return identity ? { ...host, identity } : host;
    }),
  }));
  return { pages: completed, leftOut: completed.flatMap(({ hosts }) => hosts).filter(carries) };
}

/** Of one that was made again nothing is kept. */
function keptFor(host: AzureHost, before: AzureHost | undefined): AzureHost['identity'] | undefined {
  return before && carries(before) && sameHostInstance(before, host) ? before.identity : undefined;
}

function carries({ identity }: AzureHost): boolean {
  return identity.system || identity.userAssigned.length > 0 || identity.unknownType !== undefined;
}
