import { createHttpHeaders, type PipelineRequest, type PipelineResponse } from '@azure/core-rest-pipeline';
import { ArmAccess } from '../../../azure/arm/arm-access.ts';
import { CLOUDS } from '../../../azure/arm/clouds.ts';
import { FederatedCredentials } from '../../../azure/federated-credentials.ts';
import { Hosts } from '../../../azure/hosts/hosts.ts';
import { Identities } from '../../../azure/identities.ts';
import { AZURE_LIMITS } from '../../../azure/limits.ts';
import { Permissions } from '../../../azure/permissions.ts';
import { RequestScheduler } from '../../../azure/requests/request-scheduler.ts';
import { RoleAssignments } from '../../../azure/role-assignments.ts';
import { RoleDefinitions } from '../../../azure/role-definitions.ts';
import type { FakeClock } from '../../../runtime/time/fake-clock.fixture.ts';
import type { Simulator } from '../../../simulator/simulator.ts';

/** A request as it leaves azid. */
export interface Sent {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Stands where the wire would be. */
export type Wire = (sent: Sent, deliver: (sent: Sent) => Promise<Answered>) => Promise<Answered>;

/** azid's own clients of Azure, with all they do, on a simulator in the same process: neither TLS nor sockets. */
export function connect(azure: Simulator, clock: FakeClock, wire: Wire) {
  const deliver = ({ method, path, headers, body }: Sent) =>
    azure.control.arm({ method: method as 'GET', path, headers, ...(body !== undefined && { body }) });
  const sendRequest = async (request: PipelineRequest): Promise<PipelineResponse> => {
    const headers: Record<string, string> = {};
    for (const [name, value] of request.headers) headers[name.toLowerCase()] = value;
    const { method, body } = request;
    const sent = {
      method,
      path: request.url.slice(azure.origin.length),
      headers,
      ...(typeof body === 'string' && { body: JSON.parse(body) }),
    };
    const answered = await wire(sent, deliver);
    return {
      request,
      status: answered.status,
      headers: createHttpHeaders({ ...answered.headers }),
      ...(answered.body !== undefined && { bodyAsText: JSON.stringify(answered.body) }),
    };
  };
  const access = new ArmAccess({
    cloud: { ...CLOUDS.Public, armEndpoint: azure.origin, authorityHost: azure.origin },
    credential: { getToken: async () => ({ token: 'x', expiresOnTimestamp: Number.MAX_SAFE_INTEGER }) },
    clock,
    version: 'test',
    httpClient: { sendRequest },
  });
  const plenty = { capacity: 1e9, perSecond: 1e9 };
  const limits = { ...AZURE_LIMITS, providers: {}, arm: { read: plenty, write: plenty, delete: plenty } };
  const calls = {
    access,
    scheduler: new RequestScheduler({ clock, limits }),
    clock,
    tenantId: azure.tenantId,
    credential: 'azid',
  };
  return {
    hosts: new Hosts(calls),
    identities: new Identities(calls),
    permissions: new Permissions(calls),
    assignments: new RoleAssignments(calls),
    definitions: new RoleDefinitions(calls),
    credentials: new FederatedCredentials(calls),
  };
}

export type Clients = ReturnType<typeof connect>;
