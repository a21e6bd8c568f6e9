import { versionsOf } from '../catalog/versions.ts';
import type { Frame } from '../frame.ts';
import { type ArmRequest, type ArmResponse, type Operation, type Params, page } from '../http/operation.ts';
import {
  assertLocation,
  assertSameLocation,
  locationRequired,
  shortLocation,
} from '../resources/locations.ts';
import { type Coordinates, IDENTITY_TYPE, type Identity, identityId } from './identities.ts';
import { assertName, identityBody, identityNotFound, readBody } from './identity-body.ts';

const ROOT = `/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}/providers/${IDENTITY_TYPE}`;

/** User-assigned identities over ARM: docs/azure-facts.md section 3. */
export function identityOperations(frame: Frame): readonly Operation[] {
  const { identities, knobs, authorizer } = frame;
  const common = { resourceType: IDENTITY_TYPE, apiVersions: versionsOf(IDENTITY_TYPE) };
  const read = `${IDENTITY_TYPE}/read`;

  const put = (request: ArmRequest, params: Params): ArmResponse => {
    const at = coordinates(params);
    assertName(at.name);
    const { location, change } = readBody(request.body);
    const existing = identities.get(identityId(at));
    if (!existing) {
      if (location === undefined) throw locationRequired();
      assertLocation(location, IDENTITY_TYPE);
      const identity = identities.create(at, shortLocation(location), change);
      // Relative, as recorded.
      return { status: 201, headers: { location: identity.id }, body: identityBody(identity) };
    }
    assertSameLocation(existing, location);
    return { status: 200, body: identityBody(identities.change(existing.id, { tags: {}, ...change })) };
  };

  const patch = (request: ArmRequest, params: Params): ArmResponse => {
    const existing = find(frame, params);
    const { location, change } = readBody(request.body);
    assertSameLocation(existing, location);
    const tags =
      knobs.values.identities.patchTags === 'merge' && change.tags
        ? { ...existing.tags, ...change.tags }
        : (change.tags ?? existing.tags);
    return { status: 200, body: identityBody(identities.change(existing.id, { ...change, tags })) };
  };

  const get = (_request: ArmRequest, params: Params): ArmResponse => {
    const existing = find(frame, params);
    // A creation may not be seen by every reader at once.
    if (identities.hidden(existing.id)) throw identityNotFound(coordinates(params));
    return { status: 200, body: identityBody(existing) };
  };

  // Attachments and grants do not prevent it and stay as they are (docs/azure-facts.md section 2).
  const remove = (_request: ArmRequest, params: Params): ArmResponse => ({
    status: identities.delete(identityId(coordinates(params))) ? 200 : 204,
  });

  /** Holds what the caller may read, without an error for the rest. */
  const list = (request: ArmRequest, within: (identity: Identity) => boolean): ArmResponse => {
    const shape = (identity: Identity) =>
      authorizer.authorize(request.caller, read, identity.id).allowed ? identityBody(identity) : undefined;
    const found = identities.listed().filter(within);
    return { status: 200, body: page(request, found, knobs.values.paging.pageSize, shape) };
  };

  return [
    {
      ...common,
      id: 'identities.createOrUpdate',
      method: 'PUT',
      pattern: `${ROOT}/{name}`,
      action: `${IDENTITY_TYPE}/write`,
      handle: put,
    },
    {
      ...common,
      id: 'identities.update',
      method: 'PATCH',
      pattern: `${ROOT}/{name}`,
      action: `${IDENTITY_TYPE}/write`,
      handle: patch,
    },
    { ...common, id: 'identities.get', method: 'GET', pattern: `${ROOT}/{name}`, action: read, handle: get },
    {
      ...common,
      id: 'identities.delete',
      method: 'DELETE',
      pattern: `${ROOT}/{name}`,
      action: `${IDENTITY_TYPE}/delete`,
      handle: remove,
    },
    {
      ...common,
      id: 'identities.listByResourceGroup',
      method: 'GET',
      pattern: ROOT,
      action: read,
      checksRights: true,
      handle: (request, params) =>
        list(
          request,
          (identity) =>
            same(identity.subscriptionId, params.subscriptionId) &&
            same(identity.resourceGroup, params.resourceGroup),
        ),
    },
    {
      ...common,
      id: 'identities.listBySubscription',
      method: 'GET',
      pattern: `/subscriptions/{subscriptionId}/providers/${IDENTITY_TYPE}`,
      action: read,
      checksRights: true,
      handle: (request, params) =>
        list(request, (identity) => same(identity.subscriptionId, params.subscriptionId)),
    },
  ];
}

function find({ identities }: Frame, params: Params): Identity {
  const at = coordinates(params);
  const identity = identities.get(identityId(at));
  if (!identity) throw identityNotFound(at);
  return identity;
}

export function coordinates(params: Params): Coordinates {
  const { subscriptionId = '', resourceGroup = '', name = '' } = params;
  return { subscriptionId, resourceGroup, name };
}

const same = (a: string, b: string | undefined) => a.toLowerCase() === b?.toLowerCase();
