import {
  type ActivityEntry,
  MAX_ACTIVITY,
  MAX_CALLER,
  MAX_CORRELATION,
  MAX_OPERATION,
  MAX_REPAIRED,
  RESULTS,
} from '../../api/schema/activity.ts';
import { sameText } from '../../azure/names/text.ts';
import { WITHIN_MS } from '../../hints/activity/by-whom.ts';
import { type Call, isOwnText } from '../../hints/activity/call.ts';
import { timestamp } from '../../runtime/status/conditions.ts';
import { cut } from '../../runtime/status/message.ts';

/**
 * `status.activity`: what the status has, and what the journal has heard since. Pure. The status outlives the process and the
 * journal does not, so what it has is kept; it is shown and never gone by, and what in it is no entry is dropped.
 */

/** A call, and what it was done to where that is to be shown. */
interface Heard {
  readonly call: Call;
  readonly resourceId?: string | undefined;
}

/** The newest first. The same values as before where nothing new was heard, so that nothing is written for it. */
export function entriesOf(kept: unknown, heard: readonly Heard[]): readonly ActivityEntry[] {
  let entries = cleaned(kept);
  const added: { readonly entry: ActivityEntry; readonly at: number }[] = [];
  for (const each of heard) {
    const next = entryOf(each);
    const known = entries.find((entry) => isSame(entry, next, each.call.own));
    if (!known) added.push({ entry: next, at: each.call.at });
    else entries = entries.map((entry) => (entry === known ? better(known, next, each.call) : entry));
  }
  const news = added
    .sort((left, right) => right.at - left.at || byIds(left, right))
    .map(({ entry }) => entry);
  // Times are whole seconds. Of one second those that are there stay: else two sets took turns, and each turn were a write.
  const shown = new Set([...entries, ...news].sort(newestFirst).slice(0, MAX_ACTIVITY));
  return [...news, ...entries].filter((entry) => shown.has(entry)).sort(newestFirst);
}

function newestFirst(left: ActivityEntry, right: ActivityEntry): number {
  return Date.parse(right.time) - Date.parse(left.time);
}

/** So that it does not matter in which order things are heard of. */
function byIds(
  { entry: left }: { entry: ActivityEntry },
  { entry: right }: { entry: ActivityEntry },
): number {
  return (
    compare(right.correlationId ?? '', left.correlationId ?? '') ||
    compare(right.resourceId ?? '', left.resourceId ?? '')
  );
}

function compare(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}

/** What azid's last write put right, as long as it is of interest. */
export function repairedLately(entries: readonly ActivityEntry[], now: number): string | undefined {
  const last = entries.find(({ caller }) => isOwnText(caller));
  return last && now - Date.parse(last.time) < WITHIN_MS ? last.repaired : undefined;
}

/** When azid last wrote, wall ms; 0: it does not show. */
export function ownLastIn(kept: unknown): number {
  return Math.max(
    0,
    ...cleaned(kept)
      .filter(({ caller }) => isOwnText(caller))
      .map(({ time }) => Date.parse(time)),
  );
}

function entryOf({ call, resourceId }: Heard): ActivityEntry {
  const { at, operation, caller, result, correlationId, repaired } = call;
  return {
    time: timestamp(at),
    operation: cut(operation, MAX_OPERATION),
    ...(caller !== undefined && { caller: cut(caller, MAX_CALLER) }),
    result,
    ...(correlationId !== undefined && { correlationId: cut(correlationId, MAX_CORRELATION) }),
    ...(resourceId !== undefined && { resourceId }),
    ...(repaired !== undefined && { repaired: cut(repaired, MAX_REPAIRED) }),
  };
}

/**
 * As the journal has it (`src/hints/activity/call.ts`): one call of azid's own has its correlation id alone, a deployment of another tool
 * has one for all that it does, and a call of azid's and one of another caller are never the same, even with the same id.
 */
function isSame(entry: ActivityEntry, next: ActivityEntry, own: boolean): boolean {
  if (!sameIds(entry.resourceId, next.resourceId)) return false;
  if (!sameIds(entry.correlationId, next.correlationId)) return false;
  if ((isOwnText(entry.caller) || (own && wasNotKnown(entry, next))) !== own) return false;
  const sameOperation = sameText(entry.operation, next.operation);
  return entry.correlationId === undefined ? sameOperation && entry.time === next.time : own || sameOperation;
}

/** azid's own call, recorded as another caller's by a process that did not know its own identity yet. */
function wasNotKnown({ caller: shown }: ActivityEntry, { caller: azid }: ActivityEntry): boolean {
  const [, objectId] = /^azid \((.+)\)$/.exec(azid ?? '') ?? [];
  return objectId !== undefined && shown !== undefined && sameText(shown, `principal ${objectId}`);
}

/** Azure spells one id in several ways. */
function sameIds(left: string | undefined, right: string | undefined): boolean {
  return left === undefined || right === undefined ? left === right : sameText(left, right);
}

/** The entry on record stays: its time, and each field that the new report does not know better. */
function better(known: ActivityEntry, next: ActivityEntry, { own, isNamed = false }: Call): ActivityEntry {
  const { time } = known;
  if (isOwnText(known.caller)) return known;
  if (own) return { ...next, time };
  const caller = isNamed || known.caller === undefined ? next.caller : known.caller;
  return { ...known, result: next.result, ...(caller !== undefined && { caller }) };
}

/** What is no entry at all, and more of one than it may hold, would be refused by the API server with the whole status. */
function cleaned(kept: unknown): readonly ActivityEntry[] {
  if (!Array.isArray(kept)) return [];
  return kept.slice(0, MAX_ACTIVITY).filter(isEntry);
}

const TEXTS: Readonly<Partial<Record<keyof ActivityEntry, number>>> = {
  operation: MAX_OPERATION,
  caller: MAX_CALLER,
  correlationId: MAX_CORRELATION,
  resourceId: 1200,
  repaired: MAX_REPAIRED,
};

function isEntry(value: unknown): value is ActivityEntry {
  if (typeof value !== 'object' || value === null) return false;
  const given = value as Readonly<Record<string, unknown>>;
  const { time, operation, result } = given;
  if (typeof time !== 'string' || time.length > 64 || Number.isNaN(Date.parse(time))) return false;
  if (typeof operation !== 'string' || !RESULTS.some((each) => each === result)) return false;
  return Object.entries(TEXTS).every(([name, max = 0]) => {
    const text = given[name];
    return text === undefined || (typeof text === 'string' && text.length <= max);
  });
}
