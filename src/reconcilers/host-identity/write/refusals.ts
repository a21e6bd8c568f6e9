import { AzureError } from '../../../azure/arm/errors.ts';
import type { AzureHost } from '../../../azure/hosts/host.ts';
import { livenessOf } from '../../../azure/hosts/read/read-host.ts';
import type { Failure, Summary } from '../../decision.ts';
import { type Line, SYSTEM, shortName, withState } from '../../hosts/ledger/lines.ts';
import {
  DEAD_IN_THE_WAY,
  DEAD_ON_HOST,
  IDENTITY_NOT_FOUND,
  type Trouble,
  withProblem,
} from '../../hosts/ledger/problems.ts';
import { stalledOutside, summaryOf } from '../../status/summary.ts';
import type { Asked, Facts, ObservedIdentity, Refusal } from '../facts.ts';
import { gainsOf, isAboutIdentities, keysAtFault, namedIn } from './at-fault.ts';

interface AfterRefusal {
  readonly lines: ReadonlyMap<string, Line>;
  /** Nothing more is to be written in this reconcile. Absent: the rest may go through at once. */
  readonly stop?: Summary;
}

/**
 * The ledger after a write that was refused: an identity that Azure names fails alone and the rest goes on; if it names
 * none, fewer are tried at once until a single one fails (docs/guarantees.md mistakes 13 and 14).
 */
export function afterRefusal(
  lines: ReadonlyMap<string, Line>,
  refusal: Refusal,
  host: AzureHost,
  facts: Facts,
): AfterRefusal {
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
  const atFault = keysAtFault(failure, [...asked.adds, ...asked.removes]);
  if (atFault.length > 0) return failAlone(left, atFault, refusal, host, facts);

  const dead = namedIn(failure).filter((key) => isDeadOn(host, key));
  const foreign = dead.filter((key) => left.get(key)?.owned !== true);
  if (foreign.length > 0) {
    const names = foreign.map((key) => shortName(key)).join(', ');
    const message = `${host.id} still has ${names}, which no longer exists and which azid did not attach, and Azure refuses every change because of it: remove it from the resource; ${failure.message}`;
    return { lines: left, stop: stalledOutside(DEAD_ON_HOST, message) };
  }
  // What azid attached is removed in the next write, with what else is due.
  if (dead.length > 0) {
    const trouble = { reason: DEAD_IN_THE_WAY, message: failure.message };
    for (const key of dead) {
      const line = left.get(key);
      if (line) left.set(key, withProblem(line, trouble, facts.now));
    }
    // Refused with the removal, too: not in this reconcile.
    return facts.writes > 2 ? { lines: left, stop: summaryOf(failure) } : { lines: left };
  }
  if (/^failed$/i.test(host.provisioningState ?? '')) {
    const message = `${host.id} is in provisioning state Failed, and Azure refused a change of its identities: repair the resource; ${failure.message}`;
    return { lines: left, stop: stalledOutside('HostFailed', message) };
  }
  const single = singleOf(asked);
  if (single !== undefined) return failAlone(left, [single], refusal, host, facts);
  return gainsOf(asked).length > 1 ? { lines: left } : { lines: left, stop: summaryOf(failure) };
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

function failAlone(
  lines: ReadonlyMap<string, Line>,
  keys: readonly string[],
  { asked, failure }: Refusal,
  host: AzureHost,
  { identities, now }: Facts,
): AfterRefusal {
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
function singleOf(asked: Asked): string | undefined {
  const gains = gainsOf(asked);
  if (gains.length === 1) return gains[0];
  const losses = [...asked.removes, ...(asked.system === 'off' ? [SYSTEM] : [])];
  return gains.length === 0 && losses.length === 1 ? losses[0] : undefined;
}

function isDeadOn(host: AzureHost, key: string): boolean {
  return host.identity.userAssigned.some((each) => each.key === key && livenessOf(host, each) === 'dead');
}

/** What it means for one identity that is to be attached. */
function troubleOf(
  { reason, message }: Failure,
  id: string,
  observed: ObservedIdentity | undefined,
): Trouble {
  if (reason !== 'LinkedAuthorizationFailed') return { reason, message };
  if (observed?.state === 'absent')
    return {
      reason: IDENTITY_NOT_FOUND,
      message: `identity ${id} does not exist; azid goes on when it is there`,
    };
  return {
    reason: 'MissingAssignRight',
    message: `Azure does not let azid attach ${id}: give azid's identity the role Managed Identity Operator (f1a07417-d97a-45cb-824c-7a7467783830) on it, which has Microsoft.ManagedIdentity/userAssignedIdentities/assign/action; ${message}`,
  };
}

/**
 * What it means for one identity that is to be taken off, where nothing that is declared is wrong, and no right on the
 * identity is wanted.
 */
function troubleOfRemoval(failure: Failure, name: string, hostId: string): Trouble {
  const others = namedIn(failure).filter((key) => !name.toLowerCase().endsWith(key));
  const remedy =
    failure.reason === 'LinkedAuthorizationFailed' && others.length > 0
      ? `the write names what stays there, too: see that ${others.slice(0, 3).join(', ')} exist, and give azid’s identity the role Managed Identity Operator on them, or take those that are gone off the resource`
      : 'see what on the resource needs it, and change that, or take it off by hand; azid tries again';
  // Azure's words last: they may be long, and a status cuts them.
  const message = `Azure does not let azid take ${name} off ${hostId}; ${remedy}: ${answerIn(failure)}`;
  return { reason: failure.reason, message };
}

/** Azure's words without the remedy that suits a gift. */
function answerIn({ error, message }: Failure): string {
  return error instanceof AzureError ? `Azure answers ${error.code}: ${error.message}` : message;
}

/** What it means for the host. @param gives something is to be attached or switched on by the write that was refused */
function troubleOfHost(failure: Failure, hostId: string, type: string, gives: boolean): Trouble {
  const { reason, message } = failure;
  if (reason === 'DisallowedByAzurePolicy' && !gives)
    return {
      reason,
      message: `${answerIn(failure)}; exempt azid’s changes of ${hostId} from the named Azure Policy, or take off by hand what nobody wants`,
    };
  if (reason !== 'AuthorizationFailed') return { reason, message };
  return {
    reason: 'MissingWriteRight',
    message: `Azure does not let azid change the identities of ${hostId}: give azid's identity a role there with ${type}/write; ${message}`,
  };
}
