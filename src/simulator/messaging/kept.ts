import { z } from 'zod';
import { versionsOf } from '../catalog/versions.ts';
import type { Frame } from '../frame.ts';
import {
  ArmError,
  type ArmRequest,
  type ArmResponse,
  invalidContent,
  type Operation,
  type Params,
  page,
  pageSizeOf,
  resourceNotFound,
} from '../http/operation.ts';
import { assertLocation, locationRequired, shortLocation } from '../resources/locations.ts';
import { scopeKey } from '../world/scope.ts';
import type { World } from '../world/world.ts';

/** A resource that Resource Manager keeps as it was sent, beside what the service does by it. */
export interface Kept {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  /** Children have none of their own. */
  readonly location?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly sku?: Readonly<Record<string, unknown>>;
  readonly identity?: Readonly<Record<string, unknown>>;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** By id; gone with the resource of the world. */
export class KeptResources {
  readonly #world: World;
  readonly #kept = new Map<string, Kept>();

  constructor(world: World) {
    this.#world = world;
    world.onRemoved(({ id }) => void this.#kept.delete(scopeKey(id)));
  }

  get(id: string): Kept | undefined {
    return this.#kept.get(scopeKey(id));
  }

  put(kept: Kept): void {
    this.#kept.set(scopeKey(kept.id), kept);
  }

  /** In the world as well, for what has no module of its own that put it there. */
  register(kept: Kept): void {
    this.put(kept);
    const { id, name, type, location = '', tags } = kept;
    this.#world.putResource({ id, name, type, location, ...(tags && { tags }) });
  }
}

interface TypeParts {
  readonly frame: Frame;
  readonly type: string;
  /** Of ids of operations: `queues` for `queues.createOrUpdate`. */
  readonly plural: string;
  /** As it is now; undefined where there is none. */
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

const bodySchema = z.looseObject({
  location: z.string().nullish(),
  tags: z.record(z.string(), z.string()).nullish(),
  sku: z.looseObject({ name: z.string() }).nullish(),
  identity: z.looseObject({ type: z.string() }).nullish(),
  properties: z.record(z.string(), z.unknown()).nullish(),
});

type Body = z.output<typeof bodySchema>;

export function readBody(body: unknown): Body {
  const parsed = bodySchema.safeParse(body ?? {});
  if (parsed.success) return parsed.data;
  throw invalidContent();
}

/** Of a type with a region. */
export function locationOf({ location }: Body): string {
  if (!location) throw locationRequired();
  assertLocation(location);
  return shortLocation(location);
}

/** As Service Bus words its refusals (public reports): a sub-code before the sentence. */
export const badRequest = (message: string) => new ArmError(400, 'BadRequest', `SubCode=40000. ${message}`);

/** As Event Grid words them. */
export const invalidRequest = (message: string) => new ArmError(400, 'InvalidRequest', message);
