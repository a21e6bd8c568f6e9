import type { Clock } from '../clock.ts';
import type { Foundation } from '../frame.ts';
import { ArmError, type ArmRequest, type ArmResponse, type Operation } from '../http/operation.ts';
import { draw } from '../random.ts';

/** A token that a managed identity got: on a host, or for a federated assertion. */
interface SignIn {
  readonly id: string;
  /** Wall ms. */
  readonly at: number;
  readonly principalId: string;
  readonly clientId: string;
  readonly displayName: string;
  /** What the token is for. */
  readonly resource: string;
  /** ARM id of the identity, or of the host whose own it is. */
  readonly identityId: string;
  readonly kind: 'UserAssigned' | 'SystemAssigned';
  /** Of a federated exchange. */
  readonly issuer?: string;
}

/** What the sign-in log keeps of managed identities (docs/azure-facts.md section 16.3), shown after a lag, for 30 days. */
export class SignIns {
  #kept: { readonly signIn: SignIn; readonly visibleAt: number }[] = [];
  readonly #foundation: Foundation;

  constructor(foundation: Foundation) {
    this.#foundation = foundation;
  }

  note(given: Omit<SignIn, 'id' | 'at' | 'displayName'>): void {
    const { clock, random, knobs, directory } = this.#foundation;
    const at = clock.now();
    const displayName = directory.find(given.principalId)?.displayName ?? '';
    const lag = draw(knobs.values.propagation.signInLagMs, random);
    this.#kept.push({ signIn: { id: random.uuid(), at, displayName, ...given }, visibleAt: at + lag });
  }

  /** What is shown by now, newest first. */
  shown(): SignIn[] {
    const now = this.#foundation.clock.now();
    this.#kept = this.#kept.filter(({ signIn }) => signIn.at > now - KEPT_MS);
    return this.#kept
      .filter(({ visibleAt }) => visibleAt <= now)
      .map(({ signIn }) => signIn)
      .reverse();
  }

  settle(): void {
    this.#kept = this.#kept.map(({ signIn }) => ({ signIn, visibleAt: 0 }));
  }
}

const KEPT_MS = 30 * 24 * 3600_000;

const LOG = '/{version}/auditLogs';

/** Sign-ins of managed identities one by one, and summed up over the tenant: of Graph's beta alone (docs/azure-facts.md section 16.3). */
export function signInOperations({ clock }: { readonly clock: Clock }, signIns: SignIns): Operation[] {
  const common = {
    resourceType: 'Microsoft.Graph',
    apiVersions: ['beta'],
    action: '',
    method: 'GET',
  } as const;
  return [
    {
      ...common,
      id: 'graph.signIns.list',
      pattern: `${LOG}/signIns`,
      handle: (request) => list(signIns, onlyBeta(request)),
    },
    {
      ...common,
      id: 'graph.signIns.summarized',
      pattern: `${LOG}/getSummarizedMSISignIns(aggregationWindow='{window}')`,
      handle: (request, { window = '' }) => summarized(signIns, clock, onlyBeta(request), window),
    },
  ];
}

/** v1.0 does not have managed identities' sign-ins. */
function onlyBeta(request: ArmRequest): ArmRequest {
  if (request.apiVersion.toLowerCase() === 'beta') return request;
  throw new ArmError(400, 'BadRequest', "Resource not found for the segment 'signIns' of this version.");
}

const TERMS = {
  kind: /^signInEventTypes\/any\(\s*t:\s*t\s+eq\s+'managedIdentity'\s*\)$/i,
  principal: /^servicePrincipalId\s+eq\s+'([^']+)'$/i,
  since: /^createdDateTime\s+ge\s+(\S+)$/i,
};

function list(signIns: SignIns, request: ArmRequest): ArmResponse {
  let found = signIns.shown();
  const text = request.query.get('$filter') ?? '';
  const parts = text.split(/\s+and\s+/i).map((part) => part.trim());
  // Without it these are users' sign-ins, of which there are none.
  if (!parts.some((part) => TERMS.kind.test(part))) found = [];
  for (const part of parts) {
    const principal = TERMS.principal.exec(part)?.[1]?.toLowerCase();
    const since = Date.parse(TERMS.since.exec(part)?.[1] ?? '');
    if (principal !== undefined) found = found.filter(({ principalId }) => principalId === principal);
    else if (!Number.isNaN(since)) found = found.filter(({ at }) => at >= since);
    else if (part !== '' && !TERMS.kind.test(part))
      throw new ArmError(400, 'BadRequest', `The $filter '${text}' is not supported.`);
  }
  const top = Math.max(1, Math.min(1_000, Number(request.query.get('$top') ?? 1_000) || 1_000));
  const skip = Number(request.query.get('$skiptoken') ?? 0) || 0;
  const query = new URLSearchParams([...request.query].filter(([name]) => name !== '$skiptoken'));
  query.set('$skiptoken', String(skip + top));
  return {
    status: 200,
    body: {
      '@odata.context': `${request.origin}/beta/$metadata#auditLogs/signIns`,
      ...(found.length > skip + top && { '@odata.nextLink': `${request.origin}${request.path}?${query}` }),
      value: found.slice(skip, skip + top).map(bodyOf),
    },
  };
}

const bodyOf = (signIn: SignIn) => ({
  id: signIn.id,
  createdDateTime: new Date(signIn.at).toISOString(),
  appId: signIn.clientId,
  servicePrincipalId: signIn.principalId,
  servicePrincipalName: signIn.displayName,
  resourceDisplayName: signIn.resource,
  resourceId: signIn.resource,
  signInEventTypes: ['managedIdentity'],
  status: { errorCode: 0, failureReason: null },
  uniqueTokenIdentifier: signIn.id,
  managedServiceIdentity: identityOf(signIn),
});

const identityOf = ({ kind, identityId, issuer }: SignIn) => ({
  msiType: kind === 'UserAssigned' ? 'userAssigned' : 'systemAssigned',
  associatedResourceId: identityId,
  federatedTokenId: null,
  federatedTokenIssuer: issuer ?? null,
});

const WINDOWS: Readonly<Record<string, number>> = { h1: 3600_000, h6: 6 * 3600_000, d1: 24 * 3600_000 };

/** One row for each identity, resource and issuer in a window of time, newest window first. */
function summarized(signIns: SignIns, clock: Clock, request: ArmRequest, window: string): ArmResponse {
  const size = WINDOWS[window];
  if (size === undefined)
    throw new ArmError(400, 'BadRequest', `Expected aggregationWindow to be h1, h6 or d1, got '${window}'.`);
  const groups = Map.groupBy(signIns.shown(), ({ at, principalId, resource, issuer }) =>
    [Math.floor((clock.now() - at) / size), principalId, resource, issuer].join('\n'),
  );
  const value = [...groups.values()].map((group) => {
    const times = group.map(({ at }) => at);
    const [newest] = group as [SignIn];
    return {
      id: newest.id,
      signInCount: group.length,
      firstSignInDateTime: new Date(Math.min(...times)).toISOString(),
      appId: newest.clientId,
      // Seen empty: to be joined by the resource (docs/azure-facts.md section 16.3).
      servicePrincipalId: '',
      resourceDisplayName: newest.resource,
      resourceId: newest.resource,
      ipAddress: '',
      status: { errorCode: 0 },
      managedServiceIdentity: identityOf(newest),
    };
  });
  return {
    status: 200,
    body: {
      '@odata.context': `${request.origin}/beta/$metadata#Collection(microsoft.graph.summarizedSignIn)`,
      value,
    },
  };
}
