import { z } from 'zod';
import { versionsOf } from '../catalog/versions.ts';
import type { Frame } from '../frame.ts';
import {
  ArmError,
  type ArmRequest,
  type ArmResponse,
  type Operation,
  type Params,
  page,
} from '../http/operation.ts';
import type { Lock } from '../world/locks.ts';
import { scopeOf } from '../world/scope.ts';

const TYPE = 'Microsoft.Authorization/locks';
const PATTERN = `{+scope}/providers/${TYPE}`;

const bodySchema = z.object({
  properties: z.object({
    level: z.enum(['CanNotDelete', 'ReadOnly', 'NotSpecified']),
    notes: z.string().nullish(),
  }),
});

/**
 * Management locks over ARM, at a subscription, a group or a resource. A lock is no obstacle to its own removal, nor to
 * a second one beside it: who may write locks may take them away.
 */
export function lockOperations(frame: Frame): readonly Operation[] {
  const common = { resourceType: TYPE, apiVersions: versionsOf(TYPE) };
  const one = { ...common, pattern: `${PATTERN}/{name}`, passesLocks: true };
  return [
    {
      ...one,
      id: 'locks.createOrUpdate',
      method: 'PUT',
      action: `${TYPE}/write`,
      handle: (request, params) => put(frame, request, params),
    },
    {
      ...one,
      id: 'locks.get',
      method: 'GET',
      action: `${TYPE}/read`,
      handle: (_request, params) => ({ status: 200, body: bodyOf(find(frame, params)) }),
    },
    {
      ...one,
      id: 'locks.delete',
      method: 'DELETE',
      action: `${TYPE}/delete`,
      handle: (_request, params) => ({
        status: frame.world.locks.remove(scopeOf(params), params.name ?? '') ? 200 : 204,
      }),
    },
    {
      ...common,
      id: 'locks.list',
      method: 'GET',
      pattern: PATTERN,
      action: `${TYPE}/read`,
      handle: (request, params) => list(frame, request, scopeOf(params)),
    },
  ];
}

function put({ world }: Frame, request: ArmRequest, params: Params): ArmResponse {
  const parsed = bodySchema.safeParse(request.body);
  if (!parsed.success)
    throw new ArmError(400, 'LockLevelNotSpecified', 'The lock level must be CanNotDelete or ReadOnly.');
  const { level, notes } = parsed.data.properties;
  if (level === 'NotSpecified')
    throw new ArmError(400, 'LockLevelNotSpecified', 'The lock level must be CanNotDelete or ReadOnly.');
  const scope = scopeOf(params);
  const name = params.name ?? '';
  const existing = world.locks.get(scope, name);
  const lock: Lock = { scope, name: existing?.name ?? name, level, ...(notes && { notes }) };
  world.locks.put(lock);
  return { status: existing ? 200 : 201, body: bodyOf(lock) };
}

/** At the scope and beneath it; with `atScope()` at it alone and above it. */
function list({ world, knobs }: Frame, request: ArmRequest, scope: string): ArmResponse {
  const filter = request.query.get('$filter');
  const locks =
    filter?.replace(/\s/g, '').toLowerCase() === 'atscope()'
      ? world.lineage(scope).flatMap((key) => world.locks.at(key))
      : world.locks.within(scope);
  return { status: 200, body: page(request, locks, knobs.values.paging.pageSize, bodyOf) };
}

function find({ world }: Frame, params: Params): Lock {
  const lock = world.locks.get(scopeOf(params), params.name ?? '');
  if (lock) return lock;
  throw new ArmError(404, 'LockNotFound', `The lock '${params.name}' could not be found.`);
}

const bodyOf = ({ scope, name, level, notes }: Lock) => ({
  properties: { level, ...(notes !== undefined && { notes }) },
  id: `${scope === '/' ? '' : scope}/providers/${TYPE}/${name}`,
  type: TYPE,
  name,
});
