import { hasFinalizer } from '../../api/schema/common.ts';
import type { HostCapability } from '../../azure/hosts/capabilities.ts';
import { parseResourceId } from '../../azure/names/resource-id.ts';
import type { SpecProblem } from '../hosts/claims/spec.ts';
import type { Action, Facts, OwnStatus, SystemAssignedIdentity } from './facts.ts';

/** The fields of the status that are this kind's, as they are stored; of one that lives nothing may be taken, whoever wrote so. */
export function ownStatus(object: SystemAssignedIdentity): OwnStatus {
  const {
    conditions: _c,
    observedGeneration: _g,
    lastHandledReconcileAt: _h,
    released,
    ...own
  } = object.status ?? {};
  return released && object.metadata.deletionTimestamp ? { ...own, released } : own;
}

/** Set before the host can be written to, and again should a tool strip it (an Argo CD sync with Replace=true does). */
export function finalizer(object: SystemAssignedIdentity): Action[] {
  return hasFinalizer(object) ? [] : [{ type: 'addFinalizer' }];
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
 * Its end is the end of the principal: only what azid switched on, only when the object says so, and only with the last who has it.
 * While another one has it, or it is to stay for one that left, the principal lives on, and so does what it was given.
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

/** No principal: whoever grants to it must not grant to one that is dead. */
export const NOBODY = {
  principalId: undefined,
  clientId: undefined,
  tenantId: undefined,
  servicePrincipalName: undefined,
} as const;
