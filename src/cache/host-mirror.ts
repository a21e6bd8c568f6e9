/**
 * The watched picture of hosts: the providers' own bulk lists of the types in use, live GETs and our own writes, merged
 * by the rules of `merge.ts`. Never a list filtered by tag: Azure then leaves the tags out (docs/azure-facts.md section 7).
 *
 * Costs with each resync: the pages of each list in use and one question for rights. Slots have a list per site: one
 * call for each site that somebody named; a selector of slots costs the pages of all sites and one call for each of them.
 *
 * A type that azid does not know is listed in the way that most providers have. As long as none came in, its area is
 * partial, and hosts that were read once are read again in slow rotation; so are those of a list that does not tell
 * identities.
 */
import type { CallContext } from '../azure/arm-calls.ts';
import { asciiLower } from '../azure/ascii.ts';
import type { AzureHost } from '../azure/hosts/host.ts';
import type { HostObserver, HostPage, Hosts } from '../azure/hosts/hosts.ts';
import { isUniqueInstance } from '../azure/hosts/instance.ts';
import type { Permissions } from '../azure/permissions.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Priority } from '../runtime/outcome.ts';
import { Areas } from './areas.ts';
import { type CachePart, joined } from './cache-part.ts';
import type { Completeness } from './completeness.ts';
import type { Observation } from './entry.ts';
import { areaOfHost, hostArea, isAllSlots, parseHostArea } from './host-area.ts';
import { sameHost, sameHostInstance } from './host-content.ts';
import { HostListings } from './host-listing.ts';
import { HostRounds } from './host-rounds.ts';
import { judgeSight, UNREAD } from './host-sight.ts';
import { HostSites } from './host-sites.ts';
import { KeyIndex } from './key-index.ts';
import type { CompletedList } from './list-watch.ts';
import { ABSENCE_KEPT_MS } from './merge.ts';
import { type ChangeListener, Picture } from './picture.ts';
import type { ResyncOptions } from './resync.ts';

export interface HostMirrorOptions {
  readonly hosts: Pick<Hosts, 'get' | 'list' | 'listSlots' | 'observedBy'>;
  readonly permissions: Pick<Permissions, 'at'>;
  readonly clock: Clock;
  /** Stops lists and looks. */
  readonly signal: AbortSignal;
  /** 0 <= random() < 1; default `Math.random`. */
  readonly random?: () => number;
  /** How long Azure may show what was before a write. Default 2 min. */
  readonly lagMs?: number;
  /** Default every 10 min. */
  readonly resync?: Partial<ResyncOptions>;
  /** API version of a type that azid does not know, as objects give it; undefined for the types of the table. */
  readonly apiVersionOf?: (type: string) => string | undefined;
  /** A list failed; it is tried again. For the log. */
  readonly onListFailure?: (area: string, error: unknown) => void;
}

/** Areas are those of `hostArea` and `areaOfHost`. */
export class HostMirror implements HostObserver {
  readonly #options: HostMirrorOptions;
  readonly #picture: Picture<AzureHost>;
  readonly #areas: Areas<AzureHost>;
  readonly #listings: HostListings;
  readonly #rounds: HostRounds;
  readonly #sites = new HostSites();
  #prunedAt: number;
  readonly #used = new Set<string>();
  /** Areas whose last list did not tell identities. */
  readonly #blind = new Set<string>();
  readonly #byIdentity = new KeyIndex<AzureHost>(({ identity }) =>
    identity.userAssigned.map(({ key }) => key),
  );
  readonly #byInstance = new KeyIndex<AzureHost>(({ instance }) =>
    isUniqueInstance(instance) ? [instance] : [],
  );
  readonly #byPrincipal = new KeyIndex<AzureHost>(({ identity: { principalId } }) =>
    principalId === undefined ? [] : [principalId.toLowerCase()],
  );

  constructor(options: HostMirrorOptions) {
    this.#options = options;
    this.#prunedAt = options.clock.monotonic();
    const { clock, signal, hosts, permissions, lagMs, random, resync, apiVersionOf } = options;
    this.#picture = new Picture({
      clock,
      signal,
      lagMs,
      what: 'resources',
      sameContent: sameHost,
      sameInstance: sameHostInstance,
      areaOf: areaOfHost,
      get: (id, priority, stop) => this.#get(id, { priority, signal: stop }),
      reindex: (before, after) => {
        this.#byIdentity.replace(before, after);
        this.#byPrincipal.replace(before, after);
        this.#byInstance.replace(before, after);
      },
    });
    this.#areas = new Areas({
      clock,
      signal,
      random,
      resync,
      accept: (area, list, stop) => this.#accept(area, list, stop),
    });
    this.#listings = new HostListings({
      hosts,
      permissions,
      clock,
      signal,
      apiVersionOf,
      see: (area, pages, stop) => this.#see(area, pages, stop),
    });
    this.#rounds = new HostRounds({ clock, read: (id) => this.#get(id, { priority: 'resync', signal }) });
    hosts.observedBy(this);
    signal.addEventListener('abort', () => void this.stop(), { once: true });
  }

  /** Somebody needs this area: its lists start, unless they run already. Who counts users does so outside. */
  use(area: string): void {
    const { siteId } = parseHostArea(area);
    this.#used.add(area);
    if (siteId !== undefined) this.#sites.name(area);
    this.#list(area);
  }

  /** Nobody needs it any more: its lists end, and what is known of it is forgotten. */
  release(area: string): void {
    const parsed = parseHostArea(area);
    if (!this.#used.delete(area)) return;
    if (parsed.siteId !== undefined && !this.#sites.unname(area)) return;
    this.#end(area);
    if (isAllSlots(parsed)) for (const each of this.#sites.drop(area)) this.#end(each);
  }

  /** What is held of this host now. Costs nothing. */
  observe(id: string): Observation<AzureHost> {
    const seen = this.#picture.observe(id);
    // Where no list would show that it was made again, its absence is asked for anew after a while.
    const stale =
      seen?.state === 'absent' && seen.ageMs > ABSENCE_KEPT_MS && !this.#areas.listed(areaOfHost(id));
    if (seen && !stale) return seen;
    return { state: this.#areas.listed(areaOfHost(id)) ? 'suspectAbsent' : 'unknown' };
  }

  /** A live GET, merged. Within the lag of an own write its 404 is no proof, and what was written is still told. */
  async refresh(
    id: string,
    priority: Priority,
    of: Omit<CallContext, 'priority'> = {},
  ): Promise<Observation<AzureHost>> {
    await this.#get(id, { ...of, priority });
    return this.observe(id);
  }

  /** Something said that this host changed: looked at soon, whether true or not. The door for events. */
  suspect(id: string): void {
    this.#picture.suspect(id);
  }

  /** All hosts of a type that are held to be there in a subscription; slots as far as their sites' lists are in use. */
  present(subscriptionId: string, type: string): AzureHost[] {
    const area = hostArea(subscriptionId, type);
    return this.#homesOf(area).flatMap((home) => this.#picture.presentIn(home));
  }

  /** All that are held to carry this user-assigned identity, dead entries included. Any spelling of its id's key. */
  withIdentity(identityKey: string): AzureHost[] {
    return this.#held(this.#byIdentity.find(asciiLower(identityKey)));
  }

  /** Under which ids this very resource is held to be there: two only while it is moved. */
  withInstance(instance: string): AzureHost[] {
    return this.#held(this.#byInstance.find(instance));
  }

  /** Whose system-assigned identity has this principal. Two only while one of them is gone and not yet known to be. */
  ofPrincipal(principalId: string): AzureHost[] {
    return this.#held(this.#byPrincipal.find(asciiLower(principalId)));
  }

  /** Resolves with the first whole list of an area in use; of all slots, with those of all sites. */
  async whenLoaded(area: string, signal?: AbortSignal): Promise<void> {
    await this.#areas.whenLoaded(area, nameOf(area), signal);
    // A site that goes meanwhile ends its list; that of the area itself was whole.
    const sites = this.#sites.foundBy(area).map((each) => this.#areas.whenLoaded(each, nameOf(each), signal));
    if (sites.length === 0) return;
    await Promise.allSettled(sites);
    await this.#areas.whenLoaded(area, nameOf(area), signal);
  }

  /** The first list is under way: soon much will be known at once. False once it ended or failed. */
  loading(area: string): boolean {
    return this.#listsOf(area).some((each) => this.#areas.loading(each));
  }

  completeness(area: string): Completeness {
    let oldest: Completeness | undefined;
    for (const each of this.#listsOf(area)) {
      const completeness = this.#areas.completeness(each, nameOf(each));
      if (completeness.state === 'partial') return completeness;
      if (!oldest || (oldest.state === 'complete' && completeness.at < oldest.at)) oldest = completeness;
    }
    return oldest ?? this.#areas.completeness(area, nameOf(area));
  }

  /** Ms since the last whole list began, the oldest where there are several; undefined before the first. */
  age(area: string): number | undefined {
    const ages = this.#listsOf(area).map((each) => this.#areas.age(each));
    return ages.some((age) => age === undefined) ? undefined : Math.max(...ages.map((age) => age ?? 0));
  }

  /** How the lists of each type in each subscription stand. */
  parts(): readonly CachePart[] {
    return joined(
      [...this.#used].map((area) => {
        const { subscriptionId, type } = parseHostArea(area);
        return {
          cache: 'hosts',
          subscription: subscriptionId.toLowerCase(),
          part: type.toLowerCase(),
          ageMs: this.age(area),
          entries: this.#homesOf(area).reduce((sum, home) => sum + this.#picture.countIn(home), 0),
          partial: this.completeness(area).state === 'partial',
        };
      }),
    );
  }

  resyncNow(area: string): void {
    for (const each of this.#listsOf(area)) this.#areas.resyncNow(each);
  }

  /** Hears of each host whose content or presence changed, by its key, suspicions included; not of mere refreshes. */
  onChange(listener: ChangeListener): Disposable {
    return this.#picture.onChange(listener);
  }

  /** Ends lists and looks and waits for what is under way. The signal does the same without the waiting. */
  async stop(): Promise<void> {
    await Promise.all([this.#areas.stop(), this.#picture.stop(), this.#rounds.stop()]);
  }

  noteGet(id: string, found: AzureHost | undefined, requestedAt: number): void {
    const area = areaOfHost(id);
    if (found) this.#noteRead(found);
    else this.#rounds.leave(parseHostArea(area).subscriptionId, area, id);
    this.#picture.noteGet(id, found, requestedAt);
    this.#prune();
  }

  /** How much is held, and is read again by itself: so that a test sees that it does not grow without end. */
  get sizes(): { readonly held: number; readonly inRotation: number } {
    return { held: this.#picture.size, inRotation: this.#rounds.size };
  }

  noteWrite(host: AzureHost): void {
    this.#noteRead(host);
    this.#picture.noteWrite(host);
  }

  noteWriteAttempt(id: string): void {
    this.#picture.noteWriteAttempt(id);
  }

  /** A list ends what is gone; of types that no list tells of, and of places that nobody uses, time does. */
  #prune(): void {
    const now = this.#options.clock.monotonic();
    if (now < this.#prunedAt + ABSENCE_KEPT_MS / 4) return;
    this.#prunedAt = now;
    this.#picture.prune(
      now - ABSENCE_KEPT_MS,
      (area) => this.#areas.listed(area),
      (area) => this.#used.has(area),
    );
  }

  #get(id: string, context: CallContext): Promise<unknown> {
    const apiVersion = this.#options.apiVersionOf?.(parseHostArea(areaOfHost(id)).type);
    return this.#options.hosts.get(id, context, apiVersion === undefined ? {} : { apiVersion });
  }

  #list(area: string): void {
    const { onListFailure } = this.#options;
    this.#areas.use(area, this.#listings.of(area), (error) => onListFailure?.(area, error));
  }

  #end(area: string): void {
    this.#blind.delete(area);
    this.#rounds.drop(parseHostArea(area).subscriptionId, area);
    if (this.#areas.release(area)) this.#picture.forget(area);
  }

  async #accept(
    area: string,
    list: CompletedList<AzureHost>,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    if (!isAllSlots(parseHostArea(area))) return await this.#picture.accept(area, list, signal);
    if (signal.aborted) return 'stopped';
    const sites = list.found.map(({ thing }) => thing.id);
    const found = this.#sites.list(area, sites, (each) => this.#picture.presentIn(each).length > 0);
    for (const each of found.wanted) this.#list(each);
    for (const each of found.unwanted) this.#end(each);
    const [missing] = found.missing;
    return missing && `the list lacks ${parseHostArea(missing).siteId}, whose slots were there lately`;
  }

  async #see(area: string, pages: readonly HostPage[], signal: AbortSignal): Promise<readonly HostPage[]> {
    const held = (id: string) => this.#picture.present(id);
    const sight = await judgeSight(pages, held, async (id) => {
      try {
        await this.#get(id, { priority: 'resync', signal });
      } catch (error) {
        if (signal.aborted) throw error;
        return UNREAD;
      }
      return held(id);
    });
    if (signal.aborted) return sight.pages; // Released meanwhile.
    const { subscriptionId } = parseHostArea(area);
    if (sight.blind) {
      this.#blind.add(area);
      for (const { id } of sight.unseen) this.#rounds.join(subscriptionId, area, id);
    } else {
      this.#blind.delete(area);
      this.#rounds.drop(subscriptionId, area);
    }
    return sight.pages;
  }

  /** What no list tells joins the rotation, or waits for its next turn. */
  #noteRead({ id }: AzureHost): void {
    const area = areaOfHost(id);
    const { subscriptionId, type } = parseHostArea(area);
    const unlisted = this.#options.apiVersionOf?.(type) !== undefined && !this.#areas.listed(area);
    if (this.#used.has(area) && (unlisted || this.#blind.has(area)))
      this.#rounds.wasRead(subscriptionId, area, id);
  }

  #held(keys: readonly string[]): AzureHost[] {
    return keys.map((key) => this.#picture.present(key)).filter((each) => each !== undefined);
  }

  /** Where hosts of an area are at home in the picture. */
  #homesOf(area: string): readonly string[] {
    const parsed = parseHostArea(area);
    if (!isAllSlots(parsed)) return [area];
    return this.#sites.areas.filter((each) => parseHostArea(each).subscriptionId === parsed.subscriptionId);
  }

  /** The lists that together show an area. */
  #listsOf(area: string): readonly string[] {
    return [area, ...this.#sites.foundBy(area)];
  }
}

function nameOf(area: string): string {
  const { subscriptionId, type, siteId } = parseHostArea(area);
  return `list of ${type} in ${siteId ?? `subscription ${subscriptionId}`}`;
}
