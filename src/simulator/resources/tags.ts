import { z } from 'zod';
import { versionsOf } from '../catalog/versions.ts';
import type { Frame } from '../frame.ts';
import type { Hosts } from '../hosts/hosts.ts';
import {
  ArmError,
  type ArmRequest,
  type ArmResponse,
  invalidContent,
  type Operation,
  type Params,
} from '../http/operation.ts';
import { parseScope } from '../world/scope.ts';
import { resourceGroupNotFound } from '../world/world.ts';

const TYPE = 'Microsoft.Resources/tags';

type Tags = Readonly<Record<string, string>>;

const tagsSchema = z.object({ tags: z.record(z.string(), z.string()).nullish() });
const putSchema = z.object({ properties: tagsSchema });
const patchSchema = z.object({
  operation: z
    .string()
    .transform((word) => word.toLowerCase())
    .pipe(z.enum(['merge', 'replace', 'delete'])),
  properties: tagsSchema,
});

interface TagsFrame extends Frame {
  readonly hosts: Hosts;
}

/** The tags of a group or a resource as a resource of their own: `az tag update`. */
export function tagOperations(frame: TagsFrame): readonly Operation[] {
  const common = {
    pattern: `{+scope}/providers/${TYPE}/default`,
    resourceType: TYPE,
    apiVersions: versionsOf(TYPE),
  };
  const write = `${TYPE}/write`;
  return [
    {
      ...common,
      id: 'tags.get',
      method: 'GET',
      action: `${TYPE}/read`,
      handle: (_request, params) => answer(frame, scopeOf(params)),
    },
    {
      ...common,
      id: 'tags.createOrUpdate',
      method: 'PUT',
      action: write,
      handle: (request, params) => put(frame, request, scopeOf(params)),
    },
    {
      ...common,
      id: 'tags.update',
      method: 'PATCH',
      action: write,
      handle: (request, params) => patch(frame, request, scopeOf(params)),
    },
    {
      ...common,
      id: 'tags.delete',
      method: 'DELETE',
      action: `${TYPE}/delete`,
      handle(_request, params) {
        setTags(frame, scopeOf(params), {});
        return { status: 200 };
      },
    },
  ];
}

function put(frame: TagsFrame, request: ArmRequest, scope: string): ArmResponse {
  const parsed = putSchema.safeParse(request.body);
  if (!parsed.success) throw invalidContent();
  setTags(frame, scope, parsed.data.properties.tags ?? {});
  return answer(frame, scope);
}

function patch(frame: TagsFrame, request: ArmRequest, scope: string): ArmResponse {
  const parsed = patchSchema.safeParse(request.body);
  if (!parsed.success) throw invalidContent();
  const { operation, properties } = parsed.data;
  setTags(frame, scope, patchedTags(tagsOf(frame, scope), operation, properties.tags ?? {}));
  return answer(frame, scope);
}

/** A deletion names the value too: only a tag that has it goes. */
export function patchedTags(held: Tags, operation: 'merge' | 'replace' | 'delete', given: Tags): Tags {
  switch (operation) {
    case 'merge':
      return { ...held, ...given };
    case 'replace':
      return given;
    case 'delete':
      return Object.fromEntries(Object.entries(held).filter(([name, value]) => given[name] !== value));
  }
}

const answer = (frame: TagsFrame, scope: string): ArmResponse => ({
  status: 200,
  body: {
    id: `${scope}/providers/${TYPE}/default`,
    name: 'default',
    type: TYPE,
    properties: { tags: tagsOf(frame, scope) },
  },
});

function tagsOf({ world }: TagsFrame, scope: string): Tags {
  const parsed = parseScope(scope);
  const found =
    parsed.kind === 'resourceGroup'
      ? world.resourceGroup(parsed.subscriptionId, parsed.resourceGroup)
      : world.resource(scope);
  if (found) return found.tags ?? {};
  throw parsed.kind === 'resourceGroup' ? resourceGroupNotFound(parsed.resourceGroup) : notTaggable(scope);
}

function setTags(frame: TagsFrame, scope: string, tags: Tags): void {
  const { world, identities, hosts } = frame;
  tagsOf(frame, scope);
  const parsed = parseScope(scope);
  if (parsed.kind === 'resourceGroup') {
    const group = world.resourceGroup(parsed.subscriptionId, parsed.resourceGroup);
    if (group) world.addResourceGroup(group.subscriptionId, group.name, group.location, tags);
  } else if (identities.get(scope)) identities.change(scope, { tags });
  else if (hosts.get(scope)) hosts.change(scope, { tags });
}

const scopeOf = ({ scope = '' }: Params) => scope;

const notTaggable = (scope: string) =>
  new ArmError(404, 'ResourceNotFound', `The resource '${scope}' was not found, or has no tags.`);
