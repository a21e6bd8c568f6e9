import type { ArmRequest } from '../http/operation.ts';
import { patchedTags } from '../resources/tags.ts';
import type { World } from '../world.ts';
import type { PolicyResource } from './rule.ts';

type Body = Readonly<Record<string, unknown>>;
type Tags = Readonly<Record<string, string>>;

const GROUP = /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+$/i;
const TAGS = /^(.*)\/providers\/Microsoft\.Resources\/tags\/default$/i;

/**
 * The resource as a write would leave it: what policies look at. Of what a PATCH leaves out, location and tags are known. Policies
 * do not look at their own assignments, nor at calls that write no resource.
 */
export function resourceAfter(world: World, request: ArmRequest): PolicyResource | undefined {
  if (request.method !== 'PUT' && request.method !== 'PATCH') return undefined;
  const { path, method } = request;
  const body = (request.body ?? {}) as Body;
  const tagged = TAGS.exec(path)?.[1];
  if (tagged !== undefined) return retagged(world, method, tagged, body);
  const named = namedBy(path);
  if (!named || /^Microsoft\.Authorization\/policy/i.test(named.type)) return undefined;
  const held = method === 'PATCH' ? heldAt(world, path) : undefined;
  const location = (body.location as string | undefined) ?? held?.location;
  const tags = (body.tags as Tags | null | undefined) ?? held?.tags ?? {};
  return { id: path, ...named, tags, body, ...(location !== undefined && { location }) };
}

/** By way of `Microsoft.Resources/tags`: the resource with other tags. */
function retagged(world: World, method: string, id: string, body: Body): PolicyResource | undefined {
  const named = namedBy(id);
  const held = heldAt(world, id);
  if (!named || !held) return undefined;
  const given = ((body.properties as Body | undefined)?.tags ?? {}) as Tags;
  const operation = method === 'PUT' ? 'replace' : String(body.operation).toLowerCase();
  const tags = patchedTags(held.tags ?? {}, operation as 'merge', given);
  return { id, ...named, tags: tags ?? {}, body: {}, ...(held.location && { location: held.location }) };
}

function heldAt(world: World, id: string): { readonly location?: string; readonly tags?: Tags } | undefined {
  if (!GROUP.test(id)) return world.resource(id);
  const [, , subscriptionId = '', , name = ''] = id.split('/');
  return world.resourceGroup(subscriptionId, name);
}

/** Type and full name of what a path names; undefined for what is no resource. */
function namedBy(path: string): Pick<PolicyResource, 'type' | 'name'> | undefined {
  if (GROUP.test(path))
    return { type: 'Microsoft.Resources/subscriptions/resourceGroups', name: path.split('/').at(-1) ?? '' };
  const [namespace, ...rest] = (path.split(/\/providers\//i).at(-1) ?? '').split('/');
  if (!path.includes('/providers/') || namespace === undefined || rest.length % 2 !== 0) return undefined;
  const types = rest.filter((_, i) => i % 2 === 0);
  const names = rest.filter((_, i) => i % 2 === 1);
  return { type: [namespace, ...types].join('/'), name: names.join('/') };
}
