/**
 * @module The little of Microsoft Graph that clients of managed identities need, under the simulator's own origin: service
 * principals, objects by id, and the sign-ins of managed identities (docs/azure-facts.md sections 6 and 16.3).
 */
import type { Authorizer } from '../authorizer.ts';
import { sleep } from '../clock.ts';
import { faultError } from '../faults.ts';
import type { ArmParts } from '../http/arm.ts';
import { jsonReply, type Message, type Reply } from '../http/message.ts';
import { ArmError, type ArmRequest, type Caller, type Operation } from '../http/operation.ts';
import { Router } from '../http/router.ts';
import { deletedItemOperations, directoryOperations } from './directory-objects.ts';
import { type SignIns, signInOperations } from './sign-ins.ts';

export const PERMISSIONS = ['Directory.Read.All', 'AuditLog.Read.All'] as const;
type Permission = (typeof PERMISSIONS)[number];

export interface Graph {
  /** Undefined for a path that is not of Graph. */
  answer(message: Message, n: number, signal: AbortSignal): Promise<Reply | undefined>;
  /** Gives a principal these application permissions of Graph, in place of those it had. */
  allow(objectId: string, permissions: readonly Permission[]): void;
  readonly operations: ReturnType<typeof directoryOperations>;
}

/** What Graph's tokens are for: its origin, its public name, its application id. */
const AUDIENCES = ['https://graph.microsoft.com', '00000003-0000-0000-c000-000000000000'];

export function createGraph(arm: Omit<ArmParts, 'router'>, signIns: SignIns): Graph {
  const allowed = new Map<string, readonly Permission[]>();
  const ofDirectory = [...directoryOperations(arm), ...deletedItemOperations(arm)];
  const ofSignIns = signInOperations(arm, signIns);
  const operations = [...ofDirectory, ...ofSignIns];
  const needed = (operation: Operation): Permission =>
    ofSignIns.includes(operation) ? 'AuditLog.Read.All' : 'Directory.Read.All';
  const router = new Router(operations);
  const answer = async (message: Message, n: number, signal: AbortSignal): Promise<Reply> => {
    const match = router.find(message.method, message.path);
    const operation = match?.operation.id ?? '';
    arm.log.amend(n, { operation });
    const verified = await arm.tokens.verify(message.headers.authorization, [message.origin, ...AUDIENCES]);
    const caller = { ...verified, name: arm.callers.nameOf(verified.objectId) };
    arm.log.amend(n, { caller: caller.name });
    const { method, path } = message;
    const effect = arm.faults.strike({ method, path, operation, caller: caller.name });
    if (effect?.kind === 'reset' || effect?.kind === 'silence') return { kind: effect.kind };
    if (effect?.kind === 'status') throw faultError(effect, arm.clock.now());
    const ms = arm.knobs.latencyMs(operation || 'default');
    if (ms > 0) await sleep(arm.clock, ms, signal);
    const held = allowed.get(caller.objectId) ?? [];
    const may = match ? held.includes(needed(match.operation)) : held.length > 0;
    if (!may && !ownsEverything(arm.authorizer, caller))
      throw new ArmError(
        403,
        'Authorization_RequestDenied',
        'Insufficient privileges to complete the operation.',
      );
    if (!match)
      throw new ArmError(
        501,
        'NotSimulated',
        `The simulated Graph of azid does not answer ${method} ${path}; docs/reference/simulator.md lists what it does.`,
      );
    const response = await match.operation.handle(requestOf(message, caller), match.params);
    return jsonReply(response.status, response.body);
  };
  return {
    operations,
    allow: (objectId, permissions) => void allowed.set(objectId.toLowerCase(), permissions),
    async answer(message, n, signal) {
      if (!/^\/(v1\.0|beta)\//i.test(message.path)) return undefined;
      try {
        return await answer(message, n, signal);
      } catch (error) {
        if (!(error instanceof ArmError)) throw error;
        const innerError = {
          date: new Date(arm.clock.now()).toISOString(),
          'request-id': arm.random.uuid(),
        };
        const { status, code, headers } = error;
        return jsonReply(status, { error: { code, message: error.message, innerError } }, headers);
      }
    },
  };
}

/** Graph's permissions are not Resource Manager's; an Owner of the tenant root is taken for an administrator of both. */
function ownsEverything(authorizer: Authorizer, caller: Caller): boolean {
  return authorizer.authorize(caller, 'Microsoft.Authorization/roleAssignments/write', '/').allowed;
}

function requestOf({ method, path, query, headers, body, origin }: Message, caller: Caller): ArmRequest {
  let parsed: unknown;
  try {
    parsed = body === '' ? undefined : JSON.parse(body);
  } catch {
    throw new ArmError(400, 'Request_BadRequest', 'Invalid JSON in the request body.');
  }
  const [, apiVersion = ''] = path.split('/');
  return {
    method: method as ArmRequest['method'],
    path,
    query,
    headers,
    body: parsed,
    caller,
    origin,
    apiVersion,
  };
}
