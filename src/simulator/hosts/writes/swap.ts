import { z } from 'zod';
import { ArmError, type ArmRequest, type ArmResponse, type Operation } from '../../http/operation.ts';
import { scopeKey } from '../../world/scope.ts';
import type { Host } from '../host.ts';
import type { HostFrame } from '../part.ts';
import type { HostType } from '../types.ts';
import { followHeaders } from './follow.ts';
import { type IdentityEdit, NOTHING } from './identity-edit.ts';
import { assertIdle } from './write.ts';

const SITES = '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}/providers/Microsoft.Web/sites';

const bodySchema = z.looseObject({ targetSlot: z.string().min(1) });

/**
 * POST `slotsswap` of a site or of a slot: content changes places, identities stay with their slots (docs/azure-facts.md section 7).
 * `sites` and `slots`: the types whose api-versions and spelling hold.
 */
export function swapOperations(frame: HostFrame, sites: HostType, slots: HostType): readonly Operation[] {
  return [
    {
      id: 'sites.swap',
      method: 'POST',
      pattern: `${SITES}/{name}/slotsswap`,
      resourceType: sites.type,
      apiVersions: sites.apiVersions,
      action: 'Microsoft.Web/sites/slotsswap/action',
      handle: (request) => swap(frame, sites, request),
    },
    {
      id: 'slots.swap',
      method: 'POST',
      pattern: `${SITES}/{parent}/slots/{name}/slotsswap`,
      resourceType: slots.type,
      apiVersions: slots.apiVersions,
      action: 'Microsoft.Web/sites/slots/slotsswap/action',
      handle: (request) => swap(frame, slots, request),
    },
  ];
}

function swap(frame: HostFrame, type: HostType, request: ArmRequest): ArmResponse {
  const { operations, knobs } = frame;
  const body = bodySchema.safeParse(request.body);
  if (!body.success)
    throw new ArmError(400, 'InvalidRequestContent', "The request content was invalid: 'targetSlot'.");
  const own = request.path.replace(/\/slotsswap$/i, '');
  const site = own.replace(/\/slots\/[^/]+$/i, '');
  const { targetSlot } = body.data;
  const target = targetSlot.toLowerCase() === 'production' ? site : `${site}/slots/${targetSlot}`;
  const [a, b] = [slotOf(frame, own), slotOf(frame, target)];
  for (const each of [a, b]) assertIdle(frame, type, each);
  const operation = operations.open(a.id, 'slots.swap', {
    run: () => swapContent(frame, a.id, b.id),
    undo: () => {
      if (knobs.values.hosts.failedSwapSwitchesOff) switchSystemOff(frame, a.id);
    },
  });
  const form = { status: 202, follow: 'location' } as const;
  const headers = followHeaders(frame, type, request, form, operation);
  operations.start(operation, knobs.latencyMs('slots.swap.operation'));
  return { status: 202, headers };
}

/** Both sides start again; identities, tags and ids stay where they are. */
export function swapContent({ hosts }: HostFrame, aId: string, bId: string): void {
  const [a, b] = [hosts.get(aId), hosts.get(bId)];
  if (!a || !b) throw new ArmError(404, 'NotFound', `Cannot find the slots '${aId}' and '${bId}'.`);
  hosts.change(a.id, { properties: b.properties, restarts: a.restarts + 1 });
  hosts.change(b.id, { properties: a.properties, restarts: b.restarts + 1 });
}

/** What a failed swap was seen to do to a slot (docs/azure-facts.md section 7, reported). */
export function switchSystemOff({ hosts }: HostFrame, id: string): void {
  const held = hosts.get(id)?.identity;
  if (!held) return;
  const added = new Map([...held.user].map(([key, entry]) => [key, entry.id]));
  const edit: IdentityEdit = { ...NOTHING, user: true, added };
  hosts.editIdentity(id, edit, { replaces: false, keepsRemoved: false });
}

function slotOf({ hosts }: HostFrame, id: string): Host {
  const host = hosts.get(id);
  if (host) return host;
  const name = scopeKey(id).split('/').at(-1) ?? '';
  throw new ArmError(404, 'NotFound', `Cannot find Slot with name ${name}.`);
}
