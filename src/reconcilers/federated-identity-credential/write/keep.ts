import { armKey } from '../../../azure/names/resource-id.ts';
import { RECHECK_READY_MS } from '../../decision.ts';
import { removalAgainMs } from '../../status/refusals.ts';
import { finalizerOf, ownStatusOf } from '../../status/summary.ts';
import type {
  CredentialDecision,
  Facts,
  FederatedIdentityCredential,
  OwnedIdentity,
  OwnStatus,
  SeenCredential,
  Trust,
} from '../facts.ts';
import { credentialIdOn, nameOf, whoseIs } from '../object.ts';
import { blockedOrFree, dropStale, failuresOf, leftOf, type Stuck, working } from './stale.ts';

/** Azure has what is asked for, by the object's own credential or by one that azid did not make: finalizer, ledger, status, and what an edit left behind. */

/** The issuer of the cluster is read again that often (src/kube/access/cluster-issuer.ts). */
const REREAD_ISSUER_MS = 3_600_000;

/** As wanted: the status says so, and what is left on an identity that was named before is deleted. */
export function keep(
  object: FederatedIdentityCredential,
  facts: Facts,
  identity: OwnedIdentity,
  trust: Trust,
  own: SeenCredential | undefined,
  stuck: Stuck,
): CredentialDecision {
  const before = ownStatusOf(object);
  const id = own?.id ?? credentialIdOn(identity.id, nameOf(object, facts.installationId));
  const stale = dropStale(object, facts, id, before, stuck);
  if (stale) return stale;
  const left = leftOf(object, facts, id).filter((each) => stuck.has(armKey(each)));
  const missing = finalizerOf(object);
  const ledger = [...left, id];
  const status: OwnStatus = {
    ...seen(before, facts, identity, id, trust),
    ledger,
  };
  if (missing.length > 0 || before.ledger?.length !== ledger.length) {
    // Also what was found by its name alone, the status having been lost: from here on the ledger has it.
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

/** A credential that azid did not make says what is wanted: nothing is made, and nothing will be taken away. */
export function satisfiedBy(
  object: FederatedIdentityCredential,
  facts: Facts,
  identity: OwnedIdentity,
  duplicate: SeenCredential,
  stuck: Stuck,
): CredentialDecision {
  const before = ownStatusOf(object);
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
    // A write of a process that died may still take effect: until then the next reconcile reads Azure itself.
    ...(facts.openWriteMs > 0 && writeStartedAt !== undefined && { writeStartedAt }),
  };
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
