import type { LedgerOwner } from '../../../api/host-identity.ts';
import type { IdentityAttachment } from '../../../api/identity-attachment.ts';
import { hasFinalizer, isFinalized } from '../../../api/schema/common.ts';
import { DETACH_IN_USE_ANNOTATION } from '../../../api/schema/host-fields.ts';
import type { SystemAssignedIdentity } from '../../../api/system-assigned-identity.ts';
import type { AzureHost } from '../../../azure/hosts/host.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import { policyFor } from '../../../policy/evaluate.ts';
import type { Verdict } from '../../../policy/verdict.ts';
import type { Stores } from '../../stores.ts';
import type { Line } from '../ledger/lines.ts';
import { type AttachedIdentityDeps, identityOf, type MayBeOfDeps, mayBeOf } from './identity-of.ts';
import { isDue, mayAttach, mayDetach } from './slots.ts';
import { attachmentAsked, problemOf, problemOfHost, selectsHost, systemAssignedAsked } from './spec.ts';

/**
 * What one object claims of one host, now. Asked by the host, which acts on it, and by the object itself, which
 * reports it. `wants`: it is to have the identity; no other claim gives anything.
 */
export type Claim =
  | {
      readonly state: 'wants';
      readonly owner: LedgerOwner;
      /** The identity's ARM id and, where it is an object's, its principal; `system`: the resource's own. */
      readonly what: { readonly identityId: string; readonly principalId?: string } | 'system';
      /** Denied: what is attached is kept, nothing new is given. */
      readonly verdict: Verdict;
      /** The object lets this host be changed now: its finalizer is set, and its rollout has come to the host. */
      readonly hasSlot: boolean;
      /**
       * It has none, and its next reconcile decides whether it gets one: no rollout holds it back, as far as its
       * status shows.
       */
      readonly isDue: boolean;
      /** Suspended, or its identity is on its way out: nothing new is given. */
      readonly paused: boolean;
      readonly adopt: boolean;
      readonly allowReplace: boolean;
      /** Properties of a resource that name the identity, and out from under which it may be taken all the same. */
      readonly detachInUse: readonly string[];
    }
  /** Not known now, or wrong by itself: what is attached is kept, nothing new is given. */
  | {
      readonly state: 'unclear';
      readonly owner: LedgerOwner;
      readonly why: string;
      /** Keys of what the host's ledger has and it may be found to want: none of it is taken away before that is known. */
      readonly mayWant?: readonly string[];
    }
  /** It does not want, or no longer: `hasSlot`: it may be taken away now. */
  | {
      readonly state: 'releases';
      readonly owner: LedgerOwner;
      readonly retain: boolean;
      readonly hasSlot: boolean;
      readonly detachInUse: readonly string[];
    };

export type Wants = Extract<Claim, { state: 'wants' }>;

export interface ClaimDeps {
  readonly stores: Pick<Stores, 'identities' | 'policies' | 'namespaces'>;
  /** Whose an identity is, as Azure proves it. */
  readonly proofs: AttachedIdentityDeps['proofs'] & MayBeOfDeps['proofs'];
  /** azid's table has this type. */
  readonly knowsType: (type: string) => boolean;
  readonly typeOf: (hostId: string) => string;
  /** Keys of ids that the resource had before it was moved. */
  readonly formerly?: ReadonlySet<string>;
  /** For how long a reference to what is not there is waited for. */
  readonly references: MayBeOfDeps['references'];
  /** The host's ledger: an object whose claim is not known is asked which of these lines it may want. */
  readonly lines?: ReadonlyMap<string, Line>;
}

const FORMER_ID = 'it names the resource by the id that it had before it was moved';

/**
 * An attachment towards a host.
 *
 * @param host as last seen, for selectors; absent: not known, or not there
 */
export function claimOfAttachment(
  object: IdentityAttachment,
  hostId: string,
  host: AzureHost | undefined,
  { stores, proofs, references, knowsType, typeOf, formerly, lines = new Map() }: ClaimDeps,
): Claim {
  const { metadata, spec } = object;
  const owner = ownerOf('IdentityAttachment', object);
  const detachInUse = detachInUseOf(object);
  const { selector, resourceId } = spec.target;
  const hostKey = armKey(hostId);
  const unclear = (why: string): Claim => ({ state: 'unclear', owner, why });
  const released = (): Claim =>
    spec.suspend
      ? unclear('the object is suspended')
      : { state: 'releases', owner, retain: false, hasSlot: mayDetach(object, hostKey), detachInUse };
  if (metadata.deletionTimestamp) {
    // Where its own reconcile will never give a slot, it is as if the object were gone.
    const hasSlot = isFinalized(object) || mayDetach(object, hostKey);
    return { state: 'releases', owner, retain: owner.retain ?? false, hasSlot, detachInUse };
  }
  const problem = problemOf(object);
  if (problem) return unclear(problem.message);
  if (selector) {
    if (!host) return unclear('the resource was not read yet');
    if (!selectsHost(selector, host)) return released();
  } else {
    if (resourceId !== undefined && formerly?.has(armKey(resourceId))) return unclear(FORMER_ID);
    if (resourceId === undefined || armKey(resourceId) !== hostKey) return released();
  }
  const identity = identityOf(object, { stores, proofs });
  const type = typeOf(hostId);
  const request = identity.state === 'known' ? identity.request : undefined;
  const asked = attachmentAsked(object, { hostId, type, known: knowsType(type) }, request);
  const verdict = policyFor(object, stores).allowsAttachment(asked);
  if (identity.state === 'waiting') {
    // A claim keeps nothing if no policy allows it, or if it would be given nothing once it is known.
    const counts = !spec.suspend && (verdict.allowed || verdict.unseen === true);
    const mayWant = counts
      ? [...lines]
          .filter(([key, line]) => mayBeOf(object, key, line, { stores, proofs, references }))
          .map(([key]) => key)
      : [];
    return { state: 'unclear', owner, why: identity.message, ...(mayWant.length > 0 && { mayWant }) };
  }
  const { id: identityId, principalId, deleting } = identity;
  return {
    state: 'wants',
    owner,
    what: { identityId, ...(principalId !== undefined && { principalId }) },
    verdict,
    hasSlot: mayAttach(object, hostKey),
    isDue: isDue(object, hostKey),
    paused: spec.suspend === true || deleting,
    adopt: asked.adopt,
    allowReplace: spec.allowReplace ?? false,
    detachInUse,
  };
}

/**
 * A SystemAssignedIdentity towards a host; its `resourceId` never changes. Nothing is given before its finalizer
 * is set, and nothing taken before what depends on the principal is gone: then its status has `released`, which counts
 * only as this process wrote it.
 */
export function claimOfSystemIdentity(
  object: SystemAssignedIdentity,
  { stores, knowsType, typeOf, formerly }: ClaimDeps,
): Claim {
  const { metadata, spec } = object;
  const owner = ownerOf('SystemAssignedIdentity', object);
  const detachInUse = detachInUseOf(object);
  if (metadata.deletionTimestamp) {
    const hasSlot = isFinalized(object) || (object.status?.released ?? false);
    return { state: 'releases', owner, retain: owner.retain ?? false, hasSlot, detachInUse };
  }
  const problem = problemOfHost('spec.resourceId', spec.resourceId, spec.apiVersion);
  if (problem) return { state: 'unclear', owner, why: problem.message };
  if (formerly?.has(armKey(spec.resourceId))) return { state: 'unclear', owner, why: FORMER_ID };
  const type = typeOf(spec.resourceId);
  const asked = systemAssignedAsked(object, { hostId: spec.resourceId, type, known: knowsType(type) });
  const verdict = policyFor(object, stores).allowsSystemAssigned(asked);
  return {
    state: 'wants',
    owner,
    what: 'system',
    verdict,
    hasSlot: hasFinalizer(object),
    isDue: !hasFinalizer(object),
    paused: spec.suspend === true,
    adopt: asked.adopt,
    allowReplace: spec.allowReplace ?? false,
    detachInUse,
  };
}

/** As a ledger names it. */
function ownerOf(
  kind: LedgerOwner['kind'],
  { metadata, spec }: IdentityAttachment | SystemAssignedIdentity,
): LedgerOwner {
  const fallback = kind === 'SystemAssignedIdentity' ? 'Retain' : 'Delete';
  const retain = (spec.deletionPolicy ?? fallback) === 'Retain';
  const { namespace = '', name, uid } = metadata;
  return { kind, namespace, name, uid, ...(retain && { retain }) };
}

/** `properties.a.b, properties.c[].d`: any case, as Azure's names are. */
function detachInUseOf({ metadata }: IdentityAttachment | SystemAssignedIdentity): readonly string[] {
  const value = metadata.annotations?.[DETACH_IN_USE_ANNOTATION] ?? '';
  return value
    .split(',')
    .map((path) => path.trim())
    .filter((path) => path !== '');
}
