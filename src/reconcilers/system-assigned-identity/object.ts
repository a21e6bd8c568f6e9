import type { HostCapability } from '../../azure/hosts/capabilities.ts';
import { parseResourceId } from '../../azure/names/resource-id.ts';
import type { Finding } from '../../runtime/status/conditions.ts';
import type { SpecProblem } from '../hosts/claims/spec.ts';
import { contestFinding, fullFinding } from '../hosts/ledger/host-message.ts';
import { MAX_OWNERS } from '../hosts/ledger/lines.ts';
import { ownStatusOf } from '../status/summary.ts';
import type { Facts, OwnStatus, SystemAssignedIdentity } from './facts.ts';

/** What is read off a SystemAssignedIdentity, and off the ledger with it, wherever it is observed or decided on. */

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

/** The condition `Contested`: another client keeps switching the identity off. */
export function contest(
  object: SystemAssignedIdentity,
  contested: boolean,
  resourceId: string,
): readonly Finding[] {
  const message = `somebody else keeps switching off the identity of ${resourceId}`;
  const settled = 'nobody switches the identity off any more';
  return contestFinding(object, contested ? message : undefined, settled);
}

/** The condition `LedgerFull`: the ledger has no room for the object. */
export function full(
  object: SystemAssignedIdentity,
  unnamed: boolean,
  resourceId: string,
): readonly Finding[] {
  const message = `the HostIdentity of ${resourceId} names ${MAX_OWNERS} objects, and has no room for this one: it has the identity only while one of them keeps it on and a policy allows it here; delete SystemAssignedIdentities of this resource that nobody needs, the others of a namespace can share one`;
  const named = `the HostIdentity of ${resourceId} names this object`;
  return fullFinding(object, unnamed ? message : undefined, named);
}
