import { versionsOf } from '../catalog/versions.ts';
import { sleep } from '../clock.ts';
import type { Frame } from '../frame.ts';
import {
  ArmError,
  type ArmRequest,
  type ArmResponse,
  type Operation,
  type Params,
  page,
  resourceNotFound,
} from '../http/operation.ts';
import { IDENTITY_TYPE, type Identity, identityId } from '../identities/identities.ts';
import { shortLocation } from '../resources/locations.ts';
import {
  CREDENTIAL_TYPE,
  concurrentWrite,
  credentialBody,
  duplicate,
  invalidName,
  parentMissing,
  readFields,
  regionNotSupported,
  tooMany,
} from './credential-body.ts';
import type { Credentials, FederatedCredential } from './credentials.ts';

const ROOT = `/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}/providers/${IDENTITY_TYPE}/{identity}/federatedIdentityCredentials`;

/** docs/azure-facts.md section 4. */
const NAME = /^[a-zA-Z0-9]{1}[a-zA-Z0-9-_]{2,119}$/;

/** Federated identity credentials over ARM: docs/azure-facts.md section 4. */
export function credentialOperations(frame: Frame, credentials: Credentials): Operation[] {
  const common = { resourceType: CREDENTIAL_TYPE, apiVersions: versionsOf(CREDENTIAL_TYPE) };
  return [
    {
      ...common,
      id: 'federatedCredentials.createOrUpdate',
      method: 'PUT',
      pattern: `${ROOT}/{name}`,
      action: `${CREDENTIAL_TYPE}/write`,
      ownsLatency: true,
      handle: (request, params) => put(frame, credentials, request, params),
    },
    {
      ...common,
      id: 'federatedCredentials.delete',
      method: 'DELETE',
      pattern: `${ROOT}/{name}`,
      action: `${CREDENTIAL_TYPE}/delete`,
      ownsLatency: true,
      handle: (_request, params) => remove(frame, credentials, params),
    },
    {
      ...common,
      id: 'federatedCredentials.get',
      method: 'GET',
      pattern: `${ROOT}/{name}`,
      action: `${CREDENTIAL_TYPE}/read`,
      handle: (_request, params) => get(frame, credentials, params),
    },
    {
      ...common,
      id: 'federatedCredentials.list',
      method: 'GET',
      pattern: ROOT,
      action: `${CREDENTIAL_TYPE}/read`,
      handle: (request, params) => list(frame, credentials, request, params),
    },
  ];
}

async function put(
  frame: Frame,
  credentials: Credentials,
  request: ArmRequest,
  params: Params,
): Promise<ArmResponse> {
  const name = params.name ?? '';
  if (!NAME.test(name)) throw invalidName(name);
  const identity = parentOf(frame, params);
  const { unsupportedRegions, perIdentity, limitStatus } = frame.knobs.values.federation;
  if (unsupportedRegions.some((region) => shortLocation(region) === shortLocation(identity.location)))
    throw regionNotSupported();
  const fields = readFields(request.body);
  using write = credentials.startWrite(identity.id);
  if (!write) throw concurrentWrite();
  const others = credentials.of(identity.id).filter((each) => !sameName(each, name));
  if (others.some((each) => each.issuer === fields.issuer && each.subject === fields.subject))
    throw duplicate();
  const existing = credentials.get(identity.id, name);
  if (!existing && others.length >= perIdentity) throw tooMany(perIdentity, limitStatus);
  await runs(frame, 'federatedCredentials.createOrUpdate');
  // The identity may have gone, or been recycled, while the write ran.
  if (frame.identities.get(identity.id)?.clientId !== identity.clientId) throw parentMissing();
  const body = credentialBody(credentials.put(identity, name, fields));
  if (existing) return { status: 200, body };
  // Relative, as recorded.
  return { status: 201, headers: { location: body.id }, body };
}

async function remove(frame: Frame, credentials: Credentials, params: Params): Promise<ArmResponse> {
  const identity = parentOf(frame, params);
  using write = credentials.startWrite(identity.id);
  if (!write) throw concurrentWrite();
  await runs(frame, 'federatedCredentials.delete');
  return { status: credentials.delete(identity.id, params.name ?? '') ? 200 : 204 };
}

function get(frame: Frame, credentials: Credentials, params: Params): ArmResponse {
  const { name = '', resourceGroup = '' } = params;
  const identity = parentOf(frame, params);
  const found = credentials.get(identity.id, name);
  if (!found || credentials.hidden(identity.id, name))
    throw resourceNotFound(
      `${IDENTITY_TYPE}/${identity.name}/federatedIdentityCredentials`,
      name,
      resourceGroup,
    );
  return { status: 200, body: credentialBody(found) };
}

function list(frame: Frame, credentials: Credentials, request: ArmRequest, params: Params): ArmResponse {
  const identity = parentOf(frame, params);
  const { pageSize } = frame.knobs.values.paging;
  const top = request.query.get('$top');
  if (top !== undefined && !/^[1-9]\d*$/.test(top))
    throw new ArmError(400, 'BadRequest', `The value '${top}' of $top is invalid: it must be at least 1.`);
  const size = top === undefined ? pageSize : Math.min(Number(top), pageSize);
  return { status: 200, body: page(request, credentials.listed(identity.id), size, credentialBody) };
}

/**
 * The write is under way for as long as the operation takes, and holds its identity's place meanwhile. No signal: like
 * Azure it goes on when the client has gone away.
 */
async function runs({ clock, knobs }: Frame, operationId: string): Promise<void> {
  const ms = knobs.latencyMs(operationId);
  if (ms > 0) await sleep(clock, ms);
}

function parentOf({ identities }: Frame, params: Params): Identity {
  const { subscriptionId = '', resourceGroup = '', identity: name = '' } = params;
  const identity = identities.get(identityId({ subscriptionId, resourceGroup, name }));
  if (!identity) throw parentMissing();
  return identity;
}

const sameName = (credential: FederatedCredential, name: string) =>
  credential.name.toLowerCase() === name.toLowerCase();
