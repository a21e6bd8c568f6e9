import type { ArmRequest, ArmResponse, Operation } from '../http/operation.ts';
import type { HostFrame } from './part.ts';
import { listOperations } from './reads/lists.ts';
import type { HostType } from './types.ts';
import { etagOf, hostBody } from './writes/body.ts';
import { begin } from './writes/follow.ts';
import { addressOf, hostNotFound, patch, put } from './writes/write.ts';

/** The calls of one type of host (docs/azure-facts.md section 7). */
export function hostOperations(frame: HostFrame, type: HostType): readonly Operation[] {
  const common = {
    resourceType: type.type,
    apiVersions: type.apiVersions,
    pattern: `${collection(type)}/{name}`,
  };
  return [
    {
      ...common,
      id: `${type.area}.get`,
      method: 'GET',
      action: `${type.type}/read`,
      handle: (request) => get(frame, type, request),
    },
    {
      ...common,
      id: `${type.area}.update`,
      method: 'PATCH',
      apiVersions: type.patchVersions,
      action: `${type.type}/write`,
      // Where the answer waits for the work, the work's own latency is all it takes.
      ownsLatency: type.patchAnswer.follow === 'wait',
      handle: (request) => patch(frame, type, request),
    },
    {
      ...common,
      id: `${type.area}.createOrUpdate`,
      method: 'PUT',
      action: `${type.type}/write`,
      ownsLatency: type.putAnswer.existing.follow === 'wait',
      handle: (request) => put(frame, type, request),
    },
    {
      ...common,
      id: `${type.area}.delete`,
      method: 'DELETE',
      action: `${type.type}/delete`,
      ownsLatency: type.deleteAnswer.follow === 'wait',
      handle: (request) => remove(frame, type, request),
    },
    ...listOperations(frame, type, collection(type)),
  ];
}

/** `…/providers/Microsoft.Web/sites/{parent}/slots`: where hosts of the type are in a group. */
function collection({ type }: HostType): string {
  const [namespace = '', ...types] = type.split('/');
  const parents = types.slice(0, -1).map((each) => `${each}/{parent}`);
  const path = [namespace, ...parents, types.at(-1) ?? ''].join('/');
  return `/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}/providers/${path}`;
}

function get(frame: HostFrame, type: HostType, request: ArmRequest): ArmResponse {
  const at = addressOf(type, request);
  const host = frame.hosts.get(at.id);
  // A creation may not be seen by every reader at once.
  if (!host || frame.hosts.hidden(at.id)) throw hostNotFound(type, at);
  return {
    status: 200,
    headers: type.etag?.header === 'always' ? { etag: etagOf(type, host) } : {},
    body: hostBody(frame, type, frame.operations.shown(host)),
  };
}

/** A deletion goes before what runs on the host. */
async function remove(frame: HostFrame, type: HostType, request: ArmRequest): Promise<ArmResponse> {
  const host = frame.hosts.get(addressOf(type, request).id);
  if (!host) return { status: 204 };
  frame.operations.cancel(host.id);
  const { body: _, ...answer } = await begin(frame, type, request, {
    host,
    form: type.deleteAnswer,
    operation: 'delete',
    state: 'Deleting',
    end: () => void frame.hosts.delete(host.id),
  });
  return answer;
}
