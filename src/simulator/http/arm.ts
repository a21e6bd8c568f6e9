import type { Authorizer } from '../authorizer.ts';
import { sleep } from '../clock.ts';
import type { FaultEffect, Faults } from '../faults.ts';
import type { Foundation } from '../frame.ts';
import type { PolicyAssignments } from '../policies/assignments.ts';
import type { ExternalPolicies } from '../policies/external.ts';
import type { Throttle } from '../throttle/throttle.ts';
import type { AccessTokens } from '../token/access-tokens.ts';
import { parseScope } from '../world/scope.ts';
import { resourceGroupNotFound, subscriptionNotFound } from '../world/world.ts';
import {
  type Answer,
  afterEffect,
  beforeEffect,
  CORRELATION,
  correlated,
  correlationOf,
  errorAnswer,
  idsOf,
  responseAnswer,
  withIds,
} from './answer.ts';
import { armRequest, loggedBody, logicalPath } from './arm-request.ts';
import type { Message, Reply } from './message.ts';
import { ArmError, type ArmRequest, type Caller, type Method, type Operation } from './operation.ts';
import type { Callers, RequestLog } from './request-log.ts';
import type { Match, Router } from './router.ts';

/** A call that changed, or tried to change, something: what the Activity Log and events record. */
export interface Change {
  readonly operation: Operation;
  readonly request: ArmRequest;
  readonly status: number;
  /** Of the answer. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Wall ms at which it reached the operation. */
  readonly startedAt: number;
  /** As the answer's `x-ms-correlation-request-id` says it: by which records and events of one call are found. */
  readonly correlationId: string;
}

export interface ArmParts extends Foundation {
  readonly router: Router;
  readonly tokens: AccessTokens;
  readonly callers: Callers;
  readonly authorizer: Authorizer;
  readonly throttle: Throttle;
  readonly faults: Faults;
  readonly policies: ExternalPolicies;
  readonly policyAssignments: PolicyAssignments;
  readonly log: RequestLog;
  /** Called for every PUT, PATCH, POST and DELETE that reached an operation, whether it succeeded or not. */
  readonly onChange?: (change: Change) => void;
}

/** The caller without a token, where none is needed. */
const ANONYMOUS: Caller = { objectId: '', appId: '', tenantId: '', name: 'anonymous', tokenIssuedAt: 0 };

/**
 * What every ARM call has in common, in ARM's order: token, injected faults, latency, throttling, routing, subscription,
 * rights, resource group, locks, policies, the operation itself. `n` is the call's number in the request log.
 */
export async function answerArm(
  parts: ArmParts,
  message: Message,
  n: number,
  signal: AbortSignal,
): Promise<Reply> {
  const found = parts.router.find(message.method, message.path);
  parts.log.amend(n, { operation: found?.operation.id ?? '', ...loggedBody(message) });
  const ids = idsOf(parts, message);
  let struck: FaultEffect | undefined;
  let answer: Answer;
  try {
    const caller = found?.operation.anonymous ? ANONYMOUS : await authenticate(parts, message);
    parts.log.amend(n, { caller: caller.name });
    struck = parts.faults.strike({
      method: message.method,
      path: logicalPath(message),
      operation: found?.operation.id ?? '',
      caller: caller.name,
    });
    const early = struck && beforeEffect(struck, parts.clock.now());
    if (early) return withIds(ids, message, early);
    if (!found?.operation.ownsLatency) {
      const ms = parts.knobs.latencyMs(found?.operation.id ?? 'default');
      if (ms > 0) await sleep(parts.clock, ms, signal);
    }
    const remaining = parts.throttle.admit({ method: message.method as Method, path: message.path, caller });
    answer = await perform(parts, correlated(message, ids.correlationId), caller, remaining);
  } catch (error) {
    if (!(error instanceof ArmError)) throw error;
    answer = errorAnswer(error);
  }
  return withIds(ids, message, struck ? afterEffect(struck, answer, parts.clock.now()) : answer);
}

/** The part from routing on: what calls of the control endpoint go through as well, without faults, waits and buckets. */
export async function perform(
  parts: ArmParts,
  given: Message,
  caller: Caller,
  remaining: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const changes = given.method !== 'GET' && given.method !== 'HEAD';
  const correlationId = changes ? (correlationOf(given) ?? parts.random.uuid()) : '';
  // The operation gets it: what a deployment writes has one correlation id.
  const message = changes ? correlated(given, correlationId) : given;
  const headers = changes ? { ...remaining, [CORRELATION]: correlationId } : remaining;
  const startedAt = parts.clock.now();
  let match: Match | undefined;
  let request: ArmRequest | undefined;
  let answer: Answer;
  try {
    match = parts.router.route(message.method, message.path, message.query.get('api-version'));
    request = armRequest(message, match, caller);
    admit(parts, match, request);
    answer = responseAnswer(await match.operation.handle(request, match.params), headers);
  } catch (error) {
    if (!(error instanceof ArmError)) throw error;
    answer = errorAnswer(error, headers);
  }
  if (match && request && changes)
    parts.onChange?.({
      operation: match.operation,
      request,
      status: answer.status,
      headers: answer.headers,
      body: answer.body,
      startedAt,
      correlationId,
    });
  return answer;
}

/** Subscription, rights, resource group, locks, policies, in this order: who has no rights does not learn what exists. */
function admit(parts: ArmParts, { operation }: Match, request: ArmRequest): void {
  const scope = parseScope(request.path);
  if ('subscriptionId' in scope && scope.subscriptionId !== undefined && !operation.checksParents) {
    const subscription = parts.world.subscription(scope.subscriptionId);
    if (!subscription) throw subscriptionNotFound(scope.subscriptionId);
    if (subscription.tenantId !== request.caller.tenantId)
      throw wrongTenant(request.caller.tenantId, subscription.tenantId);
  }
  if (!operation.checksRights) {
    const verdict = parts.authorizer.authorize(request.caller, operation.action, request.path);
    if (!verdict.allowed) throw new ArmError(403, verdict.code, verdict.message);
  }
  if ('resourceGroup' in scope && scope.resourceGroup !== undefined && !operation.checksParents) {
    const { subscriptionId = '', resourceGroup } = scope;
    if (!parts.world.resourceGroup(subscriptionId, resourceGroup)) throw resourceGroupNotFound(resourceGroup);
  }
  if (request.method === 'GET' || request.method === 'HEAD') return;
  if (!operation.passesLocks)
    parts.world.locks.assertUnlocked(request.path, request.method === 'DELETE' ? 'delete' : 'write');
  parts.policyAssignments.assertAllowed(request);
  parts.policies.assertToken(request);
}

/** The text is known from public reports. */
function wrongTenant(given: string, wanted: string): ArmError {
  return new ArmError(
    401,
    'InvalidAuthenticationTokenTenant',
    `The access token is from the wrong issuer 'https://sts.windows.net/${given}/'. It must match the tenant 'https://sts.windows.net/${wanted}/' associated with this subscription. Please use the authority (URL) 'https://login.windows.net/${wanted}' to get the token.`,
  );
}

async function authenticate(parts: ArmParts, message: Message): Promise<Caller> {
  const verified = await parts.tokens.verify(message.headers.authorization);
  const caller = { ...verified, name: parts.callers.nameOf(verified.objectId) };
  const { claimsChallenges } = parts.knobs.values.token;
  const revoked = verified.tokenIssuedAt <= parts.directory.revokedAt(verified.objectId);
  if (revoked || claimsChallenges > 0) {
    if (!revoked) parts.knobs.set({ token: { claimsChallenges: claimsChallenges - 1 } });
    // Continuous access evaluation: the client shall bring a token newer than this moment (docs/azure-facts.md section 15).
    const nbf = { essential: true, value: String(Math.floor(parts.clock.now() / 1000)) };
    const claims = Buffer.from(JSON.stringify({ access_token: { nbf } })).toString('base64');
    throw new ArmError(401, 'InvalidAuthenticationToken', 'The access token has been revoked.', {
      'www-authenticate': `Bearer realm="", authorization_uri="${message.origin}/common/oauth2/authorize", error="insufficient_claims", claims="${claims}"`,
    });
  }
  return caller;
}
