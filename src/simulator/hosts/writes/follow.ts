import { ArmError, type ArmRequest, type ArmResponse } from '../../http/operation.ts';
import type { Host, ProvisioningState, SystemEntry } from '../host.ts';
import { etagOf, hostBody } from '../host-body.ts';
import type { HostFrame } from '../part.ts';
import type { AnswerForm, HostType } from '../types.ts';
import type { EditMode, IdentityEdit } from './identity-edit.ts';
import type { LongOperation } from './long-operations.ts';

interface Begin {
  readonly host: Host;
  readonly form: AnswerForm;
  /** Second part of the operation id. */
  readonly operation: string;
  readonly state: ProvisioningState;
  /** What becomes of the host, its identities aside. */
  readonly change?: (host: Host) => Partial<Host>;
  readonly identity?: { readonly edit: IdentityEdit; readonly mode: EditMode };
  /** What else is done when the work ends. */
  readonly end?: () => void;
}

/**
 * Starts the work a write asks for, and answers in the type's form (docs/azure-facts.md sections 7 and 8). It takes effect at its
 * end. What answers and GET show meanwhile is the new state (docs/azure-facts.md section 16.9), or the old one by knob.
 */
export async function begin(
  frame: HostFrame,
  type: HostType,
  request: ArmRequest,
  given: Begin,
): Promise<ArmResponse> {
  const { hosts, operations, knobs } = frame;
  const { host, change = () => ({}) } = given;
  const form = formOf(frame, type, given);
  const identity = preparedIdentity(frame, given);
  const fail = (status: 'Failed' | 'Canceled') => {
    // A deletion that fails deletes nothing.
    const keeps = !given.end && knobs.values.hosts.failedWriteLeaves === 'new' && hosts.get(host.id);
    if (keeps) finish();
    else if (identity?.system) hosts.discardSystem(identity.system);
    if (hosts.get(host.id)) hosts.change(host.id, { provisioningState: status });
  };
  const finish = () => {
    const now = hosts.get(host.id);
    const changed = now ? change(now) : {};
    if (Object.keys(changed).length > 0) hosts.change(host.id, changed);
    if (identity && now) editIdentity(frame, type, host.id, identity);
    given.end?.();
  };
  const operation = operations.open(host.id, `${type.area}.${given.operation}`, {
    run: () => {
      finish();
      if (hosts.get(host.id)) hosts.change(host.id, { provisioningState: 'Succeeded' });
    },
    undo: fail,
    ...(knobs.values.hosts.identityShows === 'at-start' && {
      shown: (now: Host) => preview(frame, type, { ...now, ...change(now) }, identity),
    }),
  });
  hosts.change(host.id, { provisioningState: given.state });
  const answer = () => answerOf(frame, type, request, { form, operation, id: host.id });
  const ms = knobs.latencyMs(`${type.area}.${given.operation}.operation`);
  if (form.follow !== 'wait') {
    const started = answer();
    operations.start(operation, ms);
    return started;
  }
  operations.start(operation, ms);
  await operation.done;
  if (operation.error) throw new ArmError(500, operation.error.code, operation.error.message);
  return answer();
}

interface PreparedIdentity extends NonNullable<Begin['identity']> {
  /** Made before the work ends, since the answer shows it; absent where the host has one or shall have none. */
  readonly system?: SystemEntry;
}

function preparedIdentity({ hosts }: HostFrame, { host, identity }: Begin): PreparedIdentity | undefined {
  if (!identity?.edit.system || host.identity.system) return identity;
  return { ...identity, system: hosts.prepareSystem(host) };
}

function editIdentity(
  { hosts }: HostFrame,
  type: HostType,
  id: string,
  { edit, mode, system }: PreparedIdentity,
): void {
  const held = hosts.get(id)?.identity;
  const after = hosts.editIdentity(id, edit, mode, system);
  if (type.restarts && held && !sameIdentities(held, after.identity))
    hosts.change(id, { restarts: after.restarts + 1 });
}

/** The new state, as it is shown while the work runs. */
function preview(
  { hosts }: HostFrame,
  type: HostType,
  host: Host,
  identity: PreparedIdentity | undefined,
): Host {
  if (!identity) return host;
  const { edit, mode, system } = identity;
  const after = hosts.identityAfter(host, edit, mode, host.identity.system ?? system);
  const isNew = (key: string) => type.newEntries === 'empty' && !host.identity.user.has(key);
  const user = new Map(
    [...after.user].map(
      ([key, entry]) => [key, isNew(key) ? { ...entry, withoutIds: true } : entry] as const,
    ),
  );
  return { ...host, identity: { ...after, user } };
}

function formOf({ knobs }: HostFrame, type: HostType, { form, operation }: Begin): AnswerForm {
  if (type.busy !== 'site' || operation !== 'update' || knobs.values.hosts.siteWriteStatus === 200)
    return form;
  return { status: 202, follow: 'none' };
}

function answerOf(
  frame: HostFrame,
  type: HostType,
  request: ArmRequest,
  given: { readonly form: AnswerForm; readonly operation: LongOperation; readonly id: string },
): ArmResponse {
  const { form, operation, id } = given;
  const held = frame.hosts.get(id);
  const host = held && frame.operations.shown(held);
  const withBody = form.follow !== 'location' && form.follow !== 'both';
  const body = host && withBody ? { body: hostBody(frame, type, host) } : {};
  const hasHeader =
    type.etag?.header === 'always' || (type.etag?.header === 'put' && request.method === 'PUT');
  const etag = hasHeader && host ? { etag: etagOf(type, host) } : {};
  const headers = { ...etag, ...followHeaders(frame, type, request, form, operation) };
  return { status: form.status, headers, ...body };
}

export function followHeaders(
  { knobs }: HostFrame,
  type: HostType,
  request: ArmRequest,
  form: AnswerForm,
  operation: LongOperation,
): Record<string, string> {
  const seconds = knobs.values.hosts.pollSeconds;
  const retryAfter: Record<string, string> = seconds > 0 ? { 'retry-after': String(seconds) } : {};
  const url = (kind: 'operations' | 'operationResults') => operationUrl(type, request, operation, kind);
  switch (form.follow) {
    case 'wait':
    case 'none':
      return {};
    case 'azure-asyncoperation':
      return { 'azure-asyncoperation': url('operations'), ...retryAfter };
    case 'location':
      return { location: url('operationResults'), ...retryAfter };
    case 'both':
      return {
        'azure-asyncoperation': url('operations'),
        location: url('operationResults'),
        ...retryAfter,
      };
  }
}

/** Absolute, under the host and scheme of the request, signed and longer than 4 KB (docs/azure-facts.md section 8). */
function operationUrl(
  type: HostType,
  request: ArmRequest,
  { id, signature, startedAt }: LongOperation,
  kind: 'operations' | 'operationResults',
): string {
  const subscription = request.path.split('/').slice(0, 3).join('/');
  const namespace = type.type.split('/')[0] ?? '';
  const query = new URLSearchParams({
    'api-version': request.apiVersion,
    t: String(startedAt),
    c: signature,
    s: signature.slice(0, 342),
    h: signature.slice(342, 385),
  });
  return `${request.origin}${subscription}/providers/${namespace}/locations/westeurope/${kind}/${id}?${query}`;
}

function sameIdentities(a: Host['identity'], b: Host['identity']): boolean {
  const keys = [...b.user.keys()];
  return (
    a.system?.principalId === b.system?.principalId &&
    a.user.size === b.user.size &&
    keys.every((key) => a.user.has(key))
  );
}
