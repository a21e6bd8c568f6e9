import { isSuspended } from '../../api/schema/common.ts';
import { RECHECK_INSIDE_MS, RECHECK_OUTSIDE_MS, RECHECK_READY_MS, type Summary } from '../decision.ts';
import { systemAssignedAsked } from '../hosts/claims/spec.ts';
import { SYSTEM } from '../hosts/ledger/lines.ts';
import { finalizerOf, notAllowed, stalledInside, stalledOutside, summaryOf } from '../status/summary.ts';
import { decideDeletion } from './deletion.ts';
import type {
  Action,
  Facts,
  Failed,
  OwnStatus,
  SystemAssignedIdentity,
  SystemIdentityDecision,
} from './facts.ts';
import { contest, full, NO_PRINCIPAL, ownStatus, servicePrincipalName } from './object.ts';

/** A host's ledger enqueues the object; this is the safety net while something is under way. */
const RECHECK_UNDER_WAY_MS = 60_000;
/** Azure's own record of the identity is behind the resource. */
const RECHECK_LAGGING_MS = 15_000;

/**
 * From what is known to what to do, for one SystemAssignedIdentity. Pure. It never writes to the resource: its
 * HostIdentity does, and this object reports the result.
 */
export function decide(
  object: SystemAssignedIdentity,
  facts: Facts,
  failed?: Failed,
): SystemIdentityDecision {
  if (object.metadata.deletionTimestamp) return decideDeletion(object, facts, failed);
  const { resourceId } = object.spec;
  const { policy, problem, type, absent, movedTo, ledger } = facts;
  const own = ownStatus(object);
  if (problem) return stop(own, stalledInside(problem.reason, problem.message));
  const host = { hostId: resourceId, type: type.name, known: type.known };
  const verdict = policy.allowsSystemAssigned(systemAssignedAsked(object, host));
  if (absent) {
    // Its principal is gone with it, even where no policy allows it; of one that was moved it lives on.
    const message = `spec.resourceId: waiting for ${resourceId}, which does not exist${where(movedTo)}`;
    const status = movedTo === undefined ? { ...own, ...NO_PRINCIPAL } : own;
    const denied = !verdict.allowed && !verdict.unseen ? notAllowed(object, verdict) : undefined;
    return stop(status, denied ?? waiting(resourceId, message));
  }
  if (!verdict.allowed) return stop(own, notAllowed(object, verdict));

  // While suspended nothing is performed; that something would be is what makes an edit stay unobserved.
  const held = isSuspended(object) && ledger?.entry?.state !== 'Attached';
  const steps: Action[] = [
    ...finalizerOf(object),
    ...(ledger && !held ? [] : [{ type: 'ensureHost', hostId: resourceId } as const]),
  ];
  if (!ledger) return under(own, 'SwitchingOn', `asking for the identity of ${resourceId}`, steps);
  return follow(object, facts, ledger, steps);
}

/** What the host's ledger records becomes the status. */
function follow(
  object: SystemAssignedIdentity,
  facts: Facts,
  ledger: NonNullable<Facts['ledger']>,
  steps: Action[],
): SystemIdentityDecision {
  const { resourceId } = object.spec;
  const { entry, stalled, waiting: missing, contested, unnamed = false } = ledger;
  const own = ownStatus(object);
  const conditions = [...contest(object, contested, resourceId), ...full(object, unnamed, resourceId)];
  if (entry?.state === 'Attached' && entry.principalId !== undefined) {
    const decision = known(object, facts, entry.principalId, entry.owned, ledger.hostId);
    return { ...decision, actions: [...steps, ...decision.actions], conditions };
  }
  const summary = (): Summary => {
    if (contested) {
      const message = `somebody keeps switching off the identity of ${resourceId}; azid switches it on with growing pauses: find out who does`;
      return { state: 'progressing', reason: 'Contested', message, againMs: RECHECK_OUTSIDE_MS };
    }
    if (entry?.problem) return stalledOutside(entry.problem.reason, entry.problem.message);
    if (stalled) return stalledOutside(stalled.reason, stalled.message);
    if (!entry && missing !== undefined) return waiting(resourceId, missing);
    const message = `the identity of ${resourceId} is being switched on`;
    return { state: 'progressing', reason: 'SwitchingOn', message, againMs: RECHECK_UNDER_WAY_MS };
  };
  return { actions: steps, status: own, summary: summary(), conditions };
}

function known(
  object: SystemAssignedIdentity,
  { azure, lastPrincipalId }: Facts,
  principalId: string,
  owned: boolean,
  hostId: string | undefined,
): SystemIdentityDecision {
  const own = ownStatus(object);
  const id = hostId ?? own.id ?? object.spec.resourceId;
  const same = own.principalId === principalId;
  // Never the ids of one principal beside those of another.
  const status: OwnStatus = {
    ...(same ? own : { ...own, ...NO_PRINCIPAL }),
    id,
    principalId,
    servicePrincipalName: servicePrincipalName(id),
    ...(azure?.state === 'found' &&
      azure.principalId.toLowerCase() === principalId.toLowerCase() && {
        clientId: azure.clientId,
        tenantId: azure.tenantId,
      }),
  };
  const summary = summaryOfKnown(status, azure, owned, id);
  const before = own.principalId ?? lastPrincipalId;
  if (same || before === principalId) return { actions: [], status, summary };
  const replaced = before !== undefined;
  const message = replaced
    ? `${id} has another identity of its own: principal ${principalId} instead of ${before}; grants follow`
    : `the identity of ${id} is principal ${principalId}`;
  const event = {
    type: replaced ? 'Warning' : 'Normal',
    reason: replaced ? 'SystemIdentityReplaced' : 'SystemIdentityOn',
    action: 'Observe',
    message,
    ...(replaced && ({ drift: { id, how: 'written', parts: [SYSTEM], isRepaired: true } } as const)),
  } as const;
  return {
    actions: [
      { type: 'saveStatus', status, why: 'grants follow the principal, which is reported once' },
      { type: 'recordEvent', event },
    ],
    status,
    summary,
  };
}

function summaryOfKnown(
  { principalId, clientId }: OwnStatus,
  azure: Facts['azure'],
  owned: boolean,
  id: string,
): Summary {
  if (clientId === undefined) {
    if (azure?.state === 'unreadable') return summaryOf(azure.failure);
    const message = `Azure does not show yet which client id principal ${principalId} has`;
    return { state: 'progressing', reason: 'ReadingIdentity', message, againMs: RECHECK_LAGGING_MS };
  }
  const shown = owned
    ? { reason: 'SystemAssigned', message: `the identity of ${id} is on` }
    : {
        reason: 'ExistsUnmanaged',
        message: `the identity of ${id} was on before azid, which never switches it off; should it vanish, azid switches it on`,
      };
  return { state: 'ready', nextMs: RECHECK_READY_MS, ...shown };
}

function where(movedTo: string | undefined): string {
  return movedTo === undefined
    ? ''
    : `: it was moved to ${movedTo}; make a SystemAssignedIdentity for that id, let grants refer to it, and then delete this one: the identity stays on as long as one of the two is there`;
}

function waiting(resourceId: string, message: string): Summary {
  return { state: 'waiting', for: resourceId, message, recheckMs: RECHECK_INSIDE_MS };
}

function under(
  status: OwnStatus,
  reason: string,
  message: string,
  actions: Action[],
): SystemIdentityDecision {
  return {
    actions,
    status,
    summary: { state: 'progressing', reason, message, againMs: RECHECK_UNDER_WAY_MS },
  };
}

function stop(status: OwnStatus, summary: Summary): SystemIdentityDecision {
  return { actions: [], status, summary };
}
