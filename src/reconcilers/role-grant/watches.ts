import type { HostIdentity } from '../../api/host-identity.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { asciiLower } from '../../azure/names/text.ts';
import type { AssignmentCache } from '../../cache/assignments.ts';
import type { StoreChange } from '../../kube/informer/store.ts';
import { keyOf, type ObjectKey } from '../../kube/types.ts';
import { type Source, type Watch, watch } from '../../runtime/controller/watch.ts';
import type { OwnedInAzure } from '../activity/owned.ts';
import {
  INDEX,
  referredIdentity,
  referredSystemIdentity,
  type StoreDefinition,
  type Stores,
} from '../stores.ts';
import { isEdit, isRefusedOtherwise } from '../watches/predicates.ts';
import {
  type CacheSource,
  onCache,
  onChange,
  onCompleted,
  onListed,
  onPolicy,
  onPolicyOfAnother,
  onPrincipal,
  onReferredIdentity,
  onSelf,
  type ReferredDeps,
} from '../watches/watches.ts';
import type { RoleGrant } from './facts.ts';
import {
  type CoOwnerDeps,
  type Grantees,
  grantsOfPrincipal,
  grantsOfSameIdentity,
} from './ownership/co-owners.ts';
import { sameCondition } from './ownership/owners.ts';

export const store: StoreDefinition<RoleGrant> = {
  name: 'grants',
  indexes: {
    [INDEX.identityRef]: referredIdentity,
    [INDEX.systemIdentityRef]: referredSystemIdentity,
    [INDEX.principal]: ({ spec, status }) => [
      ...new Set([...lower(spec.principal.id), ...lower(status?.principalId)]),
    ],
    [INDEX.assignment]: ({ status }) => [
      ...new Set([...(status?.ledger ?? []), status?.assignmentId ?? []].flat().map(armKey)),
    ],
    [INDEX.role]: ({ spec, status }) => [
      ...lower(spec.role.name),
      ...new Set([spec.role.id, status?.roleDefinitionId].flatMap((id) => lower(id?.slice(-36)))),
    ],
  },
};

function lower(text: string | undefined): string[] {
  return text === undefined ? [] : [asciiLower(text)];
}

export const ownedInAzure: OwnedInAzure<RoleGrant> = {
  of: ({ status }) =>
    [...(status?.ledger ?? []), status?.assignmentId ?? []].flat().map((id) => ({ key: armKey(id) })),
  ownersOf: (key, { grants }) => grants.keysByIndex(INDEX.assignment, key),
};

export interface WatchDeps extends ReferredDeps, Grantees {
  readonly stores: Pick<
    Stores,
    'grants' | 'identities' | 'systemIdentities' | 'policies' | 'namespaces' | 'expiries' | 'hosts'
  >;
  readonly proofs: Grantees['proofs'] & Pick<CoOwnerDeps['proofs'], 'known'>;
  readonly systemProofs: Grantees['systemProofs'] & Pick<CoOwnerDeps['systemProofs'], 'known'>;
  readonly assignmentCache: CacheSource & Pick<AssignmentCache, 'observe'>;
  /** Emits the GUID of a role that was edited, renamed or removed. */
  readonly roles: Source<string>;
  readonly hostCache: CacheSource;
  /** Keys of grants, when both assignments and roles of an area of theirs were listed for the first time. */
  readonly grantsListed: Source<readonly ObjectKey[]>;
  /** Keys of grants, when the list of the assignments of an area of theirs is believed to hold everything, and was not before. */
  readonly grantsCompleted: Source<readonly ObjectKey[]>;
}

/** What enqueues a RoleGrant. */
export function watches(deps: WatchDeps): readonly Watch[] {
  const { stores, assignmentCache, roles, hostCache, grantsListed, grantsCompleted } = deps;
  const { grants, identities, systemIdentities, expiries, hosts } = stores;
  const ofIdentity = (identity: ObjectKey) => grants.keysByIndex(INDEX.identityRef, identity);
  const ofSystemIdentity = (identity: ObjectKey) => grants.keysByIndex(INDEX.systemIdentityRef, identity);
  const ofAssignment = (key: string) => grants.keysByIndex(INDEX.assignment, key);
  const onHost = (hostKey: string) =>
    systemIdentities.keysByIndex(INDEX.host, hostKey).flatMap((key) => [...ofSystemIdentity(key)]);
  return [
    onSelf(grants),
    // Objects that share an assignment with it, or wait for it: all grants of the same principal may.
    onChange(grants, (change) =>
      isEdit(change) || isRefusedOtherwise(change) || hasLess(change) ? sharers(change, deps) : [],
    ),
    // A record that comes wants to know who else has the assignment; one that was removed is made again.
    onChange(expiries, ({ old, new: next }) => {
      const { spec } = next ?? old ?? {};
      if (!spec) return [];
      const named = old && next ? [] : ofAssignment(armKey(spec.assignmentId));
      // Whom it does not name any more, it bears out no more: another's turn may have come.
      const isLess = (old?.spec.owners ?? []).some(
        ({ uid }) => !next?.spec.owners.some((each) => each.uid === uid),
      );
      const { principalId } = spec;
      return isLess && principalId !== undefined
        ? [...named, ...grantsOfPrincipal(principalId, deps)]
        : named;
    }),
    onPrincipal(identities, ({ key }) => ofIdentity(key)),
    onPrincipal(systemIdentities, ({ key }) => ofSystemIdentity(key)),
    ...onPolicyOfAnother(stores, grants),
    ...onPolicy(stores, (namespace) => grants.keysByIndex(INDEX.namespace, namespace)),
    // What this process made it knows already; but what it deleted for one object, another may share.
    onCache(assignmentCache, 'deletions', ofAssignment),
    // And what it wrote for one object is not what another that has it declares: no list shows a change of it.
    onCache(assignmentCache, 'all', (key) => declaredOtherwise(key, deps)),
    watch(roles, (guid) => grants.keysByIndex(INDEX.role, guid.toLowerCase())),
    onListed(grantsListed),
    onCompleted(grants, grantsCompleted),
    ...onReferredIdentity(deps, ofIdentity),
    // A resource's own identity: what Azure shows of it, and whose it is by the ledger.
    onCache(hostCache, 'all', onHost),
    onChange(hosts, (change) => {
      const host = change.new ?? change.old;
      return host && hasOtherSystemIdentity(change) ? onHost(armKey(host.spec.resourceId)) : [];
    }),
  ];
}

/** Grants that have the assignment and declare another condition than Azure has now. What several have is as the oldest of them declares. */
function declaredOtherwise(
  key: string,
  { stores: { grants }, assignmentCache }: Pick<WatchDeps, 'stores' | 'assignmentCache'>,
): readonly ObjectKey[] {
  const seen = assignmentCache.observe(key);
  if (seen.state !== 'present') return [];
  return grants
    .byIndex(INDEX.assignment, key)
    .filter(({ spec }) => !sameCondition(spec.condition?.expression, seen.resource.condition))
    .map(keyOf);
}

/** It is done with an assignment: at its end, say, which comes though it is suspended. */
function hasLess({ old, new: next }: StoreChange<RoleGrant>): boolean {
  const left = next?.status?.ledger ?? [];
  return (old?.status?.ledger ?? []).some((id) => !left.includes(id));
}

function sharers({ key, old, new: next }: StoreChange<RoleGrant>, deps: WatchDeps): readonly ObjectKey[] {
  const principals = new Set<string>();
  for (const grant of [old, next]) {
    if (!grant) continue;
    const { spec, status } = grant;
    const referred = [
      ...referredIdentity(grant).map((each) => deps.proofs.known(each)),
      ...referredSystemIdentity(grant).map((each) => deps.systemProofs.known(each)),
    ];
    const ofReferred = referred.map((identity) => identity?.principalId);
    for (const id of [spec.principal.id, status?.principalId, ...ofReferred])
      if (id !== undefined) principals.add(id.toLowerCase());
  }
  const keys = [...principals].flatMap((principal) => [...grantsOfPrincipal(principal, deps)]);
  // As long as the principal is not known, two grants that wait for each other are related by their references alone.
  for (const grant of [old, next]) if (grant) keys.push(...grantsOfSameIdentity(grant, deps));
  return keys.filter((each) => each !== key);
}

function hasOtherSystemIdentity({ old, new: next }: StoreChange<HostIdentity>): boolean {
  const [before, after] = [old, next].map((each) => JSON.stringify(each?.status?.systemAssigned));
  return before !== after;
}
