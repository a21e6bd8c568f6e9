import { isFinalized, isSuspended } from '../../../api/schema/common.ts';
import { MAX_CREDENTIALS } from '../../../azure/federated-credentials.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import { keyOf, type ObjectKey } from '../../../kube/types.ts';
import { policyFor } from '../../../policy/evaluate.ts';
import type { ReconcileContext } from '../../kind.ts';
import type { IdentityProofs } from '../../proof/identity-proofs.ts';
import { INDEX, type Stores } from '../../stores.ts';
import { isRefusedByAzure } from '../../watches/predicates.ts';
import type { Facts, FederatedIdentityCredential, SeenCredential, Sibling } from '../facts.ts';
import { identityKey, isProven, nameOf } from '../object.ts';
import { sameName, samePair } from '../place.ts';
import { requestOf } from '../request.ts';
import { resolveTrust } from '../trust.ts';
import { type CredentialDeps, credentialsOn } from './credentials.ts';

/** The other objects that have, or want, a credential on an identity, and on those to which they have moved. */

interface SiblingDeps {
  readonly stores: Pick<Stores, 'credentials' | 'policies' | 'namespaces'>;
  readonly installationId: string;
}

type Common = Pick<Facts, 'clusterIssuer' | 'defaultAudience' | 'policy'>;

/**
 * The objects besides this one that refer to the identity, and those that have moved away from it.
 *
 * @param credentials what is on the identity
 */
export function siblingsOf(
  object: FederatedIdentityCredential,
  identity: { readonly key: ObjectKey; readonly id: string },
  credentials: readonly SeenCredential[],
  deps: SiblingDeps,
  common: Common,
): readonly Sibling[] {
  const referring = deps.stores.credentials
    .byIndex(INDEX.identityRef, identity.key)
    .filter((other) => isOther(other, object))
    .map((other): Sibling => {
      const resolution = resolveTrust(other, common.clusterIssuer, common.defaultAudience);
      const sibling = siblingOf(other, deps, common, identity.id);
      return { ...sibling, ...(resolution.resolved && { trust: resolution.trust }) };
    });
  return [...referring, ...movedAway(object, credentials, referring, deps, common)];
}

/**
 * Objects that refer to another identity by now, and that still have a credential here: by their ledger, and by its name, which proves
 * it. They delete it when the new one is there, so no other object may count on it. One that no ledger names is treated as made by another tool.
 */
function movedAway(
  object: FederatedIdentityCredential,
  credentials: readonly SeenCredential[],
  referring: readonly Sibling[],
  { stores, installationId }: SiblingDeps,
  common: Common,
): readonly Sibling[] {
  return credentials
    .filter(({ name }) => !referring.some(({ credentialName }) => sameName(credentialName, name)))
    .flatMap(({ id }) =>
      stores.credentials
        .byIndex(INDEX.credential, armKey(id))
        .filter((each) => isProven(id, each, { installationId })),
    )
    .filter((owner) => isOther(owner, object))
    .map((owner) => ({
      ...siblingOf(owner, { stores, installationId }, common),
      movedTo: identityKey(owner),
    }));
}

/** What azid has finalized is reconciled no more, so what it left in Azure belongs to no object. */
function isOther(other: FederatedIdentityCredential, object: FederatedIdentityCredential): boolean {
  return other.metadata.uid !== object.metadata.uid && !isFinalized(other);
}

/** @param identityId of the identity that it refers to, where that is known */
function siblingOf(
  other: FederatedIdentityCredential,
  { stores, installationId }: Pick<SiblingDeps, 'stores' | 'installationId'>,
  common: Common,
  identityId?: string,
): Sibling {
  const { namespace, uid, creationTimestamp, deletionTimestamp } = other.metadata;
  const policy = namespace === common.policy.namespace ? common.policy : policyFor(other, stores);
  return {
    key: keyOf(other),
    uid,
    creationTimestamp,
    credentialName: nameOf(other, installationId),
    deleting: deletionTimestamp !== undefined,
    mayWrite:
      (identityId === undefined || policy.allowsIdentity(identityId).allowed) &&
      !isSuspended(other) &&
      !isRefusedByAzure(other) &&
      requestOf(other, common, policy).granted,
  };
}

interface ElsewhereDeps extends CredentialDeps, SiblingDeps {
  readonly proofs: Pick<IdentityProofs, 'prove'>;
}

type SeenElsewhere = NonNullable<Facts['elsewhere']>[number];

/**
 * The identities to which siblings have moved whose credentials are still here, and on from there: what such an object waits for may be
 * what this one is to give up. Read only where this object waits for another's, or for a place; what cannot be read is left out.
 */
export async function elsewhereOf(
  object: FederatedIdentityCredential,
  here: { readonly credentials: readonly SeenCredential[]; readonly siblings: readonly Sibling[] },
  context: ReconcileContext,
  deps: ElsewhereDeps,
  common: Common,
  live: boolean,
): Promise<NonNullable<Facts['elsewhere']>> {
  if (!waitsForAnother(object, here, deps, common)) return [];
  const found: SeenElsewhere[] = [];
  const seen = new Set([identityKey(object)]);
  const next = [...targetsOf(here.siblings)];
  for (let key = next.shift(); key !== undefined; key = next.shift()) {
    if (seen.has(key)) continue;
    seen.add(key);
    const observed = await readElsewhere(key, object, context, deps, common, live);
    if (!observed) continue;
    found.push(observed);
    next.push(...targetsOf(observed.siblings));
  }
  return found;
}

function waitsForAnother(
  object: FederatedIdentityCredential,
  { credentials, siblings }: { credentials: readonly SeenCredential[]; siblings: readonly Sibling[] },
  { installationId }: SiblingDeps,
  { clusterIssuer, defaultAudience }: Common,
): boolean {
  const resolution = resolveTrust(object, clusterIssuer, defaultAudience);
  if (!resolution.resolved || siblings.every(({ movedTo }) => movedTo === undefined)) return false;
  const mine = nameOf(object, installationId);
  const others = credentials.filter(({ name }) => !sameName(name, mine));
  const isFull = others.length >= MAX_CREDENTIALS;
  return isFull || others.some((each) => samePair(each, resolution.trust));
}

function targetsOf(siblings: readonly Sibling[]): readonly string[] {
  return siblings.flatMap(({ movedTo, mayWrite, deleting }) =>
    movedTo !== undefined && mayWrite && !deleting ? movedTo : [],
  );
}

async function readElsewhere(
  key: string,
  object: FederatedIdentityCredential,
  context: ReconcileContext,
  deps: ElsewhereDeps,
  common: Common,
  live: boolean,
): Promise<SeenElsewhere | undefined> {
  const identity = await deps.proofs.prove(key, context, live);
  if (identity.state !== 'owned') return undefined;
  const read = await credentialsOn(identity.id, context.startedAt, live, context, deps);
  if (read.state !== 'known') return undefined;
  const siblings = siblingsOf(object, { key, id: identity.id }, read.credentials, deps, common);
  return { key, credentials: read.credentials, siblings, live: identity.live && read.live };
}
