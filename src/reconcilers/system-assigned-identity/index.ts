import { systemAssignedIdentity } from '../../api/system-assigned-identity.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import type { RoleAssignments } from '../../azure/role-assignments.ts';
import { parsePart, partOf } from '../../hints/activity/call.ts';
import type { ObjectKey } from '../../kube/types.ts';
import type { Source, Watch } from '../../runtime/controller/watch.ts';
import type { OwnedInAzure } from '../activity/owned.ts';
import type { CommonAction } from '../decision.ts';
import type { KindDefinition } from '../definition.ts';
import { type EnsureHostDeps, ensureHosts } from '../hosts/ensure-hosts.ts';
import { readersOf, SYSTEM } from '../hosts/ledger/lines.ts';
import { holdersOf } from '../hosts/system-identity.ts';
import type { Performed, ReconcileContext } from '../kind.ts';
import { performDeleteLeftover } from '../principal-deletion.ts';
import { onSignIn, signInOf, withSignIn } from '../sign-ins/last-sign-ins.ts';
import { INDEX, type StoreDefinition, type Stores } from '../stores.ts';
import { areasOf, type CacheOfAreas, listedFor } from '../watches/areas.ts';
import {
  type CacheSource,
  onCache,
  onChange,
  onDependents,
  onEdit,
  onListed,
  onPolicy,
  onSelf,
} from '../watches/watches.ts';
import { decide } from './decide.ts';
import type { Action, Facts, OwnStatus, SystemAssignedIdentity } from './facts.ts';
import { type ObserveDeps, observe } from './observe.ts';

export const store: StoreDefinition<SystemAssignedIdentity> = {
  name: 'systemIdentities',
  indexes: { [INDEX.host]: ({ spec }) => [armKey(spec.resourceId)] },
};

export const ownedInAzure: OwnedInAzure<SystemAssignedIdentity> = {
  of: ({ spec }) => [{ key: partOf(spec.resourceId, SYSTEM) }],
  ownersOf(key, { systemIdentities }) {
    const { resource, part } = parsePart(key) ?? {};
    return resource !== undefined && part === SYSTEM
      ? systemIdentities.keysByIndex(INDEX.host, resource)
      : [];
  },
};

/** SystemAssignedIdentity: a resource's own identity; its host does the writing. */
export const systemAssignedIdentityKind: KindDefinition<SystemAssignedIdentity, Facts, Action, OwnStatus> = {
  name: 'systemassignedidentity',
  resource: systemAssignedIdentity.resource,
  status: systemAssignedIdentity.status,
  store,
  watches: (services) => [...watches(services), ...onSignIn('SystemAssignedIdentity', services)],
  ownedInAzure,
  removals: ['deleteLeftover'],
  decide: withSignIn(decide),
  start(services) {
    const principals = new Map<string, string>();
    const reReads = new Map<string, string>();
    const areas = areasOf(services.hostCache, 'systemassignedidentity');
    const observeDeps: ObserveDeps = { ...services, areas, principals, reReads };
    return {
      observe: async (object, context) => ({
        ...(await observe(object, context, observeDeps)),
        ...signInOf(object, services),
      }),
      decided({ metadata: { uid } }, _facts, { status: { principalId } }) {
        // Remembered while the resource is gone, when the status has no principal.
        if (principalId !== undefined) principals.set(uid, principalId);
      },
      perform: (action, _object, context) => perform(action, context, services),
      forget(key, uid) {
        areas.use(key, []);
        if (uid === undefined) return;
        principals.delete(uid);
        reReads.delete(uid);
      },
    };
  },
};

interface WatchDeps {
  readonly stores: Pick<Stores, 'systemIdentities' | 'hosts' | 'policies' | 'namespaces'>;
  readonly hostCache: CacheSource & Pick<CacheOfAreas, 'onLoaded'>;
  /** Keys of those whose dependents have changed. */
  readonly dependentsChanged: { readonly SystemAssignedIdentity: Source<Iterable<ObjectKey>> };
}

/** What enqueues a SystemAssignedIdentity. */
export function watches({ stores, hostCache, dependentsChanged }: WatchDeps): readonly Watch[] {
  const { systemIdentities, hosts } = stores;
  return [
    onSelf(systemIdentities),
    // One that goes asks who else lets go: with the last of them the identity is switched off.
    onEdit(systemIdentities, ({ key, old, new: next }) => {
      const object = next ?? old;
      if (!object) return [];
      const others = new Set(systemIdentities.keysByIndex(INDEX.host, armKey(object.spec.resourceId)));
      // Of a resource that was moved some name the one id, and some the other.
      for (const { status } of holdersOf(object, { hosts }))
        for (const { namespace, name } of status?.systemAssigned?.owners ?? [])
          others.add(`${namespace}/${name}`);
      return [...others].filter(
        (each) => each !== key && systemIdentities.get(each)?.metadata.deletionTimestamp !== undefined,
      );
    }),
    onChange(hosts, (change) => readersOf('SystemAssignedIdentity', change, systemIdentities)),
    ...onPolicy(stores, (namespace) => systemIdentities.keysByIndex(INDEX.namespace, namespace)),
    // The write's own answer has shown this process what it wrote.
    onCache(hostCache, 'none', (hostKey) => systemIdentities.keysByIndex(INDEX.host, hostKey)),
    onListed(listedFor(hostCache, 'systemassignedidentity')),
    onDependents(systemIdentities, dependentsChanged.SystemAssignedIdentity),
  ];
}

interface PerformDeps extends EnsureHostDeps {
  readonly assignments: Pick<RoleAssignments, 'delete'>;
}

/** Carries out one action. Thin on purpose: everything that could be decided was decided before. */
async function perform(
  action: Exclude<Action, CommonAction<OwnStatus>>,
  context: ReconcileContext,
  deps: PerformDeps,
): Promise<Performed> {
  switch (action.type) {
    case 'ensureHost':
      await ensureHosts([action.hostId], deps, context.signal);
      return {};
    case 'deleteLeftover':
      return performDeleteLeftover(action, context, deps);
  }
}
