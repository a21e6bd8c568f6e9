import { parseAssignmentId } from '../../azure/azure-role-assignment.ts';
import { ifParsed, parseResourceId } from '../../azure/names/resource-id.ts';
import type { AzureCaches } from '../../cache/caches.ts';
import { areaOfHost } from '../../cache/hosts/area.ts';
import type { KindDefinition } from '../../reconcilers/definition.ts';
import { type Stores, storeOf } from '../../reconcilers/stores.ts';

type Listed = Pick<AzureCaches, 'identities' | 'assignments' | 'hosts'>;

/** No object has such a key. */
const USER = 'head start';

/**
 * Lists the areas in which objects have something in Azure by their statuses, before anything was reconciled, until it is disposed; from
 * then on only those that reconciles need. Not credentials, which have no list that shows many.
 */
export function useOwnedAreas(
  caches: { readonly [cache in keyof Listed]: Pick<Listed[cache], 'use'> },
  kinds: readonly Pick<KindDefinition, 'store' | 'ownedInAzure'>[],
  stores: Stores,
): Disposable {
  const areas = { identities: new Set<string>(), assignments: new Set<string>(), hosts: new Set<string>() };
  for (const kind of kinds)
    for (const object of storeOf(kind, stores).values())
      for (const { key } of kind.ownedInAzure?.of(object) ?? []) {
        const found = areaOfOwned(key);
        if (found) areas[found.cache].add(found.area);
      }
  const use = (of: typeof areas) => {
    caches.identities.use(USER, [...of.identities]);
    caches.assignments.use(USER, [...of.assignments]);
    caches.hosts.use(USER, [...of.hosts]);
  };
  use(areas);
  const none = new Set<string>();
  return { [Symbol.dispose]: () => use({ identities: none, assignments: none, hosts: none }) };
}

/** Which list shows it; undefined: none, or it is no id that azid knows. Pure. */
export function areaOfOwned(
  key: string,
): { readonly cache: keyof Listed; readonly area: string } | undefined {
  return ifParsed(() => {
    if (key.includes('/providers/microsoft.authorization/roleassignments/'))
      return { cache: 'assignments', area: parseAssignmentId(key).scope };
    const { subscriptionId } = parseResourceId(key);
    if (/\/federatedidentitycredentials\/[^/]+$/.test(key)) return undefined;
    if (/\/microsoft\.managedidentity\/userassignedidentities\/[^/]+$/.test(key))
      return { cache: 'identities', area: subscriptionId };
    return { cache: 'hosts', area: areaOfHost(key) };
  });
}
