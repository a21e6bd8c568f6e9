/**
 * Role definitions: all of each scope in use at once, read again every hour, and one by one where a hint reports that
 * one has changed. Nothing is concluded from what a list lacks: a role that is not held is asked for (`catalog.ts`).
 */
import type { AzureObserver } from '../../azure/arm/arm-calls.ts';
import { areaOf } from '../../azure/names/scope.ts';
import { asciiLower } from '../../azure/names/text.ts';
import { type AzureRoleDefinition, type RoleDefinitions, sameRole } from '../../azure/role-definitions.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import type { AzureCache } from '../azure-cache.ts';
import { type CacheDefinition, placeOfScope } from '../definition.ts';
import type { CachedResource } from '../store/entry.ts';

/** A role as one area shows it: a built-in one has the same GUID in each, and another id. */
interface CachedRole extends CachedResource {
  readonly area: string;
  readonly role: AzureRoleDefinition;
}

interface RoleQueries {
  /** Several only if custom roles share a name. */
  readonly name: { readonly area: string; readonly roleName: string };
}

/** Areas are what `areaOf` makes of scopes, named by any scope within. */
export type RoleCache = AzureCache<CachedRole, RoleQueries>;

const COLLECTION = '/providers/microsoft.authorization/roledefinitions/';

/** The id of a role in an area's list, in one spelling, as its own key: all in lower case. */
export function roleIn(area: string, guid: string): string {
  return `${area === '/' ? '' : area}${COLLECTION}${guid}`;
}

/** @param keptMs how long a definition holds that no list shows */
export function roleDefinition(
  definitions: Pick<RoleDefinitions, 'list' | 'get'>,
  keptMs: number,
  clock: Pick<Clock, 'monotonic'>,
): CacheDefinition<CachedRole, RoleQueries> {
  let cache: AzureObserver<CachedRole> | undefined;
  return {
    name: 'roles',
    plural: 'role definitions',
    indexes: {
      name: {
        termsOf: ({ area, role }) => [nameTerm(area, role.roleName)],
        termsFor: ({ area, roleName }) => [nameTerm(area, roleName)],
      },
    },
    resync: { everyMs: 3600_000 },
    isAbsenceProven: false,
    keptMs,
    areaOf: areaOfRole,
    areaNamed: areaOf,
    describe: (area) => `scope ${area}`,
    placeOf: placeOfScope,
    sameContent: (left, right) => sameRole(left.role, right.role),
    sameInstance: () => true,
    kept: sharing(),
    observedBy: (observer) => {
      cache = observer;
    },
    read: async (id, context) => {
      const requestedAt = clock.monotonic();
      const area = areaOfRole(id);
      const answer = await definitions.get(area, id, context);
      const found = answer.found === 'one' ? { id, key: id, area, role: answer.role } : undefined;
      cache?.recordGet(id, found, requestedAt);
    },
    async *list(area, context) {
      for await (const page of definitions.list(area, context)) {
        const found = page.roles.map((role) => {
          const id = roleIn(area, role.guid);
          return { id, key: id, area, role };
        });
        yield { found, requestedAt: page.requestedAt };
      }
    },
  };
}

function areaOfRole(id: string): string {
  return id.slice(0, id.lastIndexOf(COLLECTION)) || '/';
}

/** A built-in role is the same in each subscription, and there are hundreds: it is kept once for all of them. */
function sharing(): (cached: CachedRole) => CachedRole {
  const known = new Map<string, AzureRoleDefinition>();
  return (cached) => {
    const { role } = cached;
    const before = known.get(role.guid);
    if (before && sameRole(before, role)) return { ...cached, role: before };
    known.set(role.guid, role);
    return cached;
  };
}

/** A line end cannot occur in either. */
function nameTerm(area: string, roleName: string): string {
  return `${area}\n${asciiLower(roleName)}`;
}
