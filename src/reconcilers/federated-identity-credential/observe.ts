import { isReconcileRequested } from '../../api/schema/common.ts';
import { policyFor } from '../../policy/evaluate.ts';
import type { LiveReads, ReconcileContext } from '../kind.ts';
import type { OwnWrites } from '../own-writes.ts';
import type { ProvenIdentity } from '../proof/proven.ts';
import type { Services } from '../services.ts';
import { blockedFor } from '../status/deleting.ts';
import type { CredentialDecision, Facts, FederatedIdentityCredential } from './facts.ts';
import { identityKey, isProven } from './object.ts';
import { credentialsOn, type IdentitiesInUse } from './observe/credentials.ts';
import { elsewhereOf, siblingsOf } from './observe/siblings.ts';
import { requestOf } from './request.ts';

export type ObserveDeps = Services & {
  readonly inUse: Pick<IdentitiesInUse, 'record'>;
  readonly ownWrites: Pick<OwnWrites, 'hasEnded' | 'failedAt'>;
};

/** Reads what `decide` needs: caches where they will do, Azure itself where a write would follow. */
export async function observe(
  object: FederatedIdentityCredential,
  context: ReconcileContext,
  live: LiveReads,
  deps: ObserveDeps,
): Promise<Facts> {
  const { stores, clock, installationId, federationAudience, releaseAfterMs } = deps;
  const policy = policyFor(object, stores);
  const common: Facts = {
    now: clock.now(),
    installationId,
    defaultAudience: federationAudience,
    policy,
    clusterIssuer: await live.once('issuer', () => deps.clusterIssuer.current(context.signal)),
    identity: { state: 'waiting', why: 'was not looked for' },
    siblings: [],
    openWriteMs: openWriteMs(object, deps),
    ...(context.wroteAt !== undefined && { wroteAt: context.wroteAt }),
    releaseAfterMs,
    ...blockedFor(object, deps),
  };
  const deleting = object.metadata.deletionTimestamp !== undefined;
  // A deletion begins with the ledger; then Azure is read for what else there may be, as a ledger may be lost, or name another's.
  if (deleting && object.status?.ledger?.some((id) => isProven(id, object, common))) return common;
  // Not even a read is made on behalf of a namespace that may not have the credential.
  if (!deleting && !requestOf(object, common, policy).granted) return common;

  return observeCredentials(
    object,
    context,
    deps,
    common,
    isReconcileRequested(object) || live.wants(CREDENTIALS),
  );
}

async function observeCredentials(
  object: FederatedIdentityCredential,
  context: ReconcileContext,
  deps: ObserveDeps,
  common: Facts,
  live: boolean,
): Promise<Facts> {
  const proven = await deps.proofs.prove(identityKey(object), context, live);
  const identity = object.metadata.deletionTimestamp ? placeOfGoing(proven) : proven;
  if (identity.state !== 'owned') return { ...common, identity };
  deps.inUse.record(context.key, identity.id, identity.principalId);
  // What this reconcile read or wrote itself, but not before a write that Azure refused: the reason may be readable since.
  const since = Math.max(context.startedAt, deps.ownWrites.failedAt(object.metadata.uid));
  const credentials = await credentialsOn(identity.id, since, live, context, deps);
  const there = credentials.state === 'known' ? credentials.credentials : [];
  const siblings = siblingsOf(object, { key: identityKey(object), id: identity.id }, there, deps, common);
  if (credentials.state !== 'known') return { ...common, identity, siblings, credentials };
  const here = { credentials: there, siblings };
  const elsewhere = await elsewhereOf(object, here, context, deps, common, live);
  return { ...common, identity, siblings, credentials, ...(elsewhere.length > 0 && { elsewhere }) };
}

/**
 * The object of its identity is not there, and Azure shows one that is marked for it: the credential to delete may be
 * on that one. Its name shows whether azid made it for this very object.
 */
function placeOfGoing(proven: ProvenIdentity): ProvenIdentity {
  if (proven.state !== 'waiting' || !proven.marked) return proven;
  const { id, principalId } = proven.marked;
  return { state: 'owned', id, principalId, live: false, deleting: true };
}

/** Another process may have begun a write and died before its end; how this one's own ended is known. */
function openWriteMs(
  { status, metadata }: FederatedIdentityCredential,
  { ownWrites, lateWrites }: ObserveDeps,
): number {
  const begun = status?.writeStartedAt;
  if (begun === undefined || ownWrites.hasEnded(metadata.uid, begun)) return 0;
  return lateWrites.openMs(metadata.uid, begun);
}

/** The identity and all credentials on it, among what is to be read live. */
export const CREDENTIALS = 'credentials';

/** A write, and the removal of a line of the ledger, is decided only from Azure's answers during this reconcile. */
export function needsLive(
  { status, metadata }: FederatedIdentityCredential,
  { identity, credentials, elsewhere = [], openWriteMs }: Facts,
  { actions }: CredentialDecision,
): readonly string[] {
  if (identity.state !== 'owned' || credentials?.state !== 'known') return [];
  if (identity.live && credentials.live && elsewhere.every(({ live }) => live)) return [];
  const restsOnIt =
    metadata.deletionTimestamp !== undefined ||
    // Credentials go with their identity; one made again under the same name has none of them.
    (status?.principalId !== undefined && status.principalId !== identity.principalId) ||
    (status?.writeStartedAt !== undefined && openWriteMs === 0) ||
    actions.some(({ type }) => type === 'putCredential' || type === 'deleteCredential');
  return restsOnIt ? [CREDENTIALS] : [];
}
