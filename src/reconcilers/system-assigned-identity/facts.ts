import type { LedgerSystem } from '../../api/host-identity.ts';
import type {
  SystemAssignedIdentity,
  SystemAssignedIdentityStatus,
} from '../../api/system-assigned-identity.ts';
import type { HostCapability } from '../../azure/hosts/capabilities.ts';
import { parseResourceId } from '../../azure/names/resource-id.ts';
import type { NamespacePolicy } from '../../policy/evaluate.ts';
import type { CommonAction, Decision, FailedAction, Failure, OwnStatusOf } from '../decision.ts';
import { ownStatusOf } from '../decision.ts';
import type { SpecProblem } from '../hosts/claims/spec.ts';
import type { HostMessage } from '../hosts/ledger/host-message.ts';
import type { DeleteLeftover } from '../principal-deletion.ts';
import type { SignInFacts } from '../sign-ins/kind.ts';

/** What `observe` returns and `decide` reads: plain data, so that a table can hold it. */

/** What the host's ledger records. Its HostIdentity exists. */
export interface ObservedLedger extends HostMessage {
  /** Of the system-assigned identity; this object has a part in it. */
  readonly entry?: LedgerSystem;
  /** The ledger is full and names others; a policy allows the object what it would be named for. */
  readonly unnamed?: boolean;
  /** Uids of the other owners who release it as well, to be switched off. Asked of an object that goes. */
  readonly releasing?: readonly string[];
  /** One that the ledger does not name is to have it. Asked of an object that goes. */
  readonly wanted?: boolean;
  /** The resource's id as Azure spells it. */
  readonly hostId?: string;
}

/** Which service principal the system-assigned identity is, as Azure answers. */
export type ObservedIdentity =
  | {
      readonly state: 'found';
      readonly principalId: string;
      readonly clientId: string;
      readonly tenantId: string;
    }
  | { readonly state: 'unreadable'; readonly failure: Failure };

export interface Facts extends SignInFacts {
  /** Wall time, ms. */
  readonly now: number;
  readonly policy: NamespacePolicy;
  /** Wrong by itself, or a resource that can have no system-assigned identity. */
  readonly problem?: SpecProblem;
  readonly type: { readonly name: string; readonly known: boolean };
  /** Proven not to exist. */
  readonly absent: boolean;
  /** Where the very same resource is by now, if it is known again. */
  readonly movedTo?: string;
  readonly ledger?: ObservedLedger;
  /** Absent: not asked, since its principal is known already or there is none; or Azure does not know it yet. */
  readonly azure?: ObservedIdentity;
  /** The last principal that this process knew of it. */
  readonly lastPrincipalId?: string;
  /** Asked when it is to be switched off: objects that refer to it, and what azid left on it. */
  readonly references: readonly string[];
  readonly leftovers: readonly string[];
  /** How long a deletion may be refused before the object is let go (docs/guarantees.md G18). */
  readonly releaseAfterMs: number;
  /** For how long it has been refused, ms; absent: by `now`. */
  readonly blockedMs?: number;
}

export type OwnStatus = OwnStatusOf<SystemAssignedIdentityStatus>;

export type Action =
  | CommonAction<OwnStatus>
  /** The resource has a HostIdentity from then on, which alone writes to it. */
  | { readonly type: 'ensureHost'; readonly hostId: string }
  | DeleteLeftover;

/** The action that failed just before, if one did. */
export type Failed = FailedAction<Action>;

export type SystemIdentityDecision = Decision<Action, OwnStatus>;
export type { SystemAssignedIdentity };

/**
 * The fields of the status that are this kind's, as they are stored; `released` counts only while the object is being
 * deleted.
 */
export function ownStatus(object: SystemAssignedIdentity): OwnStatus {
  const { released, ...own } = ownStatusOf(object);
  return released && object.metadata.deletionTimestamp ? { ...own, released } : own;
}

/** Known at once, from the type alone or from the variant that was seen; the host would only find the same. */
export function cannotHave(
  { system, impossible }: Pick<HostCapability, 'system' | 'impossible'>,
  type: string,
  variant: string | undefined,
): SpecProblem | undefined {
  if (impossible) return { reason: impossible.reason, message: `spec.resourceId: ${impossible.message}` };
  if (system) return undefined;
  const which = variant === undefined ? type : `${type} (${variant})`;
  return {
    reason: 'SystemAssignedNotSupported',
    message: `spec.resourceId: ${which} has no system-assigned identity; make a UserAssignedIdentity and attach it with an IdentityAttachment`,
  };
}

/**
 * Its end is the end of the principal: only what azid switched on, only when the object says so, and only with the last
 * who has it. While another one has it, or it is to stay for one that left, the principal lives on, and so does what it
 * was given.
 */
export function isSwitchedOff(
  { spec, metadata }: SystemAssignedIdentity,
  { ledger }: Pick<Facts, 'ledger'>,
): boolean {
  const { entry, releasing = [], wanted = false } = ledger ?? {};
  if (spec.deletionPolicy !== 'Delete' || entry?.owned !== true || wanted) return false;
  return entry.owners.every(({ uid }) => uid === metadata.uid || releasing.includes(uid));
}

/** Entra's name of the service principal: the resource's own; a slot's is `<app>/slots/<slot>`. */
export function servicePrincipalName(resourceId: string): string {
  const [first, ...beneath] = parseResourceId(resourceId).path;
  return [first?.name ?? '', ...beneath.flatMap(({ type, name }) => [type, name])].join('/');
}

/** No principal, so that no grant is made to one that is gone. */
export const NO_PRINCIPAL = {
  principalId: undefined,
  clientId: undefined,
  tenantId: undefined,
  servicePrincipalName: undefined,
} as const;
