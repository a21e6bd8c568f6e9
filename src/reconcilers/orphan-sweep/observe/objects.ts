import type { FederatedIdentityCredential } from '../../../api/federated-identity-credential.ts';
import type { RoleGrant } from '../../../api/role-grant.ts';
import { assignmentMark } from '../../../azure/names/assignment-name.ts';
import { credentialName } from '../../../azure/names/credential-name.ts';
import { MARK, ownerValue } from '../../../azure/names/identity-marks.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import { asciiLower, sameText } from '../../../azure/names/text.ts';
import type { AssignmentCache } from '../../../cache/assignments.ts';
import type { IdentityCache } from '../../../cache/identities.ts';
import type { Store } from '../../../kube/informer/store.ts';
import type { KubeObject } from '../../../kube/types.ts';
import type { ObjectRef, Objects, ShownAssignment } from '../../../orphans/objects.ts';
import type { RetainedRecords } from '../../../orphans/records/retained.ts';
import { identitiesAt } from '../../proof/places.ts';
import type { RecordedPrincipals } from '../../proof/recorded-principals.ts';
import { type MayAskForDeps, mayAskFor } from '../../role-grant/target/may-ask-for.ts';
import { knownPrincipal } from '../../role-grant/target/principal.ts';
import { INDEX, type Stores } from '../../stores.ts';

export interface ObjectsDeps extends MayAskForDeps {
  readonly stores: Stores;
  readonly installationId: string;
  readonly identityCache: Pick<IdentityCache, 'byIndex'>;
  readonly principals: Pick<RecordedPrincipals, 'holdersOf'>;
  readonly assignmentCache: Pick<AssignmentCache, 'observe'>;
  readonly retained: Pick<RetainedRecords, 'of'>;
}

/** Kinds whose objects own something in Azure. */
export const OWNING = ['identities', 'grants', 'credentials', 'attachments', 'systemIdentities'] as const;

/**
 * What the stores show of the owners of things in Azure: the widest reading of each, since an object that is named keeps it. Made anew
 * for each evaluation, over the stores as they are then.
 */
export function objectsOf(deps: ObjectsDeps): Objects {
  const { stores, installationId, identityCache, principals, retained } = deps;
  const byUid = Map.groupBy(stores.identities.values(), ({ metadata }) => asciiLower(metadata.uid));
  const byOwner = Map.groupBy(stores.identities.values(), ({ metadata: { namespace = '', name } }) =>
    ownerValue({ namespace, name }),
  );
  const byHolder = Map.groupBy(stores.identities.values(), ({ status }) =>
    asciiLower(status?.principalId ?? ''),
  );
  const adopted = Map.groupBy(
    stores.policies
      .values()
      .flatMap((policy) =>
        (policy.spec.adoption?.identityIds ?? []).map((id) => ({ policy, key: armKey(id) })),
      ),
    ({ key }) => key,
  );
  const grantsAt = Map.groupBy(stores.grants.values(), ({ spec }) => armKey(spec.scope));
  const credentials = Map.groupBy(stores.credentials.values(), (each) => marksOf(each, installationId));
  const unseen = unseenNamespaces(stores);

  const ofKey = <T extends KubeObject>(store: Store<T>, key: string): readonly T[] => {
    const found = store.get(key);
    return found ? [found] : [];
  };
  return {
    identitiesOfUid: (uid) => refs(byUid.get(asciiLower(uid))),
    identitiesOfOwner: (value) => refs(byOwner.get(value)),
    identitiesAt: ({ key, principalId }) => {
      const recorded = principals.holdersOf(principalId).flatMap((uid) => byUid.get(asciiLower(uid)) ?? []);
      const placed = identitiesAt(key, stores.identities).flatMap((each) => ofKey(stores.identities, each));
      const having = principalId === '' ? [] : (byHolder.get(asciiLower(principalId)) ?? []);
      return refs([...placed, ...having, ...recorded]);
    },
    identitiesMarked: (uid) => identityCache.byIndex('marks', { [MARK.ownerUid]: uid }).map(({ key }) => key),
    referrersOf: ({ key, principalId, clientId }) => [
      ...refs(stores.attachments.byIndex(INDEX.identityId, key)),
      ...refs(stores.hosts.byIndex(INDEX.identityId, key)),
      ...[principalId, clientId].flatMap((id) =>
        id === '' ? [] : refs(stores.grants.byIndex(INDEX.principal, asciiLower(id))),
      ),
      ...refs(adopted.get(key)?.map(({ policy }) => policy)),
    ],
    referrersByName: (namespace, name) => {
      const key = `${namespace}/${name}`;
      return [
        ...refs(stores.grants.byIndex(INDEX.identityRef, key)),
        ...refs(stores.credentials.byIndex(INDEX.identityRef, key)),
        ...refs(stores.attachments.byIndex(INDEX.identityRef, key)),
      ];
    },
    grantsOf: (assignment) => {
      const mark = assignmentMark(assignment.description);
      const recorded = stores.expiries
        .byIndex(INDEX.assignment, assignment.key)
        .flatMap(({ spec }) => spec.owners)
        .flatMap(({ namespace, name }) => ofKey(stores.grants, `${namespace}/${name}`));
      const asking = (grantsAt.get(armKey(assignment.scope)) ?? []).filter((grant) =>
        mayMean(grant, assignment, deps),
      );
      return refs([
        ...stores.grants.byIndex(INDEX.assignment, assignment.key),
        ...(mark ? ofKey(stores.grants, mark.key) : []),
        ...recorded,
        ...asking,
      ]);
    },
    credentialsOf: ({ key, name }) =>
      refs([
        ...stores.credentials.byIndex(INDEX.credential, key),
        ...(credentials.get(asciiLower(name.slice(-MARKS_LENGTH))) ?? []),
      ]),
    retained: (key, ownerUid) => retained.of(key, { createdAt: createdAt(key, deps), ownerUid }),
    isUnseen: (namespace) =>
      !stores.namespaces.synced || (namespace === undefined ? unseen.size > 0 : unseen.has(namespace)),
  };
}

/**
 * A namespace that the store lacks although objects of it are there. One without any object, of a store that holds all there is, is
 * gone, or holds nothing that could have an owner in it.
 */
function unseenNamespaces(stores: Stores): ReadonlySet<string> {
  const unseen = new Set<string>();
  for (const name of OWNING)
    for (const { metadata } of stores[name].values())
      if (metadata.namespace !== undefined && !stores.namespaces.get(metadata.namespace))
        unseen.add(metadata.namespace);
  return unseen;
}

/** It asks for this very thing, unless its principal is known to be another one: then what it asks for is another assignment. */
function mayMean(grant: RoleGrant, shown: ShownAssignment, deps: ObjectsDeps): boolean {
  const known = knownPrincipal(grant, deps);
  if (known && !sameText(known.id, shown.principalId)) return false;
  return mayAskFor(grant, shown, deps);
}

/** Of a role assignment, as it was last read. */
function createdAt(
  key: string,
  { assignmentCache }: Pick<ObjectsDeps, 'assignmentCache'>,
): number | undefined {
  if (!key.includes('/roleassignments/')) return undefined;
  const seen = assignmentCache.observe(key);
  return seen.state === 'present' ? seen.resource.createdOn : undefined;
}

/** `-<12 digits>-<20 digits>`, by which the name of a credential shows its owner. */
const MARKS_LENGTH = 34;
const MARKS = new WeakMap<FederatedIdentityCredential, string>();

function marksOf(object: FederatedIdentityCredential, installationId: string): string {
  const known = MARKS.get(object);
  if (known !== undefined) return known;
  const { namespace = '', name } = object.metadata;
  const marks = credentialName(installationId, { namespace, name }).slice(-MARKS_LENGTH);
  MARKS.set(object, marks);
  return marks;
}

function refs(objects: readonly KubeObject[] = []): readonly ObjectRef[] {
  return objects.map(({ kind, metadata: { namespace = '', name, deletionTimestamp } }) => ({
    kind,
    namespace,
    name,
    ...(deletionTimestamp !== undefined && { deleting: true }),
  }));
}
