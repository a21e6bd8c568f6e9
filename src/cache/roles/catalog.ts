/**
 * What a role is, by its name or id: from the cache of definitions, and what that does not hold is asked of Azure before it
 * is called unknown; that answer holds for a short time.
 */
import { type CallContext, sharedContext } from '../../azure/arm/arm-calls.ts';
import { trailingGuid } from '../../azure/names/guid.ts';
import { armKey, isWithinScope } from '../../azure/names/resource-id.ts';
import { areaOf, parseScope } from '../../azure/names/scope.ts';
import { asciiLower } from '../../azure/names/text.ts';
import {
  type AzureRoleDefinition,
  lookupOf,
  type RoleDefinitions,
  type RoleLookup,
} from '../../azure/role-definitions.ts';
import { AzureCache } from '../azure-cache.ts';
import { SingleFlight } from '../calls/single-flight.ts';
import type { CacheOptions } from '../definition.ts';
import { type RoleCache, roleDefinition, roleIn } from './roles.ts';

interface RoleCatalogOptions extends CacheOptions {
  readonly definitions: Pick<RoleDefinitions, 'list' | 'get' | 'find'>;
}

/** `guid`: of a role whose name, permissions or scopes changed, that came to be, or that is gone. */
type RoleListener = (guid: string) => void;

/** How long a definition holds, ms: an hour, after which it is listed again, and time for lists that failed. */
const BELIEVED_MS = 2 * 3600_000;

/** How long an answer of Azure that there is no such role holds, ms. */
const UNKNOWN_MS = 60_000;

export class RoleCatalog {
  readonly cache: RoleCache;
  readonly #options: RoleCatalogOptions;
  readonly #flight = new SingleFlight<RoleLookup>();
  /** Queries that found nothing, by what was asked where: when. */
  readonly #unknown = new Map<string, number>();

  constructor(options: RoleCatalogOptions) {
    this.#options = options;
    this.cache = new AzureCache(roleDefinition(options.definitions, BELIEVED_MS, options.clock), options);
  }

  /** What is held under a GUID at a scope; `undefined` says nothing. Costs nothing. */
  known(scope: string, role: string): AzureRoleDefinition | undefined {
    return this.#fresh(areaOf(scope), trailingGuid('the role', role));
  }

  /** All that is held now, of any scope; it says nothing of what it lacks. Costs nothing. */
  held(): readonly AzureRoleDefinition[] {
    return this.cache.present().flatMap(({ area, role: { guid } }) => this.#fresh(area, guid) ?? []);
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
    const all = this.cache
      .byIndex('name', { area, roleName })
      .flatMap(({ role: { guid } }) => this.#fresh(area, guid) ?? [])
      .filter((role) => isAssignableAt(role, scope));
    const held = all.filter(({ guid }) => this.#fresh(area, guid, since) !== undefined);
    if (held.length > 0 && held.length === all.length) return lookupOf(held);
    const { definitions, signal, clock } = this.#options;
    const question = `${armKey(scope)}\nname\n${asciiLower(roleName)}`;
    const askedAt = clock.monotonic();
    const answer = await this.#ask(question, area, context, since, () =>
      definitions.find(scope, roleName, sharedContext(context, signal)),
    );
    // What Azure no longer shows under the name must not come back with the next question for it.
    const shown = new Set(rolesOf(answer).map(({ guid }) => guid));
    for (const { guid } of all)
      if (!shown.has(guid)) this.cache.recordGet(roleIn(area, guid), undefined, askedAt);
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
    const { definitions, signal, clock } = this.#options;
    const askedAt = clock.monotonic();
    const answer = await this.#ask(`${area}\nid\n${guid}`, area, context, since, () =>
      definitions.get(scope, guid, sharedContext(context, signal)),
    );
    if (answer.found === 'none') this.cache.recordGet(roleIn(area, guid), undefined, askedAt);
    return answer;
  }

  onChange(listener: RoleListener): Disposable {
    return this.cache.onChange((_, how, { before, after }) => {
      const { role, area } = before ?? after ?? {};
      if (!role || area === undefined) return; // It was not held before either.
      // The first list is announced to the area's users by itself, and a caller that resolved a role has it as the result.
      const isNews = before !== undefined || (how === 'list' && this.cache.age(area) !== undefined);
      if (isNews) listener(role.guid);
    });
  }

  async #ask(
    question: string,
    area: string,
    context: CallContext,
    since: number,
    call: () => Promise<RoleLookup>,
  ): Promise<RoleLookup> {
    const { clock } = this.#options;
    const now = clock.monotonic();
    // Cheap to ask again once a list came: one of them may be there now.
    const listedAt = now - (this.cache.age(area) ?? Number.POSITIVE_INFINITY);
    const askedAt = this.#unknown.get(question);
    if (askedAt !== undefined && askedAt >= Math.max(since, listedAt) && now - askedAt < UNKNOWN_MS)
      return { found: 'none' };
    const start = async () => {
      const at = clock.monotonic();
      const answer = await call();
      if (answer.found === 'none') this.#recordUnknown(question, at);
      else {
        this.#unknown.delete(question);
        if (answer.found === 'one') {
          const { role } = answer;
          const id = roleIn(area, role.guid);
          this.cache.recordGet(id, { id, key: id, area, role }, at);
        }
      }
      return answer;
    };
    return await this.#flight.join(question, context, start);
  }

  #recordUnknown(question: string, at: number): void {
    for (const [old, askedAt] of this.#unknown) if (at - askedAt >= UNKNOWN_MS) this.#unknown.delete(old);
    this.#unknown.set(question, at);
  }

  #fresh(area: string, guid: string, since = Number.NEGATIVE_INFINITY): AzureRoleDefinition | undefined {
    const observed = this.cache.observe(roleIn(area, guid));
    if (observed.state !== 'present' || observed.ageMs >= BELIEVED_MS) return undefined;
    return this.#options.clock.monotonic() - observed.ageMs >= since ? observed.resource.role : undefined;
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
