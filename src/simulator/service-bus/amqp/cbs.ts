import type { Message } from 'rhea';
import type { Claims } from '../claims/claims.ts';
import { checkToken, type TokenCheckParts } from '../claims/token-check.ts';
import type { BrokerFaults } from '../faults.ts';
import type { Namespace } from '../queues/namespaces.ts';
import type { NodeAnswer } from './request-response.ts';

/** A token that somebody put, for those who count. */
export interface PutToken {
  /** The entity it is for, as the client wrote it. */
  readonly audience: string;
  readonly type: string;
  /** Object id of the principal; empty for a key. */
  readonly principal: string;
  readonly status: number;
}

interface CbsParts extends TokenCheckParts {
  readonly faults: Pick<BrokerFaults, 'strike'>;
  readonly onToken: (token: PutToken) => void;
}

/** `put-token` at `$cbs`: how a connection comes to its claims. Undefined: no answer, by a fault. */
export async function putToken(
  parts: CbsParts,
  namespace: Namespace | undefined,
  claims: Claims,
  request: Message,
  anyKey: boolean,
): Promise<NodeAnswer | undefined> {
  const { operation, ...given } = request.application_properties ?? {};
  // Anything may come: values are whatever a client wrote.
  const [type, audience] = [given.type, given.name].map((value) => String(value ?? '')) as [string, string];
  if (operation !== 'put-token')
    return { status: 400, description: `The operation '${operation}' is not supported.` };
  const fault = parts.faults.strike({ at: 'put-token', queue: '' });
  if (fault?.effect === 'silence') return undefined;
  if (fault?.effect === 'status') return { status: fault.status, description: fault.description };
  if (!namespace) return { status: 404, description: `The namespace of '${audience}' could not be found.` };
  const value = textOf(request.body);
  const check = await checkToken(parts, namespace, { type, value, audience }, anyKey);
  const status = check.valid ? 202 : 401;
  const principal = check.valid && check.holder.kind === 'principal' ? check.holder.caller.objectId : '';
  parts.onToken({ audience, type, principal, status });
  if (!check.valid) return { status, description: check.why };
  claims.put(audience, check.holder, check.expiresAt);
  return { status, description: 'Accepted' };
}

function textOf(body: unknown): string {
  if (typeof body === 'string') return body;
  const { content } = (body ?? {}) as { readonly content?: Buffer };
  return content?.toString('utf8') ?? '';
}
