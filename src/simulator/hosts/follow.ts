import { ArmError, type ArmRequest, type ArmResponse } from '../http/operation.ts';
import { etagOf, hostBody } from './body.ts';
import type { Host, ProvisioningState } from './host.ts';
import type { EditMode, IdentityEdit } from './identity-edit.ts';
import type { LongOperation } from './long-operations.ts';
import type { HostFrame } from './part.ts';
import type { AnswerForm, HostType } from './types.ts';

export interface Begin {
  readonly host: Host;
  readonly form: AnswerForm;
  readonly created: boolean;
  /** Second part of the operation id. */
  readonly operation: string;
  readonly state: ProvisioningState;
  /** Takes effect at the end. */
  readonly apply: () => void;
  readonly identity?: { readonly edit: IdentityEdit; readonly mode: EditMode };
}

/**
 * Starts the work a write asks for, and answers in the type's form (azure.md sections 7 and 8). The answer is made of
 * the host as it is when the work begins; what `wait` answers is made when it has ended.
 */
export async function begin(
  frame: HostFrame,
  type: HostType,
  request: ArmRequest,
  given: Begin,
): Promise<ArmResponse> {
  const { hosts, operations, knobs } = frame;
  const { host, created, identity } = given;
  const form = formOf(frame, type, given);
  const early = knobs.values.hosts.identityShows === 'at-start';
  const editIdentity = () => {
    if (!identity || !hosts.get(host.id)) return;
    const held = hosts.get(host.id)?.identity;
    const after = hosts.editIdentity(host.id, identity.edit, identity.mode);
    if (type.restarts && held && !sameIdentities(held, after.identity))
      hosts.change(host.id, { restarts: after.restarts + 1 });
  };
  const operation = operations.open(host.id, `${type.area}.${given.operation}`, {
    run: () => {
      given.apply();
      if (!early) editIdentity();
      if (hosts.get(host.id)) hosts.change(host.id, { provisioningState: 'Succeeded' });
    },
    undo: (status) => {
      // What was shown from the start stays: the half of a failed operation.
      if (hosts.get(host.id)) hosts.change(host.id, { provisioningState: status });
    },
  });
  hosts.change(host.id, { provisioningState: given.state });
  if (early) editIdentity();
  const answer = () => answerOf(frame, type, request, { form, created, operation, id: host.id });
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

function formOf({ knobs }: HostFrame, type: HostType, { form, operation }: Begin): AnswerForm {
  if (type.busy !== 'site' || operation !== 'update' || knobs.values.hosts.siteWriteStatus === 200)
    return form;
  return { created: 202, existing: 202, follow: 'none' };
}

function answerOf(
  frame: HostFrame,
  type: HostType,
  request: ArmRequest,
  given: {
    readonly form: AnswerForm;
    readonly created: boolean;
    readonly operation: LongOperation;
    readonly id: string;
  },
): ArmResponse {
  const { form, created, operation, id } = given;
  const status = created ? form.created : form.existing;
  const host = frame.hosts.get(id);
  const body = host && form.follow !== 'location' ? { body: hostBody(frame, type, host) } : {};
  const etag = type.etag && host ? { etag: etagOf(host) } : {};
  const headers = { ...etag, ...followHeaders(frame, type, request, form, operation) };
  return { status, headers, ...body };
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
  switch (form.follow) {
    case 'wait':
    case 'none':
      return {};
    case 'azure-asyncoperation':
      return { 'azure-asyncoperation': operationUrl(type, request, operation, 'operations'), ...retryAfter };
    case 'location':
      return { location: operationUrl(type, request, operation, 'operationResults'), ...retryAfter };
  }
}

/** Absolute, under the host and scheme of the request, signed and longer than 4 KB (azure.md section 8). */
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
