import { type ArmRequest, type ArmResponse, type Operation, page } from '../http/operation.ts';
import { scopeKey } from '../world/scope.ts';
import { type Host, sameType } from './host.ts';
import { etagOf, hostBody, listedId } from './host-body.ts';
import type { HostFrame } from './part.ts';
import type { HostType } from './types.ts';
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

/** A deletion cancels what runs on the host. */
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

/**
 * The provider's own lists of a type: by subscription and by group, of a nested type by its parent alone (docs/azure-facts.md
 * section 7, "Listing hosts"). They lag, and hold what the caller may read, without an error for the rest.
 */
function listOperations(frame: HostFrame, type: HostType, inGroup: string): readonly Operation[] {
  const nested = type.type.split('/').length > 2;
  const common = {
    resourceType: type.type,
    apiVersions: type.apiVersions,
    method: 'GET',
    action: `${type.type}/read`,
    checksRights: true,
  } as const;
  const list = (request: ArmRequest): ArmResponse => ({
    status: 200,
    body: page(request, found(frame, type, request), frame.knobs.values.paging.pageSize, (host) =>
      frame.authorizer.authorize(request.caller, `${type.type}/read`, host.id).allowed
        ? listed(frame, type, host)
        : undefined,
    ),
  });
  const within: Operation = {
    ...common,
    id: nested ? `${type.area}.list` : `${type.area}.listByResourceGroup`,
    pattern: inGroup,
    handle: list,
  };
  if (nested) return [within];
  const pattern = `/subscriptions/{subscriptionId}/providers/${type.type}`;
  return [within, { ...common, id: `${type.area}.listBySubscription`, pattern, handle: list }];
}

/** Hosts of the type beneath what precedes its collection in the path. */
function found(frame: HostFrame, type: HostType, request: ArmRequest): Host[] {
  const last = `/${type.type.split('/').at(-1) ?? ''}`;
  const collection = scopeKey(request.path);
  const own = collection.slice(0, collection.length - last.length);
  const area = own.replace(/\/providers\/[^/]+$/, '');
  return frame.hosts.listed().filter((host) => sameType(host.type, type.type) && beneath(host, area));
}

const beneath = ({ id }: Host, area: string) => scopeKey(id).startsWith(`${area}/`);

function listed(frame: HostFrame, type: HostType, host: Host): unknown {
  // A list that lags behind does not show a write that runs.
  const current = frame.hosts.get(host.id) === host;
  const { identity, ...rest } = hostBody(frame, type, current ? frame.operations.shown(host) : host);
  const { listsWithoutIdentity } = frame.knobs.values.hosts;
  const whole =
    listsWithoutIdentity.includes(type.type) || identity === undefined ? rest : { ...rest, identity };
  return { ...whole, id: listedId(frame, { ...host, id: String(rest.id) }) };
}
