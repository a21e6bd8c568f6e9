import { z } from 'zod';
import { ArmError, type ArmRequest, type ArmResponse, resourceNotFound } from '../../http/operation.ts';
import {
  assertLocation,
  assertSameLocation,
  locationRequired,
  shortLocation,
} from '../../resources/locations.ts';
import { type Host, type HostAddress, NO_IDENTITY, type Properties, parseHostId } from '../host.ts';
import { etagOf } from '../host-body.ts';
import type { HostFrame } from '../part.ts';
import { defaultProperties, extraOf, mergePatch, settableProperties } from '../properties.ts';
import { assertRules } from '../rules.ts';
import type { HostType } from '../types.ts';
import { begin } from './follow.ts';
import {
  assertLinkedAccess,
  type EditMode,
  type IdentityEdit,
  identitySchema,
  NOTHING,
  readIdentity,
} from './identity-edit.ts';

const bodySchema = z.looseObject({
  location: z.string().optional(),
  kind: z.string().optional(),
  sku: z.unknown().optional(),
  tags: z.record(z.string(), z.string()).nullish(),
  properties: z.record(z.string(), z.unknown()).nullish(),
  identity: identitySchema.nullish(),
});

type Body = z.infer<typeof bodySchema>;

/** PUT: makes the host, or replaces all of it. What the body leaves out is lost, hidden secrets among it. */
export function put(frame: HostFrame, type: HostType, request: ArmRequest): Promise<ArmResponse> {
  const at = addressOf(type, request);
  const body = readBody(request.body);
  assertParent(frame, type, at);
  const existing = frame.hosts.get(at.id);
  assertPreconditions(type, existing, request);
  const keeps = existing !== undefined && type.putWithoutIdentity === 'keeps' && !body.identity;
  const edit = editOf(body) ?? NOTHING;
  const mode = modeOf(frame, type, true);
  assertLinkedAccess(frame, at, request.caller, edit, existing?.identity ?? NO_IDENTITY);
  if (body.location === undefined) throw locationRequired();
  if (existing) assertSameLocation(existing, body.location);
  else assertLocation(body.location, type.type);
  assertIdle(frame, type, at);
  assertSettable(frame, type, body);
  const properties = settableProperties(
    type,
    body.properties ?? (existing ? {} : defaultProperties(type.type)),
  );
  const location = shortLocation(body.location);
  // What cannot change once it is made, such as `orchestrationMode`, holds though the body leaves it out.
  const whole = { ...existing?.properties, ...properties };
  const ruled = { ...at, identity: existing?.identity ?? NO_IDENTITY, location, properties: whole };
  if (!keeps) assertRules(frame, type, ruled, edit, mode, request.apiVersion);
  const spec = {
    ...(body.kind !== undefined && { kind: body.kind }),
    ...(body.sku !== undefined && { sku: body.sku }),
    location,
    tags: body.tags ?? {},
    properties,
    extra: extraOf(body),
  };
  const host = existing ?? frame.hosts.create(at, spec);
  return begin(frame, type, request, {
    host,
    form: existing ? type.putAnswer.existing : type.putAnswer.created,
    operation: 'createOrUpdate',
    state: existing ? 'Updating' : type.firstState,
    ...(existing && { change: () => spec }),
    ...(!keeps && { identity: { edit, mode } }),
  });
}

/** PATCH: merges what the type's PATCH can change, and leaves the rest of the body aside. */
export function patch(frame: HostFrame, type: HostType, request: ArmRequest): Promise<ArmResponse> {
  const at = addressOf(type, request);
  const host = frame.hosts.get(at.id);
  if (!host) throw hostNotFound(type, at);
  assertPreconditions(type, host, request);
  if (type.patch === 'nothing')
    return begin(frame, type, request, { ...plain(host), form: type.patchAnswer, operation: 'update' });
  const body = readBody(request.body);
  const knowsIdentity = type.patch === 'everything' && !type.blindVersions.includes(request.apiVersion);
  const edit = knowsIdentity ? editOf(body) : undefined;
  const mode = modeOf(frame, type, false);
  if (edit) assertLinkedAccess(frame, host, request.caller, edit, host.identity);
  assertIdle(frame, type, host);
  if (edit) assertRules(frame, type, host, edit, mode, request.apiVersion);
  return begin(frame, type, request, {
    ...plain(host),
    form: type.patchAnswer,
    operation: 'update',
    change: (now) => {
      const whole = type.patch === 'everything';
      const properties = whole ? settableProperties(type, body.properties ?? {}) : {};
      const extra = whole ? extraOf(body) : {};
      if (!body.tags && Object.keys({ ...properties, ...extra }).length === 0) return {};
      return {
        tags: body.tags ?? now.tags,
        properties: mergePatch(now.properties, properties) as Properties,
        extra: mergePatch(now.extra, extra) as Properties,
      };
    },
    ...(edit && { identity: { edit, mode } }),
  });
}

/** A slot needs its site. Code and text are ARM's for any child. */
function assertParent({ hosts }: HostFrame, type: HostType, { id, name }: HostAddress): void {
  if (!name.includes('/') || hosts.get(id.split('/').slice(0, -2).join('/'))) return;
  throw new ArmError(
    404,
    'ParentResourceNotFound',
    `Failed to perform 'write' on resource(s) of type '${type.type.split('/').slice(1).join('/')}', because the parent resource '${id.split('/').slice(0, -2).join('/')}' could not be found.`,
  );
}

/** The host a request is about, in the type's spelling. */
export function addressOf(type: HostType, request: ArmRequest): HostAddress {
  const at = parseHostId(request.path);
  if (!at) throw new Error(`expected ${request.path} to be the id of a ${type.type}`);
  return { ...at, type: type.type };
}

export const hostNotFound = (type: Pick<HostType, 'type'>, { name, resourceGroup }: HostAddress): ArmError =>
  resourceNotFound(type.type, name, resourceGroup);

const plain = (host: Host) => ({ host, state: 'Updating' as const });

function readBody(body: unknown): Body {
  const parsed = bodySchema.safeParse(body ?? {});
  if (parsed.success) return parsed.data;
  throw new ArmError(
    400,
    'InvalidRequestContent',
    `The request content was invalid and could not be deserialized: '${parsed.error.issues[0]?.path.join('.') ?? ''}'.`,
  );
}

const editOf = ({ identity }: Body): IdentityEdit | undefined =>
  identity ? readIdentity(identity) : undefined;

function modeOf({ knobs }: HostFrame, type: HostType, replaces: boolean): EditMode {
  return { replaces, keepsRemoved: knobs.values.hosts.keepsRemoved.includes(type.type) };
}

/** `If-Match` and `If-None-Match` (docs/azure-facts.md section 2); types without an etag ignore them. */
function assertPreconditions(type: HostType, host: Host | undefined, { headers }: ArmRequest): void {
  if (!type.etag?.conditional) return;
  const wanted = headers['if-match'];
  const current = host && etagOf(type, host);
  const matches = wanted === undefined || (host !== undefined && (wanted === '*' || wanted === current));
  const unwanted = host !== undefined && headers['if-none-match'] === '*';
  if (matches && !unwanted) return;
  throw new ArmError(
    412,
    'PreconditionFailed',
    `The condition specified using HTTP conditional header(s) is not met. The current etag is '${current ?? ''}'.`,
  );
}

/** One write at a time: 409 while an operation runs, in App Service's words for sites (docs/azure-facts.md section 7). */
export function assertIdle({ operations }: HostFrame, type: HostType, { id }: { readonly id: string }): void {
  const running = operations.on(id);
  if (!running) return;
  if (type.busy === 'site')
    throw new ArmError(
      409,
      'Conflict',
      `Cannot modify this site because another operation is in progress. Details: Id: ${running.id}, OperationName: ${running.name}, CreatedTime: ${new Date(running.startedAt).toISOString()}`,
    );
  throw new ArmError(
    409,
    type.busy,
    `Another operation is in progress on the resource '${id}'. Please retry the operation once the operation '${running.id}' has completed.`,
  );
}

function assertSettable({ knobs }: HostFrame, type: HostType, { properties }: Body): void {
  if (!properties || !knobs.values.hosts.refusesReadOnly.includes(type.type)) return;
  const settable = settableProperties(type, properties);
  const [name] = Object.keys(properties).filter((each) => !(each in settable));
  if (name === undefined) return;
  throw new ArmError(
    400,
    'InvalidParameter',
    `The property 'properties.${name}' is read-only and cannot be set.`,
  );
}
