import { z } from 'zod';
import { versionsOf } from '../catalog/versions.ts';
import type { Frame } from '../frame.ts';
import { readFilter } from '../hosts/reads/generic-list.ts';
import {
  ArmError,
  type ArmRequest,
  type ArmResponse,
  invalidContent,
  type Operation,
  type Params,
  page,
  pageSizeOf,
} from '../http/operation.ts';
import {
  type Resource,
  type ResourceGroup,
  resourceGroupNotFound,
  subscriptionNotFound,
} from '../world/world.ts';
import { assertLocation, locationRequired, shortLocation } from './locations.ts';
import { type OperationResults, POLL_SECONDS } from './operation-results.ts';

const TYPE = 'Microsoft.Resources/resourceGroups';
const ACTION = 'Microsoft.Resources/subscriptions/resourceGroups';
const LIST = '/subscriptions/{subscriptionId}/resourceGroups';

const bodySchema = z.looseObject({
  location: z.string().optional(),
  tags: z.record(z.string(), z.string()).nullish(),
});

/** Resource groups over ARM: enough for other tools to make their own; azid itself makes none. */
export function resourceGroupOperations(
  frame: Frame,
  operations: OperationResults,
  /** Called for a group that is deleted, with what is in it. */
  onGoes: (request: ArmRequest, children: readonly Resource[]) => void = () => {},
): readonly Operation[] {
  const { world, authorizer, knobs } = frame;
  const deleting = new Set<string>();
  const common = { resourceType: TYPE, apiVersions: versionsOf(TYPE) };
  const one = { ...common, pattern: `${LIST}/{name}` };

  const find = ({ subscriptionId = '', name = '' }: Params): ResourceGroup => {
    const group = world.resourceGroup(subscriptionId, name);
    if (!group) throw resourceGroupNotFound(name);
    return group;
  };
  const bodyOf = ({ id, name, location, tags }: ResourceGroup) => ({
    id,
    name,
    type: TYPE,
    location,
    tags,
    properties: { provisioningState: deleting.has(id) ? 'Deleting' : 'Succeeded' },
  });

  const put = (request: ArmRequest, { subscriptionId = '', name = '' }: Params): ArmResponse => {
    if (!world.subscription(subscriptionId)) throw subscriptionNotFound(subscriptionId);
    const { location, tags } = readBody(request.body);
    const existing = world.resourceGroup(subscriptionId, name);
    if (location === undefined) throw locationRequired();
    assertLocation(location);
    // Text: Azure/azure-cli#23043.
    if (existing && existing.location !== shortLocation(location))
      throw new ArmError(
        409,
        'InvalidResourceGroupLocation',
        `Invalid resource group location '${location}'. The Resource group already exists in location '${existing.location}'.`,
      );
    const group = world.addResourceGroup(
      subscriptionId,
      existing?.name ?? name,
      shortLocation(location),
      tags ?? {},
    );
    return { status: existing ? 200 : 201, body: bodyOf(group) };
  };

  /** Of tags alone, replaced as a whole. */
  const patch = (request: ArmRequest, params: Params): ArmResponse => {
    const { id: _, name, subscriptionId, location, tags } = find(params);
    const given = readBody(request.body);
    const group = world.addResourceGroup(subscriptionId, name, location, given.tags ?? tags);
    return { status: 200, body: bodyOf(group) };
  };

  const remove = (request: ArmRequest, params: Params): ArmResponse => {
    const { id, subscriptionId, name } = find(params);
    deleting.add(id);
    const location = operations.start('resourceGroups.delete.operation', request, subscriptionId, () => {
      deleting.delete(id);
      onGoes(request, world.resourcesWithin(id));
      world.removeResourceGroup(subscriptionId, name);
    });
    return { status: 202, headers: { location, 'retry-after': String(POLL_SECONDS) } };
  };

  const list = (request: ArmRequest, { subscriptionId = '' }: Params): ArmResponse => {
    const shape = (group: ResourceGroup) =>
      authorizer.authorize(request.caller, `${ACTION}/read`, group.id).allowed ? bodyOf(group) : undefined;
    const found = world.resourceGroups(subscriptionId).filter(tagFilter(request.query.get('$filter')));
    const size = pageSizeOf(request, knobs.values.paging.pageSize);
    return { status: 200, body: page(request, found, size, shape) };
  };

  return [
    {
      ...one,
      id: 'resourceGroups.createOrUpdate',
      method: 'PUT',
      action: `${ACTION}/write`,
      // It is the group itself that may be missing.
      checksParents: true,
      handle: put,
    },
    { ...one, id: 'resourceGroups.update', method: 'PATCH', action: `${ACTION}/write`, handle: patch },
    {
      ...one,
      id: 'resourceGroups.get',
      method: 'GET',
      action: `${ACTION}/read`,
      handle: (_request, params) => ({ status: 200, body: bodyOf(find(params)) }),
    },
    {
      ...one,
      id: 'resourceGroups.checkExistence',
      method: 'HEAD',
      action: `${ACTION}/read`,
      handle: (_request, params) => {
        find(params);
        return { status: 204 };
      },
    },
    { ...one, id: 'resourceGroups.delete', method: 'DELETE', action: `${ACTION}/delete`, handle: remove },
    {
      ...common,
      id: 'resourceGroups.list',
      method: 'GET',
      pattern: LIST,
      action: `${ACTION}/read`,
      checksRights: true,
      handle: list,
    },
  ];
}

function readBody(body: unknown): z.infer<typeof bodySchema> {
  const parsed = bodySchema.safeParse(body ?? {});
  if (parsed.success) return parsed.data;
  throw invalidContent();
}

/** `tagName eq 'a'`, with or without `and tagValue eq 'b'`: all that the filter of groups takes. */
function tagFilter(text: string | undefined): (group: ResourceGroup) => boolean {
  const filter = readFilter(text);
  const [terms = []] = filter;
  if (filter.length > 1 || terms.some(({ field }) => !field.startsWith('tag')))
    throw new ArmError(
      400,
      'InvalidFilterInQueryString',
      `Invalid $filter '${text}' specified in the query string.`,
    );
  const name = terms.find(({ field }) => field === 'tagname')?.value.toLowerCase();
  const value = terms.find(({ field }) => field === 'tagvalue')?.value;
  return ({ tags }) =>
    name === undefined ||
    Object.entries(tags).some(
      ([own, held]) => own.toLowerCase() === name && (value === undefined || held === value),
    );
}
