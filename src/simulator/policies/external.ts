/**
 * @module Azure Policies with external evaluation (docs/azure-facts.md section 16.6): a write they evaluate is refused until it
 * brings a token that was acquired for exactly that write.
 */
import type { Authorizer } from '../authorizer.ts';
import type { Foundation } from '../frame.ts';
import { splitTarget } from '../http/message.ts';
import { ArmError, type ArmRequest, type Operation } from '../http/operation.ts';
import { isWithin } from '../world/scope.ts';

interface ExternalPolicy {
  readonly name: string;
  /** Evaluates writes to what lies at or beneath it. */
  readonly scope: string;
  /** Part of the path of the writes it evaluates, any case; default all of them. */
  readonly path?: string;
  /** The service behind it denies, with this text. */
  readonly denies?: string;
  readonly changeReference?: boolean;
}

const TOKEN_HEADER = 'x-ms-policy-external-evaluations';
const READER = 'Microsoft.Resources/subscriptions/read';

export class ExternalPolicies {
  readonly #frame: Foundation & { readonly authorizer: Authorizer };
  readonly #policies = new Map<string, ExternalPolicy>();
  /** By token: the write it is good for. */
  readonly #tokens = new Map<string, string>();
  readonly operations: readonly Operation[];

  constructor(frame: Foundation & { readonly authorizer: Authorizer }) {
    this.#frame = frame;
    this.operations = [
      {
        id: 'policyTokens.acquire',
        method: 'POST',
        pattern: '/subscriptions/{subscriptionId}/providers/Microsoft.Authorization/acquirePolicyToken',
        resourceType: 'Microsoft.Authorization/policyTokens',
        apiVersions: ['2025-03-01', '2025-11-01'],
        action: READER,
        checksRights: true,
        handle: (request, { subscriptionId = '' }) => this.#acquire(request, subscriptionId),
      },
    ];
  }

  add(policy: ExternalPolicy): void {
    this.#policies.set(policy.name, policy);
  }

  remove(name: string): boolean {
    return this.#policies.delete(name);
  }

  /** Called with each write that is otherwise allowed. */
  assertToken(request: ArmRequest): void {
    if (request.method === 'POST') return;
    const asking = this.#looking(request.path);
    if (asking.length === 0) return;
    const token = request.headers[TOKEN_HEADER];
    const good = token !== undefined && this.#tokens.get(token) === writeOf(request);
    if (good) return;
    throw new ArmError(
      403,
      'RequestDisallowedByPolicy',
      `Resource '${request.path.split('/').at(-1)}' was disallowed by policy. Policy identifiers: '${asking.map(({ name }) => name).join(', ')}'.`,
      {},
      asking.map(({ name, changeReference = false }) => ({
        type: 'PolicyViolation',
        info: {
          policyAssignmentName: name,
          policyDefinitionEffect: 'denyAction',
          evaluationDetails: {
            missingPolicyTokenDetails: {
              shouldDeny: true,
              isChangeReferenceRequired: changeReference,
              endpointKind: 'CoinFlip',
            },
          },
        },
      })),
    );
  }

  #looking(path: string): readonly ExternalPolicy[] {
    return [...this.#policies.values()].filter(
      (each) =>
        isWithin(path, each.scope) &&
        (each.path === undefined || path.toLowerCase().includes(each.path.toLowerCase())),
    );
  }

  #acquire(request: ArmRequest, subscriptionId: string) {
    const scope = `/subscriptions/${subscriptionId}`;
    const verdict = this.#frame.authorizer.authorize(request.caller, READER, scope);
    if (!verdict.allowed) throw new ArmError(403, verdict.code, verdict.message);
    const { operation } = request.body as {
      operation?: { uri?: string; httpMethod?: string; content?: unknown };
    };
    const { uri = '', httpMethod = '', content } = operation ?? {};
    if (!URL.canParse(uri) || httpMethod === '')
      throw new ArmError(400, 'InvalidRequestContent', 'The operation is not complete.');
    const url = new URL(uri);
    const { path, query } = splitTarget(`${url.pathname}${url.search}`);
    const asking = this.#looking(path);
    const results = asking.map(({ name, denies }) => ({
      policyInfo: { policyAssignmentId: name },
      result: denies === undefined ? 'Succeeded' : 'Failed',
      ...(denies !== undefined && { message: denies }),
    }));
    if (asking.some(({ denies }) => denies !== undefined))
      return { status: 200, body: { result: 'Failed', results } };
    const token = `PoP ${this.#frame.random.uuid()}`;
    const write = writeOf({
      method: httpMethod,
      path,
      apiVersion: query.get('api-version') ?? '',
      body: content,
    });
    this.#tokens.set(token, write);
    return { status: 200, body: { result: 'Succeeded', results, token } };
  }
}

/** What a token is bound to: the same method, the same URL, the same body. */
function writeOf(given: {
  readonly method: string;
  readonly path: string;
  readonly apiVersion: string;
  readonly body: unknown;
}): string {
  const { method, path, apiVersion, body } = given;
  return [method.toUpperCase(), path.toLowerCase(), apiVersion, JSON.stringify(body) ?? ''].join('\n');
}
