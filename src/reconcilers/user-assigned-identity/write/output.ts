import { isDeepStrictEqual } from 'node:util';
import { RECHECK_OUTSIDE_MS, type Summary } from '../../decision.ts';
import type { Action, Facts, IdentityDecision, OwnStatus, UserAssignedIdentity } from '../facts.ts';

/** `spec.output.configMap`: what pods read. Decided last, from the status that the object is about to have. */
export function decideOutput(
  object: UserAssignedIdentity,
  facts: Facts,
  status: OwnStatus,
  ready: Summary,
): IdentityDecision {
  const name = object.spec.output?.configMap?.name;
  const actions: Action[] = facts.configMaps
    .filter((map) => map.ours && map.name !== name)
    .map((map) => ({ type: 'deleteConfigMap', name: map.name, uid: map.uid }));
  if (name === undefined) return { actions, status, summary: ready };

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
