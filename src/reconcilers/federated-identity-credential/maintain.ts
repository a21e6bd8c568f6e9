import { armKey, sameId } from '../../azure/names/resource-id.ts';
import { type Failure, RECHECK_READY_MS, type Summary } from '../decision.ts';
import { removalAgainMs, removalBlocked, removalFree } from '../status/blocked.ts';
import { summaryOf } from '../status/summaries.ts';
import type {
  Action,
  CredentialDecision,
  Facts,
  FederatedIdentityCredential,
  OwnedIdentity,
  OwnStatus,
  SeenCredential,
  Trust,
} from './facts.ts';
import { credentialIdOn, finalizer, isProven, nameOf, ownCredentials, ownStatus, whoseIs } from './own.ts';
import { sameTrust } from './trust/place.ts';

/** The credential is this object's to make and to keep: finalizer, ledger, write, status, and what an edit left behind. */

/** By key: what was replaced, and whose removal was refused in this reconcile. */
export type Stuck = ReadonlyMap<string, Failure>;

/** `status.ledger` holds no more. */
const MAX_LEDGER = 8;
/** The issuer of the cluster is read again that often (src/kube/access/cluster-issuer.ts). */
const REREAD_ISSUER_MS = 3_600_000;

/** The PUT that is due, with its intent; undefined when Azure is as wanted. `own`: what is there under our name. */
export function write(
  object: FederatedIdentityCredential,
  facts: Facts,
  identity: OwnedIdentity,
  trust: Trust,
  policy: string,
  own: SeenCredential | undefined,
  stuck: Stuck,
): CredentialDecision | undefined {
  if (own && sameTrust(own, trust)) return undefined;
  const before = ownStatus(object);
  const id = credentialIdOn(identity.id, nameOf(object, facts.installationId));
  const ledger = before.ledger ?? [];
  const known = ledger.some((each) => sameId(each, id));
  if (!known && ledger.length >= MAX_LEDGER)
    return dropStale(object, facts, id, before, stuck) ?? withoutRoom(before, stuck);
  const intent: OwnStatus = {
    ...before,
    ledger: known ? ledger : [...ledger, id],
    writeStartedAt: new Date(facts.now).toISOString(),
  };
  return {
    actions: [
      ...finalizer(object),
      { type: 'saveStatus', status: intent, why: 'the intent to write the credential must survive a crash' },
      { type: 'putCredential', id, trust, event: eventOf(before, identity, id, trust, policy, own) },
    ],
    status: intent,
    summary: working(`writing credential ${id}`),
  };
}

/** As wanted: the status says so, and what is left on an identity named before goes. */
export function keep(
  object: FederatedIdentityCredential,
  facts: Facts,
  identity: OwnedIdentity,
  trust: Trust,
  own: SeenCredential | undefined,
  stuck: Stuck,
): CredentialDecision {
  const before = ownStatus(object);
  const id = own?.id ?? credentialIdOn(identity.id, nameOf(object, facts.installationId));
  const stale = dropStale(object, facts, id, before, stuck);
  if (stale) return stale;
  const left = leftOf(object, facts, id).filter((each) => stuck.has(armKey(each)));
  const missing = finalizer(object);
  const ledger = [...left, id];
  const status: OwnStatus = {
    ...seen(before, facts, identity, id, trust),
    ledger,
  };
  if (missing.length > 0 || before.ledger?.length !== ledger.length) {
    // Also what was found by its name alone, the status having been lost: from here on the ledger knows it.
    return {
      actions: [
        ...missing,
        {
          type: 'saveStatus',
          status: { ...before, ledger },
          why: 'the credential is this object’s own',
        },
      ],
      status,
      summary: working(`keeping credential ${id}`),
    };
  }
  return {
    actions: [],
    status,
    summary: {
      state: 'ready',
      reason: 'Ready',
      message: `credential ${id} is as declared; Entra may take some minutes to know a new one`,
      nextMs: nextMs(object, facts, left, stuck),
    },
    conditions: blockedOrFree(object, left, stuck),
  };
}

/** Somebody else's credential says what is wanted: nothing is made, and nothing will be taken away. */
export function satisfiedBy(
  object: FederatedIdentityCredential,
  facts: Facts,
  identity: OwnedIdentity,
  duplicate: SeenCredential,
  stuck: Stuck,
): CredentialDecision {
  const before = ownStatus(object);
  const stale = dropStale(object, facts, undefined, before, stuck);
  if (stale) return stale;
  const left = leftOf(object, facts, undefined).filter((each) => stuck.has(armKey(each)));
  return {
    actions: [],
    status: {
      ...seen(before, facts, identity, duplicate.id, duplicate),
      ledger: left.length > 0 ? [...left] : undefined,
    },
    conditions: blockedOrFree(object, left, stuck),
    summary: {
      state: 'ready',
      reason: 'ExistsUnmanaged',
      message: `credential ${duplicate.id}, ${whoseIs(duplicate.name, facts)}, says what is declared; it stays when this object goes, and azid makes its own should it vanish`,
      nextMs: nextMs(object, facts, left, stuck),
    },
  };
}

/**
 * What the ledger still holds besides `id`: credentials on identities that were named before. They go after the new one
 * is there, so that a replacement which is denied leaves the old one.
 */
function dropStale(
  object: FederatedIdentityCredential,
  facts: Facts,
  id: string | undefined,
  before: OwnStatus,
  stuck: Stuck,
): CredentialDecision | undefined {
  const ledger = ownCredentials(object, facts);
  // One that is refused must not keep the others.
  const stale = leftOf(object, facts, id).filter((each) => !stuck.has(armKey(each)));
  if (stale.length === 0) return undefined;
  const kept = ledger.filter((each) => !stale.includes(each));
  const actions = stale.map((each): Action => {
    return isProven(each, object, facts) ? remove(each, 'is no longer declared') : leftBehind(each);
  });
  const status: OwnStatus = { ...before, ledger: kept.length > 0 ? kept : undefined };
  return {
    actions: [...actions, { type: 'saveStatus', status, why: 'what was deleted is proven gone' }],
    status,
    summary: working('removing credentials that are no longer declared'),
  };
}

function leftBehind(id: string): Action {
  return {
    type: 'recordEvent',
    event: {
      type: 'Warning',
      reason: 'LeftBehind',
      action: 'Delete',
      message: `credential ${id} is in the ledger, but its name does not prove that azid made it for this object; left as it is`,
    },
  };
}

/**
 * Nothing is to be done in Azure, as where the object is denied, waits or is suspended; but its ledger names what was never its own:
 * that goes from the status all the same.
 */
export function withoutUnproven(
  object: FederatedIdentityCredential,
  facts: Facts,
  decision: CredentialDecision,
): CredentialDecision {
  const { ledger = [] } = decision.status;
  const dropped = ledger.filter((each) => !isProven(each, object, facts));
  if (decision.actions.length > 0 || dropped.length === 0) return decision;
  const kept = ledger.filter((each) => !dropped.includes(each));
  const status: OwnStatus = { ...decision.status, ledger: kept.length > 0 ? kept : undefined };
  return {
    ...decision,
    actions: [
      { type: 'saveStatus', status, why: 'what is left as it is leaves the ledger' },
      ...dropped.map(leftBehind),
    ],
    status,
    binds: true,
  };
}

/** What the ledger, or its name, says to be this object's, besides `id`. */
function leftOf(
  object: FederatedIdentityCredential,
  facts: Facts,
  id: string | undefined,
): readonly string[] {
  return ownCredentials(object, facts).filter((each) => id === undefined || !sameId(each, id));
}

export function remove(id: string, why: string): Action {
  return {
    type: 'deleteCredential',
    id,
    event: {
      type: 'Normal',
      reason: 'Deleted',
      action: 'Delete',
      message: `deleted credential ${id}: it ${why}`,
    },
  };
}

function seen(before: OwnStatus, facts: Facts, identity: OwnedIdentity, id: string, trust: Trust): OwnStatus {
  const { writeStartedAt, ...rest } = before;
  return {
    ...rest,
    id,
    identityId: identity.id,
    principalId: identity.principalId,
    issuer: trust.issuer,
    subject: trust.subject,
    audience: trust.audience,
    ...(facts.wroteAt !== undefined && { lastWriteTime: new Date(facts.wroteAt).toISOString() }),
    // A write of a process that died may still take effect: until then the next reconcile looks at Azure itself.
    ...(facts.openWriteMs > 0 && writeStartedAt !== undefined && { writeStartedAt }),
  };
}

/** Why the write is made, told from what the status says of last time. */
function eventOf(
  before: OwnStatus,
  identity: OwnedIdentity,
  id: string,
  trust: Trust,
  policy: string,
  own: SeenCredential | undefined,
): Extract<Action, { event: unknown }>['event'] {
  const what = `credential ${id} (issuer ${trust.issuer}, subject ${trust.subject}) under policy ${policy}`;
  const { issuer = '', subject = '', audience = '' } = before;
  const settled =
    before.id !== undefined &&
    armKey(before.id) === armKey(id) &&
    sameTrust({ issuer, subject, audience }, trust);
  if (own) {
    return settled
      ? {
          type: 'Warning',
          reason: 'Repaired',
          action: 'Update',
          message: `somebody had changed it: set ${what} as declared`,
          drift: { id, how: 'changed' },
        }
      : { type: 'Normal', reason: 'Updated', action: 'Update', message: `set ${what}` };
  }
  if (settled && before.principalId !== identity.principalId) {
    const message = `the identity was made again with a new principal, ${identity.principalId}: made ${what} again`;
    return { type: 'Warning', reason: 'Recreated', action: 'Create', message };
  }
  return settled
    ? {
        type: 'Warning',
        reason: 'Recreated',
        action: 'Create',
        message: `it had vanished from Azure: made ${what} again`,
        drift: { id, how: 'removed' },
      }
    : { type: 'Normal', reason: 'Created', action: 'Create', message: `made ${what}` };
}

function nextMs(
  object: FederatedIdentityCredential,
  facts: Facts,
  left: readonly string[],
  stuck: Stuck,
): number {
  const refused = failuresOf(left, stuck);
  if (refused.length > 0) return Math.min(...refused.map(removalAgainMs));
  const settled = object.spec.kubernetes ? REREAD_ISSUER_MS : RECHECK_READY_MS;
  return facts.openWriteMs > 0 ? Math.min(settled, facts.openWriteMs) : settled;
}

function blockedOrFree(object: FederatedIdentityCredential, left: readonly string[], stuck: Stuck) {
  const [failure] = failuresOf(left, stuck);
  return failure ? [removalBlocked(left, failure)] : removalFree(object);
}

function failuresOf(left: readonly string[], stuck: Stuck): readonly Failure[] {
  return left.flatMap((each) => stuck.get(armKey(each)) ?? []);
}

/** All that the ledger names is refused to go: what comes next could not be written down. */
function withoutRoom(before: OwnStatus, stuck: Stuck): CredentialDecision | undefined {
  const [failure] = stuck.values();
  return failure && { actions: [], status: before, summary: summaryOf(failure) };
}

function working(message: string): Summary {
  return { state: 'progressing', reason: 'Updating', message, againMs: 0 };
}
