import { createHash } from 'node:crypto';
import type { AzureCaller } from '../../../azure/arm/caller.ts';
import type { Identities } from '../../../azure/identities.ts';
import { tag } from '../../../azure/names/identity-marks.ts';
import { asciiLower } from '../../../azure/names/text.ts';
import type { IdentityCache } from '../../../cache/identities.ts';
import { configMaps } from '../../../kube/builtin.ts';
import type { KubeClient } from '../../../kube/client.ts';
import {
  answerTo,
  type ClaimDecision,
  type ClaimRecord,
  claimText,
  decideClaim,
  readClaim,
} from '../../../orphans/claim.ts';
import type { Doubt } from '../../../orphans/observed.ts';
import type { RetainedRecords } from '../../../orphans/records/retained.ts';
import type { Log } from '../../../runtime/log.ts';
import { type Clock, sleep } from '../../../runtime/time/clock.ts';
import type { ReconcileContext } from '../../kind.ts';
import { INSTALLATION_CONFIG_MAP } from '../../own-config-maps.ts';
import { unreadBy } from '../../status/failure.ts';

/** Reads and writes the claim of this cluster: the tag on azid's own identity, and the record beside the installation's. */

interface ClaimDeps {
  readonly identities: Pick<Identities, 'get' | 'patch'>;
  readonly identityCache: Pick<IdentityCache, 'byIndex'>;
  readonly client: Pick<KubeClient, 'get' | 'mergePatch'>;
  readonly retained: Pick<RetainedRecords, 'restart'>;
  readonly installationId: string;
  readonly azidNamespace: string;
  readonly clock: Pick<Clock, 'now'>;
}

export interface ClaimWrite {
  readonly identityId: string;
  readonly record: ClaimRecord;
  readonly restored: boolean;
}

export interface ObservedClaim {
  readonly doubts: readonly Doubt[];
  readonly write?: ClaimWrite;
}

/** Of one installation: two of them may run under one identity. */
export function claimTag(installationId: string): string {
  return `azid-claim-${createHash('sha256').update(asciiLower(installationId)).digest('hex').slice(0, 12)}`;
}

/** @param confirmed the annotation by which a person says that another claim is over */
export async function observeClaim(
  self: AzureCaller,
  confirmed: string | undefined,
  context: ReconcileContext,
  deps: ClaimDeps,
): Promise<ObservedClaim> {
  const id = self.identityId ?? deps.identityCache.byIndex('principal', self.objectId)[0]?.id;
  if (id === undefined)
    return unknown(`azid's own identity (client id ${self.clientId}) is in no subscription that azid lists`);
  try {
    const got = await deps.identities.get(id, { ...context, priority: 'resync' });
    if (!got.found) return unknown(`azid's own identity ${id} is not there`);
    const record = await readRecord(context, deps);
    const shown = tag(got.identity.tags, claimTag(deps.installationId));
    const evaluated: ClaimDecision = decideClaim({ tag: shown, record, now: deps.clock.now(), confirmed });
    const { doubts, write, restored = false } = evaluated;
    return { doubts, ...(write && { write: { identityId: got.identity.id, record: write, restored } }) };
  } catch (error) {
    return unknown(unreadBy(error).message);
  }
}

/**
 * In a cluster without a sweep that deletes: what is to be written where another cluster claims this installation; undefined: no
 * other cluster does. Read of the cache, where it has azid's own identity.
 */
async function observeAnswer(
  self: AzureCaller,
  context: Pick<ReconcileContext, 'signal'>,
  deps: ClaimDeps,
): Promise<ClaimWrite | undefined> {
  const { identityCache, identities, installationId, clock } = deps;
  const seen = identityCache.byIndex('principal', self.objectId)[0];
  const id = seen?.id ?? self.identityId;
  if (id === undefined) return undefined;
  const name = claimTag(installationId);
  if (seen && tag(seen.tags, name) === undefined) return undefined;
  const got = await identities.get(id, { signal: context.signal, priority: 'resync' });
  const shown = got.found ? tag(got.identity.tags, name) : undefined;
  if (!got.found || shown === undefined) return undefined;
  const record = answerTo({ tag: shown, record: await readRecord(context, deps), now: clock.now() });
  return record && { identityId: got.identity.id, record, restored: false };
}

function unknown(why: string): ObservedClaim {
  const message = `the claim of this cluster cannot be read, or written: ${why}`;
  return { doubts: [{ reason: 'ClaimUnknown', message }] };
}

const KEYS = { counter: 'claimCounter', start: 'claimStart', contested: 'claimContested' } as const;

async function readRecord(
  { signal }: Pick<ReconcileContext, 'signal'>,
  { client, azidNamespace }: ClaimDeps,
): Promise<ClaimRecord> {
  const { data = {} } = await client.get(configMaps, keyOf(azidNamespace), signal);
  const number = (key: string) => (/^\d{1,15}$/.test(data[key] ?? '') ? Number(data[key]) : 0);
  const contested = readClaim(data[KEYS.contested] ?? '');
  return {
    clusterUid: data.clusterUid ?? '',
    counter: number(KEYS.counter),
    start: number(KEYS.start),
    ...(contested && { contested }),
  };
}

/** The record first: a tag that is ahead of it then means that the record was set back. */
export async function writeClaim(
  { identityId, record, restored }: ClaimWrite,
  context: Pick<ReconcileContext, 'signal'>,
  deps: ClaimDeps,
): Promise<{ readonly correlationId?: string }> {
  const { client, identities, retained, installationId, azidNamespace, clock } = deps;
  // What was retained since the backup is not on record any more.
  if (restored) await retained.restart(context.signal);
  const { counter, start, contested } = record;
  const data = {
    [KEYS.counter]: String(counter),
    [KEYS.start]: String(start),
    [KEYS.contested]: contested
      ? claimText({ ...record, clusterUid: contested.clusterUid }, contested.at)
      : null,
  };
  await client.mergePatch(configMaps, keyOf(azidNamespace), { data }, context.signal);
  const calls = { ...context, priority: 'resync' } as const;
  // A PATCH sends all tags: others' as they are at this moment.
  const got = await identities.get(identityId, calls);
  if (!got.found) return {};
  const tags = { ...got.identity.tags, [claimTag(installationId)]: claimText(record, clock.now()) };
  return identities.patch(identityId, { tags }, calls);
}

function keyOf(namespace: string): string {
  return `${namespace}/${INSTALLATION_CONFIG_MAP}`;
}

/** Twice between two renewals: the cluster that claims deletes nothing before the second. */
const POLL_MS = 30 * 60_000;

interface AnswerDeps extends ClaimDeps {
  readonly whoAmI: () => Promise<AzureCaller>;
  readonly clock: Clock;
}

/**
 * Two clusters that act as one installation: a sweep in one takes the other's things for orphans. The claim on azid's
 * own identity keeps it from that if both have one, and only a sweep that may delete makes it; so the leader reads it
 * for another cluster's claim, and answers it. Never rejects.
 */
export async function answerClaims(deps: AnswerDeps, log: Log, signal: AbortSignal): Promise<void> {
  for (;;) {
    await sleep(deps.clock, POLL_MS, signal).catch(() => {});
    if (signal.aborted) return;
    try {
      const write = await observeAnswer(await deps.whoAmI(), { signal }, deps);
      if (!write) continue;
      const other = write.record.contested?.clusterUid;
      log.warn(
        { otherCluster: other, installation: deps.installationId },
        'another cluster claims this installation, and its sweep would take what this one has for orphans: stop azid in one of the two, or give it an installation id of its own',
      );
      await writeClaim(write, { signal }, deps);
    } catch (error) {
      if (signal.aborted) return;
      log.warn(
        { error },
        'whether another cluster claims this installation could not be read, or not be answered',
      );
    }
  }
}
