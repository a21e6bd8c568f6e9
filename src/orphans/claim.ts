import { CONFIRM_ORPHANS_ANNOTATION } from '../api/orphan-sweep.ts';
import { timestamp } from '../runtime/status/conditions.ts';
import type { Doubt } from './observed.ts';
import { readConfirmation } from './spec.ts';

/**
 * The claim of one cluster on an installation: a tag on azid's own identity, renewed while a sweep may delete. Two clusters that act as
 * one installation, and a cluster that was restored from a backup, find things without owners that have one elsewhere. Pure.
 */

/** Between two renewals, ms. */
export const RENEW_MS = 3_600_000;
/** So many renewals in a row, without another cluster's between them, before anything is deleted. */
const RENEWALS = 2;

/** What the tag says. */
interface Claim {
  readonly clusterUid: string;
  /** One more with each renewal. */
  readonly counter: number;
  /** Wall ms. */
  readonly at: number;
}

/** What this cluster remembers, in the ConfigMap of the installation; written before the tag is. */
export interface ClaimRecord {
  readonly clusterUid: string;
  readonly counter: number;
  /** The counter of the first one in a row. */
  readonly start: number;
  /** Another cluster's claim that was met where this one's stood, until a person confirms that it is over. */
  readonly contested?: Pick<Claim, 'clusterUid' | 'at'>;
}

export interface ClaimDecision {
  readonly doubts: readonly Doubt[];
  /** To be written now: first into the record, then into the tag. */
  readonly write?: ClaimRecord;
  /** A person confirms that what a restore brought back holds from now on. */
  readonly restored?: true;
}

/** `<cluster uid> <counter> <time>`. */
export function claimText({ clusterUid, counter }: ClaimRecord, now: number): string {
  return `${clusterUid} ${counter} ${timestamp(now)}`;
}

/** Undefined: it is no claim. */
export function readClaim(text: string): Claim | undefined {
  const [, clusterUid = '', counter = '', time = ''] =
    /^(\S{1,64}) (\d{1,15}) (\S{1,40})$/.exec(text.trim()) ?? [];
  const at = Date.parse(time);
  return clusterUid === '' || Number.isNaN(at) ? undefined : { clusterUid, counter: Number(counter), at };
}

interface ClaimFacts {
  /** As the tag on azid's own identity has it; undefined: there is none. */
  readonly tag: string | undefined;
  readonly record: ClaimRecord;
  /** Wall ms. */
  readonly now: number;
  /** The annotation of the sweep. */
  readonly confirmed: string | undefined;
}

export function decideClaim({ tag, record, now, confirmed }: ClaimFacts): ClaimDecision {
  const confirmation = readConfirmation(confirmed, now);
  const until = confirmation.state === 'until' ? confirmation.until : Number.NEGATIVE_INFINITY;
  const { contested, ...own } = record;
  const open = contested && contested.at > until ? contested : undefined;
  const doubts = open ? [elsewhere(open)] : [];
  const begun = (after: number): ClaimRecord => ({
    ...own,
    counter: after + 1,
    start: after + 1,
    ...(open && { contested: open }),
  });
  if (tag === undefined) return { doubts: [...doubts, TOO_YOUNG], write: begun(record.counter) };
  const claim = readClaim(tag);
  if (!claim) return { doubts: [...doubts, unreadable(tag)] };
  if (claim.clusterUid !== record.clusterUid) {
    if (claim.at <= until)
      return { doubts: [...doubts, TOO_YOUNG], write: begun(Math.max(record.counter, claim.counter)) };
    // The cluster that had the claim before claims again, or the other one would take its things for orphans.
    const back = { ...begun(Math.max(record.counter, claim.counter)), contested: claim };
    return { doubts: [elsewhere(claim)], ...(record.counter > 0 && { write: back }) };
  }
  if (claim.counter > record.counter) {
    if (claim.at > until) return { doubts: [...doubts, restored(claim)] };
    return { doubts: [...doubts, TOO_YOUNG], write: begun(claim.counter), restored: true };
  }
  const isYoung = record.counter - record.start < RENEWALS;
  // A clock that was set back shows a time that has yet to come.
  const isDue = now - claim.at >= RENEW_MS || claim.at > now + RENEW_MS;
  const isOver = contested !== undefined && !open;
  return {
    doubts: isYoung ? [...doubts, TOO_YOUNG] : doubts,
    ...((isDue || isOver) && {
      write: { ...own, counter: record.counter + 1, ...(open && { contested: open }) },
    }),
  };
}

/** Three renewals were missed: the cluster that has the claim no longer works, ms. */
export const LAPSED_MS = 3 * RENEW_MS;

/**
 * The claim of a cluster without a sweep that deletes, which renews none: it claims only where another cluster claims the installation,
 * or its things would be orphans there.
 */
export function answerTo({
  tag,
  record,
  now,
}: Pick<ClaimFacts, 'tag' | 'record' | 'now'>): ClaimRecord | undefined {
  const claim = tag === undefined ? undefined : readClaim(tag);
  if (!claim || claim.clusterUid === record.clusterUid || now - claim.at >= LAPSED_MS) return undefined;
  const counter = Math.max(record.counter, claim.counter) + 1;
  const { clusterUid, at } = claim;
  return { clusterUid: record.clusterUid, counter, start: counter, contested: { clusterUid, at } };
}

const TOO_YOUNG: Doubt = {
  reason: 'ClaimTooYoung',
  message: `the claim on this installation is new, and another cluster may still renew its own: nothing is deleted before ${RENEWALS} renewals, one an hour`,
};

function elsewhere({ clusterUid, at }: Pick<Claim, 'clusterUid' | 'at'>): Doubt {
  return {
    reason: 'ClaimedElsewhere',
    message: `the cluster whose kube-system has uid ${clusterUid} acts as this installation, last seen ${timestamp(at)}: what has no object here may have one there; stop azid there or give it an installation id of its own, then set the annotation ${CONFIRM_ORPHANS_ANNOTATION} to "${timestamp(at)}"`,
  };
}

function restored({ at }: Claim): Doubt {
  return {
    reason: 'ClusterRestored',
    message: `this cluster's record of its claim is older than the claim in Azure of ${timestamp(at)}: it was restored from a backup, and what was made since has no object here; apply what is missing, read status.candidates, then set the annotation ${CONFIRM_ORPHANS_ANNOTATION} to "${timestamp(at)}"`,
  };
}

function unreadable(tag: string): Doubt {
  return {
    reason: 'ClaimUnknown',
    message: `the claim on azid's own identity is none that azid writes: '${tag.slice(0, 100)}'; take the tag off`,
  };
}
