import type { AzureHost } from '../../../azure/hosts/host.ts';
import { livenessOf } from '../../../azure/hosts/read/read-host.ts';
import type { Summary } from '../../decision.ts';
import { type Line, SYSTEM, shortName } from '../../hosts/ledger/lines.ts';
import { DEAD_IN_THE_WAY, DEAD_ON_HOST, type Trouble, withProblem } from '../../hosts/ledger/problems.ts';
import { stalledOutside, summaryOf } from '../../status/summary.ts';
import type { Facts, Refusal } from '../facts.ts';
import { withState } from '../identity/case.ts';
import {
  guiltyOf,
  isAboutIdentities,
  namedIn,
  troubleOf,
  troubleOfHost,
  troubleOfRemoval,
} from './classify.ts';

interface Judgement {
  readonly lines: ReadonlyMap<string, Line>;
  /** Nothing more is to be written in this reconcile. Absent: the rest may go through at once. */
  readonly stop?: Summary;
}

/**
 * The ledger after a write that was refused: whoever is named fails alone and the rest goes on; if nobody is named, fewer
 * are tried at once until a single one fails (docs/guarantees.md mistakes 13 and 14).
 */
export function afterRefusal(
  lines: ReadonlyMap<string, Line>,
  refusal: Refusal,
  host: AzureHost,
  facts: Facts,
): Judgement {
  const { asked, failure } = refusal;
  const left = failure.ambiguous ? new Map(lines) : withoutFresh(lines, asked.fresh);
  // The present round has read the host anew.
  if (failure.reason === 'ChangedMeanwhile') return { lines: left };
  if (!isAboutIdentities(failure)) {
    if (failure.kind !== 'stalled') return { lines: left, stop: summaryOf(failure) };
    const gives = asked.adds.length > 0 || asked.system === 'on';
    const { reason, message } = troubleOfHost(failure, host.id, facts.type, gives);
    return { lines: left, stop: stalledOutside(reason, message) };
  }
  const named = namedIn(failure);
  const involved = [...asked.adds, ...asked.removes];
  const guilty = guiltyOf(failure, involved);
  if (guilty.length > 0) return blame(left, guilty, refusal, host, facts);

  const dead = named.filter((key) => isDeadOn(host, key));
  const strange = dead.filter((key) => left.get(key)?.owned !== true);
  if (strange.length > 0) {
    const names = strange.map((key) => shortName(key)).join(', ');
    const message = `${host.id} still has ${names}, which no longer exists and which azid did not attach, and Azure refuses every change because of it: remove it from the resource; ${failure.message}`;
    return { lines: left, stop: stalledOutside(DEAD_ON_HOST, message) };
  }
  // What azid attached is removed in the next write, with whatever else is due.
  if (dead.length > 0) {
    const { reason, message } = { reason: DEAD_IN_THE_WAY, message: failure.message };
    for (const key of dead) {
      const line = left.get(key);
      if (line) left.set(key, withProblem(line, { reason, message }, facts.now));
    }
    // Refused with the removal, too: not in this reconcile.
    return facts.writes > 2 ? { lines: left, stop: summaryOf(failure) } : { lines: left };
  }
  if (/^failed$/i.test(host.provisioningState ?? '')) {
    const message = `${host.id} is in provisioning state Failed, and Azure refused a change of its identities: repair the resource; ${failure.message}`;
    return { lines: left, stop: stalledOutside('HostFailed', message) };
  }
  const single = singleOf(refusal);
  if (single !== undefined) return blame(left, [single], refusal, host, facts);
  const bisects = asked.adds.length + (asked.system === 'on' ? 1 : 0) > 1;
  return bisects ? { lines: left } : { lines: left, stop: summaryOf(failure) };
}

/** What azid had not attached before, it has not attached by a write that was refused, or never sent. */
export function withoutFresh(lines: ReadonlyMap<string, Line>, fresh: readonly string[]): Map<string, Line> {
  const left = new Map(lines);
  for (const key of fresh) {
    const line = left.get(key);
    if (line?.state === 'Attaching' && line.owned) left.set(key, { ...line, owned: false });
  }
  return left;
}

function blame(
  lines: ReadonlyMap<string, Line>,
  keys: readonly string[],
  { asked, failure }: Refusal,
  host: AzureHost,
  { identities, now }: Facts,
): Judgement {
  const next = new Map(lines);
  for (const key of keys) {
    const line = next.get(key);
    if (!line) continue;
    const id = line.identityId ?? key;
    const adds = line.state !== 'Detaching';
    const removed = key === SYSTEM ? asked.system === 'off' : asked.removes.includes(key);
    const name = key === SYSTEM ? shortName(key) : `identity ${id}`;
    const trouble: Trouble = removed
      ? troubleOfRemoval(failure, name, host.id)
      : key === SYSTEM
        ? failure
        : troubleOf(failure, id, identities.get(key));
    // On the host, and refused to be taken away: it stays what it is.
    next.set(key, withProblem(adds ? withState(line, 'Refused', now) : line, trouble, now));
  }
  return { lines: next };
}

/** The only one that the write was about. */
function singleOf({ asked: { adds, removes, system } }: Refusal): string | undefined {
  const gains = [...adds, ...(system === 'on' ? [SYSTEM] : [])];
  if (gains.length === 1) return gains[0];
  const losses = [...removes, ...(system === 'off' ? [SYSTEM] : [])];
  return gains.length === 0 && losses.length === 1 ? losses[0] : undefined;
}

function isDeadOn(host: AzureHost, key: string): boolean {
  return host.identity.userAssigned.some((each) => each.key === key && livenessOf(host, each) === 'dead');
}
