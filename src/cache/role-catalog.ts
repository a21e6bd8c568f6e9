/**
 * Role definitions: all of each scope in use at once, read again every hour, the rest by need. A name that is not in the
 * catalog is asked of Azure before it is called unknown, and that answer holds for a short time.
 */
import { type CallContext, sharedContext } from '../azure/arm-calls.ts';
import { asciiLower } from '../azure/ascii.ts';
import { trailingGuid } from '../azure/guid.ts';
import { armKey, isWithinScope } from '../azure/resource-id.ts';
import {
  type AzureRoleDefinition,
  lookupOf,
  type RoleDefinitions,
  type RoleLookup,
  sameRole,
  sameRoleName,
} from '../azure/role-definitions.ts';
import { areaOf, parseScope } from '../azure/scope.ts';
import type { Clock } from '../runtime/clock.ts';
import { Areas } from './areas.ts';
import { type CachePart, placeOfScope } from './cache-part.ts';
import { Flights } from './flights.ts';
import type { CompletedList, Listing } from './list-watch.ts';
import type { ResyncOptions } from './resync.ts';

export interface RoleCatalogOptions {
  readonly definitions: RoleDefinitions;
  readonly clock: Clock;
  /** Stops lists and look-ups. */
  readonly signal: AbortSignal;
  /** 0 <= random() < 1; default `Math.random`. */
  readonly random?: () => number;
  /** Default every hour. */
  readonly resync?: Partial<ResyncOptions>;
  /** How long a definition is believed, ms. Default 2 h: an hour, and time for lists that failed. */
  readonly maxAgeMs?: number;
  /** How long Azure's word that there is no such role is believed, ms. Default 1 min. */
  readonly unknownMs?: number;
  /** A list failed; it is tried again. For the log. */
  readonly onListFailure?: (area: string, error: unknown) => void;
}

/** `guid`: of a role whose name, permissions or scopes changed, that came to be, or that is gone. */
export type RoleListener = (guid: string) => void;

interface Known {
  readonly role: AzureRoleDefinition;
  /** Monotonic ms at which the request that showed it began. */
  readonly at: number;
}

const HOUR_MS = 3600_000;

export class RoleCatalog {
  readonly #options: RoleCatalogOptions;
  readonly #areas: Areas<AzureRoleDefinition>;
  readonly #flights = new Flights<RoleLookup>();
  /** By area, then by GUID. */
  readonly #known = new Map<string, Map<string, Known>>();
  /** Look-ups that found nothing, by what was asked where: when. */
  readonly #unknown = new Map<string, number>();
  readonly #listeners = new Set<RoleListener>();

  constructor(options: RoleCatalogOptions) {
    this.#options = options;
    const { clock, signal, random, resync } = options;
    this.#areas = new Areas({
      clock,
      signal,
      random,
      resync: { everyMs: HOUR_MS, ...resync },
      accept: async (area, list, stop) => this.#accept(area, list, stop),
    });
    signal.addEventListener('abort', () => void this.stop(), { once: true });
  }

  /** Somebody grants at this scope: all roles of its subscription, or of the scope itself above, are listed. */
  use(scope: string): void {
    const area = areaOf(scope);
    this.#areas.use(area, this.#listing(area), (error) => this.#options.onListFailure?.(area, error));
  }

  release(scope: string): void {
    const area = areaOf(scope);
    if (this.#areas.release(area)) this.#known.delete(area);
  }

  /** Resolves with the first whole list of a scope in use. */
  whenLoaded(scope: string, signal?: AbortSignal): Promise<void> {
    return this.#areas.whenLoaded(areaOf(scope), `scope ${scope}`, signal);
  }

  /** What is held under a GUID at a scope; `undefined` says nothing. Costs nothing. */
  known(scope: string, role: string): AzureRoleDefinition | undefined {
    return this.#fresh(areaOf(scope), trailingGuid('the role', role));
  }

  /** All that is held now, of whatever scope; it says nothing of what it lacks. Costs nothing. */
  held(): readonly AzureRoleDefinition[] {
    return [...this.#known].flatMap(([area, roles]) =>
      [...roles.keys()].flatMap((guid) => this.#fresh(area, guid) ?? []),
    );
  }

  /**
   * By name, without case, among the roles that can be assigned at the scope.
   *
   * @param since monotonic ms: what was read earlier does not count
   */
  async byName(
    scope: string,
    roleName: string,
    context: CallContext,
    since: number = Number.NEGATIVE_INFINITY,
  ): Promise<RoleLookup> {
    const area = areaOf(scope);
    const all = [...(this.#known.get(area)?.keys() ?? [])]
      .map((guid) => this.#fresh(area, guid))
      .filter((role) => role !== undefined)
      .filter((role) => sameRoleName(role.roleName, roleName) && isAssignableAt(role, scope));
    const held = all.filter(({ guid }) => this.#fresh(area, guid, since) !== undefined);
    if (held.length > 0 && held.length === all.length) return lookupOf(held);
    const { definitions, signal } = this.#options;
    const question = `${armKey(scope)}\nname\n${asciiLower(roleName)}`;
    const answer = await this.#ask(question, area, context, since, () =>
      definitions.find(scope, roleName, sharedContext(context, signal)),
    );
    // What Azure no longer shows under the name must not come back with the next look at what is held.
    const shown = new Set(rolesOf(answer).map(({ guid }) => guid));
    for (const { guid } of all) if (!shown.has(guid)) this.#drop(area, guid);
    return answer;
  }

  /** By GUID, or an id that ends in it. `since` as above. */
  async byId(
    scope: string,
    role: string,
    context: CallContext,
    since: number = Number.NEGATIVE_INFINITY,
  ): Promise<RoleLookup> {
    const [area, guid] = [areaOf(scope), trailingGuid('the role', role)];
    const held = this.#fresh(area, guid, since);
    if (held) return { found: 'one', role: held };
    const { definitions, signal } = this.#options;
    const answer = await this.#ask(`${area}\nid\n${guid}`, area, context, since, () =>
      definitions.get(scope, guid, sharedContext(context, signal)),
    );
    if (answer.found === 'none') this.#drop(area, guid);
    return answer;
  }

  onChange(listener: RoleListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Definitions that are held, whether believed or not. */
  get size(): number {
    return [...this.#known.values()].reduce((sum, roles) => sum + roles.size, 0);
  }

  /** How the list of each area in use stands. */
  parts(): readonly CachePart[] {
    return this.#areas.names.map((area) => ({
      cache: 'roles',
      ...placeOfScope(area),
      ageMs: this.#areas.age(area),
      entries: this.#known.get(area)?.size ?? 0,
      partial: this.#areas.completeness(area, 'scope').state === 'partial',
    }));
  }

  resyncNow(scope: string): void {
    this.#areas.resyncNow(areaOf(scope));
  }

  /** Ends lists and waits for what is under way. The signal does the same without the waiting. */
  stop(): Promise<void> {
    return this.#areas.stop();
  }

  async #ask(
    question: string,
    area: string,
    context: CallContext,
    since: number,
    call: () => Promise<RoleLookup>,
  ): Promise<RoleLookup> {
    const { clock, unknownMs = 60_000 } = this.#options;
    const askedAt = this.#unknown.get(question);
    if (askedAt !== undefined && askedAt >= since && clock.monotonic() - askedAt < unknownMs)
      return { found: 'none' };
    const start = async () => {
      const at = clock.monotonic();
      const answer = await call();
      if (answer.found === 'none') this.#noteUnknown(question, at, unknownMs);
      else {
        this.#unknown.delete(question);
        if (answer.found === 'one') this.#note(area, answer.role, at);
      }
      return answer;
    };
    return await this.#flights.join(question, context, start);
  }

  #noteUnknown(question: string, at: number, unknownMs: number): void {
    for (const [old, askedAt] of this.#unknown) if (at - askedAt >= unknownMs) this.#unknown.delete(old);
    this.#unknown.set(question, at);
  }

  /** One that was looked up. That it was not known before is no news: who asked has it now. */
  #note(area: string, role: AzureRoleDefinition, at: number): void {
    if (!this.#areas.has(area)) this.#sweep(at); // Nobody would ever say that it is needed no more.
    const roles = this.#known.get(area) ?? new Map<string, Known>();
    this.#known.set(area, roles);
    const before = roles.get(role.guid);
    roles.set(role.guid, { role, at });
    if (before && !sameRole(before.role, role)) this.#tell(role.guid);
  }

  /** Of areas that nobody uses what is too old to be believed goes. */
  #sweep(now: number): void {
    const { maxAgeMs = 2 * HOUR_MS } = this.#options;
    for (const [area, roles] of this.#known) {
      if (this.#areas.has(area)) continue;
      for (const [guid, { at }] of roles) if (now - at >= maxAgeMs) roles.delete(guid);
      if (roles.size === 0) this.#known.delete(area);
    }
  }

  #accept(area: string, { startedAt, found }: CompletedList<AzureRoleDefinition>, signal: AbortSignal) {
    if (signal.aborted) return 'stopped';
    const before = this.#known.get(area) ?? new Map<string, Known>();
    // What was looked up after this list began is newer than the list.
    const after = new Map([...before].filter(([, { at }]) => at > startedAt));
    for (const { thing, requestedAt } of found)
      if (!after.has(thing.guid)) after.set(thing.guid, { role: thing, at: requestedAt });
    this.#known.set(area, after);
    this.#unknown.clear(); // Cheap to ask again, and one of them may be there now.
    const first = !this.#areas.listed(area);
    for (const [guid, { role }] of after) {
      const was = before.get(guid);
      if (was ? !sameRole(was.role, role) : !first) this.#tell(guid);
    }
    for (const guid of before.keys()) if (!after.has(guid)) this.#tell(guid);
    return undefined;
  }

  #tell(guid: string): void {
    for (const listener of this.#listeners) listener(guid);
  }

  #fresh(area: string, guid: string, since = Number.NEGATIVE_INFINITY): AzureRoleDefinition | undefined {
    const { clock, maxAgeMs = 2 * HOUR_MS } = this.#options;
    const known = this.#known.get(area)?.get(guid);
    return known && known.at >= since && clock.monotonic() - known.at < maxAgeMs ? known.role : undefined;
  }

  /** Azure said that it is not there, or not as it was known. */
  #drop(area: string, guid: string): void {
    if (this.#known.get(area)?.delete(guid)) this.#tell(guid);
  }

  #listing(area: string): Listing<AzureRoleDefinition> {
    const { definitions } = this.#options;
    return {
      async *pages(signal) {
        for await (const page of definitions.list(area, { priority: 'resync', signal }))
          yield { things: page.roles, requestedAt: page.requestedAt };
      },
      // Nothing is concluded from what is not in the catalog, so it need not be complete.
      missingRight: async () => undefined,
    };
  }
}

function rolesOf(lookup: RoleLookup): readonly AzureRoleDefinition[] {
  switch (lookup.found) {
    case 'one':
      return [lookup.role];
    case 'ambiguous':
      return lookup.roles;
    case 'none':
      return [];
  }
}

/**
 * A list at a subscription shows only roles that can be assigned there or below, so a scope above it, whichever
 * management group that is, stands for the whole subscription.
 */
function isAssignableAt({ assignableScopes }: AzureRoleDefinition, scope: string): boolean {
  return assignableScopes.some((each) => each === '/' || isAbove(each) || isWithinScope(scope, each));
}

function isAbove(scope: string): boolean {
  try {
    return parseScope(scope).kind === 'managementGroup';
  } catch {
    return false; // A scope that azid does not understand allows nothing.
  }
}
