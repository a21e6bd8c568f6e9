import { versionsOf } from '../catalog/versions.ts';
import type { Frame } from '../frame.ts';
import type { ArmRequest, ArmResponse, Operation, Params } from '../http/operation.ts';
import { page, pageSizeOf } from '../http/paging.ts';
import { resourceNotFound } from '../identities/answers.ts';
import { scopeKey } from '../scope.ts';
import type { Kept } from './kept.ts';

interface TypeParts {
  readonly frame: Frame;
  readonly type: string;
  /** Of ids of operations: `queues` for `queues.createOrUpdate`. */
  readonly plural: string;
  /** As it stands now; undefined where there is none. */
  readonly find: (id: string) => Kept | undefined;
  /** What a PUT that makes one is answered with. */
  readonly made: 200 | 201;
  /** Where its parent has one alone, there is no list. */
  readonly listed?: false;
  /** Makes or changes it, or throws what Azure refuses with. */
  readonly put: (request: ArmRequest, params: Params) => Kept;
}

const GROUP = '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}';

/** What is the same for types that are kept as they were sent: PUT, GET, DELETE, and the list beneath the group or parent. */
export function typeOperations(parts: TypeParts): readonly Operation[] {
  const { frame, type, plural, find, made, put } = parts;
  const hasList = parts.listed ?? true;
  const [namespace = '', ...types] = type.split('/');
  const names = types.map((each, i) => `${each}/{${i === types.length - 1 ? 'name' : each}}`).join('/');
  const pattern = `${GROUP}/providers/${namespace}/${names}`;
  const common = { resourceType: type, apiVersions: versionsOf(type) };
  const list = { ...common, method: 'GET', action: `${type}/read` } as const;
  const listed = (request: ArmRequest, above: string): ArmResponse => {
    const there = frame.world
      .resourcesWithin(above)
      .filter((each) => scopeKey(each.type) === scopeKey(type))
      .flatMap(({ id }) => find(id) ?? []);
    const size = pageSizeOf(request, frame.knobs.values.paging.pageSize);
    return { status: 200, body: page(request, there, size) };
  };
  const byParent: Operation = {
    ...list,
    id: `${plural}.list`,
    pattern: pattern.replace(/\/\{name\}$/, ''),
    handle: (request) => listed(request, above(request.path, types.length > 1 ? 1 : 3)),
  };
  const bySubscription: Operation = {
    ...list,
    id: `${plural}.listBySubscription`,
    pattern: `/subscriptions/{subscriptionId}/providers/${type}`,
    handle: (request) => listed(request, above(request.path, 3)),
  };
  return [
    {
      ...common,
      id: `${plural}.createOrUpdate`,
      method: 'PUT',
      pattern,
      action: `${type}/write`,
      handle(request, params) {
        if (types.length > 1) assertParent(frame, request.path);
        const existed = find(request.path) !== undefined;
        return { status: existed ? 200 : made, body: put(request, params) };
      },
    },
    {
      ...common,
      id: `${plural}.get`,
      method: 'GET',
      pattern,
      action: `${type}/read`,
      handle({ path }, { name = '', resourceGroup = '' }): ArmResponse {
        const found = find(path);
        if (found) return { status: 200, body: found };
        throw resourceNotFound(type, name, resourceGroup);
      },
    },
    {
      ...common,
      id: `${plural}.delete`,
      method: 'DELETE',
      pattern,
      action: `${type}/delete`,
      handle: ({ path }) => ({ status: frame.world.removeResource(path) ? 200 : 204 }),
    },
    ...(hasList ? [byParent] : []),
    ...(types.length > 1 ? [] : [bySubscription]),
  ];
}

/** The path without its last segments. */
const above = (path: string, segments: number) => path.split('/').slice(0, -segments).join('/');

/** Text: as of any resource that is not there. The blob service of an account is there with it. */
function assertParent({ world }: Frame, path: string): void {
  const parent = path
    .replace(/\/blobServices\/default(?=\/)/i, '')
    .split('/')
    .slice(0, -2);
  const id = parent.join('/');
  if (world.resource(id)) return;
  const [type = '', name = ''] = parent.slice(-2);
  throw resourceNotFound(`${parent[6] ?? ''}/${type}`, name, parent[4] ?? '');
}
