import { MAX_CREDENTIALS } from '../../azure/federated-credentials.ts';
import { sameId } from '../../azure/names/resource-id.ts';
import { keyOf } from '../../kube/types.ts';
import { ownStatusOf } from '../status/summary.ts';
import type {
  Action,
  CredentialDecision,
  CredentialsOfIdentity,
  Facts,
  FederatedIdentityCredential,
  OwnStatus,
  SeenCredential,
  Sibling,
  Trust,
} from './facts.ts';
import { ageOf, identityKey, nameOf, ownCredentials } from './object.ts';
import { claimants, pending, sameName, samePair } from './place.ts';
import { remove } from './write/stale.ts';

/**
 * Objects that exchange what they have wait for each other in a ring, each for what the next one holds, and none gives up what it has
 * before it has the new: two whose subjects were exchanged in one commit, or whose identities were, three in turn. The oldest of them
 * gives way: it takes away its own, which the one before it then has, and so on round to it. Pure, and each member comes to the
 * same answer.
 */

/** What the object does about a ring that it is in; undefined where there is none, or it is another's to begin. */
export function stepAside(
  object: FederatedIdentityCredential,
  facts: Facts,
  trust: Trust,
  credentials: readonly SeenCredential[],
): CredentialDecision | undefined {
  const { metadata } = object;
  const { uid, creationTimestamp } = metadata;
  // As the others read it: it got as far as this, so it may write.
  const me = {
    key: keyOf(object),
    uid,
    creationTimestamp,
    credentialName: nameOf(object, facts.installationId),
    trust,
    deleting: false,
    mayWrite: true,
  };
  const own = { key: identityKey(object), credentials, siblings: facts.siblings };
  const exchange = exchangeOf(me, own, facts.elsewhere ?? []);
  return exchange && decisionOf(object, facts, exchange);
}

/**
 * Here alone the old credential is deleted before the new one is made, so that another object of the ring can have it and give up what
 * this one is to have. Azure takes a pair once on an identity, so no order of writes leaves each in place all the time.
 */
function decisionOf(
  object: FederatedIdentityCredential,
  facts: Facts,
  { gives, to }: Exchange,
): CredentialDecision {
  const before = ownStatusOf(object);
  const message = `FederatedIdentityCredential ${to.key} waits for it, or for its place, and this object for what in the end waits for that: of those that exchange what they have the oldest gives way, and has its new one in a moment`;
  if (facts.openWriteMs > 0)
    return {
      actions: [],
      status: before,
      summary: {
        state: 'waiting',
        for: 'an earlier write',
        message: `a write of this object's credential may still be under way; when it must have ended ${gives.id} is deleted: ${message}`,
        recheckMs: facts.openWriteMs,
      },
    };
  const ledger = ownCredentials(object, facts).filter((id) => !sameId(id, gives.id));
  const { id: _i, issuer: _p, subject: _s, audience: _a, ...rest } = before;
  const status: OwnStatus = { ...rest, ledger: ledger.length > 0 ? ledger : undefined };
  const actions: Action[] = [
    remove(gives.id, `gives way: ${message}`),
    { type: 'saveStatus', status, why: 'what was deleted is proven gone' },
  ];
  return {
    actions,
    status,
    summary: { state: 'progressing', reason: 'Updating', message: `giving way: ${message}`, againMs: 0 },
  };
}

interface Exchange {
  /** The credential of the object's own that it gives up first. */
  readonly gives: SeenCredential;
  /** The sibling that waits for it. */
  readonly to: Sibling;
}

/**
 * @param me the object, as its siblings read it
 * @param own the identity that it refers to
 * @param elsewhere those to which objects have moved that hold something
 * @returns undefined where there is no ring, or it is another's to begin
 */
export function exchangeOf(
  me: Sibling & { readonly trust: Trust },
  own: CredentialsOfIdentity,
  elsewhere: readonly CredentialsOfIdentity[],
): Exchange | undefined {
  const all = [{ ...own, siblings: [...own.siblings, me] }, ...elsewhere];
  const path: Claim[] = [];
  for (let claim = claimOf(me, all); claim !== undefined; ) {
    const held = holderOf(claim, me) ?? holderOfPlace(claim, me);
    // What is freed goes to the oldest that wants it and may have it: where that is an object outside the ring, giving way does not resolve it.
    if (!held || !isFirst(claim)) return undefined;
    path.push(claim);
    const { owner, credential } = held;
    if (owner.uid === me.uid) return giveWay(me, path, credential);
    if (path.some(({ by }) => by.uid === owner.uid)) return undefined;
    claim = claimOf(owner, all);
  }
  return undefined;
}

/** What an object is to have, and where. */
interface Claim {
  readonly by: Sibling;
  readonly trust: Trust;
  readonly at: CredentialsOfIdentity;
}

function claimOf({ uid }: Sibling, all: readonly CredentialsOfIdentity[]): Claim | undefined {
  for (const at of all) {
    const by = at.siblings.find((each) => each.uid === uid && each.trust !== undefined);
    if (by?.trust) return { by, trust: by.trust, at };
  }
  return undefined;
}

function isFirst({ by, trust, at }: Claim): boolean {
  const first = claimants(at.siblings).find(
    (each) => each.trust !== undefined && samePair(each.trust, trust),
  );
  return first?.uid === by.uid;
}

/** The object that has what is claimed; undefined: none, or none that gives it up. */
function holderOf(
  { by, trust, at }: Claim,
  me: Sibling,
): { readonly owner: Sibling; readonly credential: SeenCredential } | undefined {
  const credential = at.credentials.find(
    (each) => samePair(each, trust) && !sameName(each.name, by.credentialName),
  );
  const owner = [...at.siblings, me].find(
    ({ credentialName }) => credential !== undefined && sameName(credentialName, credential.name),
  );
  return credential && owner && { owner, credential };
}

/**
 * The place on a full identity that becomes free next: of the objects that have moved away and may write, that of the oldest. An older
 * object that waits for a place gets it first.
 */
function holderOfPlace(
  { by, at }: Claim,
  me: Sibling,
): { readonly owner: Sibling; readonly credential: SeenCredential } | undefined {
  const of = ({ credentialName }: Sibling) =>
    at.credentials.find(({ name }) => sameName(name, credentialName));
  const older = pending(ageOf(by), at.credentials, at.siblings).filter(({ uid }) => uid !== by.uid);
  if (at.credentials.length < MAX_CREDENTIALS || of(by) || older.length > 0) return undefined;
  const isMe = at.siblings.some(({ uid }) => uid === me.uid);
  const moving = at.siblings.filter(
    ({ movedTo, mayWrite, deleting }) => movedTo !== undefined && mayWrite && !deleting,
  );
  return [...moving, ...(isMe ? [] : [me])]
    .toSorted((a, b) => (ageOf(a) < ageOf(b) ? -1 : 1))
    .flatMap((owner) => {
      const credential = of(owner);
      return credential ? { owner, credential } : [];
    })[0];
}

/** @param ring the object's own claim, then that of the object that holds what it claims, and so on */
function giveWay(me: Sibling, ring: readonly Claim[], gives: SeenCredential): Exchange | undefined {
  const to = ring.at(-1);
  if (!to || ring.some(({ by }) => ageOf(by) < ageOf(me))) return undefined;
  return hasRoomAfter(me, ring, gives) ? { gives, to: to.by } : undefined;
}

/** With its own gone, the object must not become the 21st on the identity: others that are older may be waiting for the place. */
function hasRoomAfter(me: Sibling, ring: readonly Claim[], gives: SeenCredential): boolean {
  const at = ring[0]?.at;
  if (!at) return false;
  const left = at.credentials.filter(({ id }) => id !== gives.id);
  const isHere = ({ by }: Claim) => left.some(({ name }) => sameName(name, by.credentialName));
  const others = ring.slice(1);
  const arriving = others.filter((each) => each.at.key === at.key && !isHere(each)).length;
  const departing = others.filter((each) => each.at.key !== at.key && isHere(each)).length;
  const older = pending(ageOf(me), left, at.siblings).filter(({ uid }) => uid !== me.uid).length;
  return left.length + arriving - departing + older < MAX_CREDENTIALS;
}
