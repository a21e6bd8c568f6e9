import type { Clock } from './clock.ts';
import type { Send } from './deployments/calls.ts';
import { type ArmParts, perform } from './http/arm.ts';
import { type Message, splitTarget } from './http/message.ts';
import type { Caller } from './http/operation.ts';
import type { Callers } from './http/request-log.ts';
import type { Directory } from './world/directory.ts';

/**
 * Calls at Resource Manager that come over no wire: as someone else for the control endpoint, and as the caller of a deployment for
 * what it writes. They meet the rules of any call, and neither faults, waits nor buckets.
 */

/** The principal that the control endpoint calls as. */
export function createSomeoneElse(
  directory: Directory,
  callers: Callers,
  tenantId: string,
  clock: Clock,
): Caller {
  const name = 'someone-else';
  const { objectId, appId } = directory.create({ displayName: name, tenantId, replicates: false });
  callers.name(objectId, name);
  return { objectId, appId, tenantId, name, tokenIssuedAt: clock.now() };
}

/** The answer to a call as a principal, which is in the request log as any other call is. */
export async function callAs(
  arm: ArmParts,
  caller: Caller,
  call: Readonly<{
    origin: string;
    method: string;
    target: string;
    body: unknown;
    headers: Message['headers'];
  }>,
) {
  const { method, body } = call;
  const message = armMessage(call.origin, method, call.target, body, call.headers);
  const n = arm.log.open(method, message.target);
  arm.log.amend(n, {
    caller: caller.name,
    operation: arm.router.find(method, message.path)?.operation.id ?? '',
    ...(body !== undefined && { body }),
  });
  const {
    status,
    headers,
    body: answer,
  } = await perform(arm, message, { ...caller, tokenIssuedAt: arm.clock.now() });
  arm.log.close(n, status);
  return { status, headers, body: parsed(answer) };
}

/** Calls as the caller of the request they are part of, under its correlation id. */
export function sendsOn(arm: () => ArmParts): Send {
  return async (request, method, target, body) => {
    const correlation = request.headers['x-ms-correlation-request-id'];
    const headers = correlation === undefined ? {} : { 'x-ms-correlation-request-id': correlation };
    const message = armMessage(request.origin, method, target, body, headers);
    const reply = await perform(arm(), message, request.caller);
    return { status: reply.status, body: parsed(reply.body) };
  };
}

function armMessage(
  origin: string,
  method: string,
  target: string,
  body: unknown,
  headers: Message['headers'],
): Message {
  return {
    ...splitTarget(target),
    method,
    headers,
    body: body === undefined ? '' : JSON.stringify(body),
    origin,
  };
}

const parsed = (body: string) => (body === '' ? undefined : JSON.parse(body));
