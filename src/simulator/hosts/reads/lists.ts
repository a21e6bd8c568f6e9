import type { ArmRequest, ArmResponse, Operation } from '../../http/operation.ts';
import { page } from '../../http/paging.ts';
import { scopeKey } from '../../scope.ts';
import { type Host, sameType } from '../host.ts';
import type { HostFrame } from '../part.ts';
import type { HostType } from '../types.ts';
import { hostBody } from '../writes/body.ts';

/**
 * The provider's own lists of a type: by subscription and by group, of a nested type by its parent alone (docs/azure-facts.md
 * section 7, "Listing hosts"). They lag, and hold what the caller may read, without an error for the rest.
 */
export function listOperations(frame: HostFrame, type: HostType, inGroup: string): readonly Operation[] {
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
  // A list that lags behind does not know of a write that runs.
  const current = frame.hosts.get(host.id) === host;
  const { identity, ...rest } = hostBody(frame, type, current ? frame.operations.shown(host) : host);
  const { listsWithoutIdentity } = frame.knobs.values.hosts;
  const whole =
    listsWithoutIdentity.includes(type.type) || identity === undefined ? rest : { ...rest, identity };
  return { ...whole, id: listedId(frame, { ...host, id: String(rest.id) }) };
}

/** Ids in lists need not be spelt as in GET (docs/azure-facts.md section 2). */
export function listedId({ knobs }: HostFrame, { id, resourceGroup }: Host): string {
  if (!knobs.values.hosts.upperCaseGroupsInLists) return id;
  return id.replace(`/${resourceGroup}/`, `/${resourceGroup.toUpperCase()}/`);
}
