import { isDeepStrictEqual } from 'node:util';
import { RECHECK_OUTSIDE_MS, type Summary } from '../../decision.ts';
import { isOwnConfigMap } from '../../own-config-maps.ts';
import { stalledInside } from '../../status/summary.ts';
import type {
  Action,
  Facts,
  IdentityDecision,
  OwnStatus,
  SeenConfigMap,
  UserAssignedIdentity,
} from '../facts.ts';

/** ConfigMaps that azid made for the object; what has a name of azid's own holds more than that, and stays. */
export function outputsOf(object: UserAssignedIdentity, facts: Facts): readonly SeenConfigMap[] {
  return facts.configMaps.filter((map) => map.ours && !isReserved(map.name, object, facts));
}

function isReserved(name: string, { metadata }: UserAssignedIdentity, { azidNamespace }: Facts): boolean {
  return isOwnConfigMap(metadata.namespace, name, azidNamespace);
}

/** `spec.output.configMap`: what pods read. Decided last, from the status that the object is about to have. */
export function decideOutput(
  object: UserAssignedIdentity,
  facts: Facts,
  status: OwnStatus,
  ready: Summary,
): IdentityDecision {
  const name = object.spec.output?.configMap?.name;
  const actions: Action[] = outputsOf(object, facts)
    .filter((map) => map.name !== name)
    .map((map) => ({ type: 'deleteConfigMap', name: map.name, uid: map.uid }));
  if (name === undefined) return { actions, status, summary: ready };
  if (isReserved(name, object, facts)) {
    const message = `spec.output.configMap.name: expected a name that azid does not keep for itself in its own namespace ${facts.azidNamespace}, got '${name}'; choose another name`;
    return { actions, status, summary: stalledInside('OutputConflict', message) };
  }

  const existing = facts.configMaps.find((map) => map.name === name);
  if (existing && !existing.ours) {
    return {
      actions,
      status,
      summary: {
        state: 'stalled',
        reason: 'OutputConflict',
        message: `spec.output.configMap.name: expected a ConfigMap that azid makes, but '${name}' exists and is not azid's; delete it, or choose another name`,
        recheckMs: RECHECK_OUTSIDE_MS,
      },
    };
  }
  const { clientId = '', principalId = '', tenantId = '', id = '' } = status;
  const data = { clientId, principalId, tenantId, id };
  if (!existing || !isDeepStrictEqual({ ...existing.data }, data))
    actions.push({ type: 'applyConfigMap', name, ...(existing && { uid: existing.uid }), data });
  return { actions, status, summary: ready };
}
