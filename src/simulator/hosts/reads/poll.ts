import {
  ArmError,
  type ArmRequest,
  type ArmResponse,
  type Operation,
  type Params,
} from '../../http/operation.ts';
import { hostBody } from '../host-body.ts';
import type { HostFrame } from '../part.ts';
import type { HostType } from '../types.ts';
import { findType } from '../types.ts';
import type { LongOperation } from '../writes/long-operations.ts';

const AT = '/subscriptions/{subscriptionId}/providers/{namespace}/locations/{location}';

/**
 * The URLs of operations (docs/azure-facts.md section 8): `Azure-AsyncOperation` has the status, `Location` answers 202 while it
 * runs and then as the write itself would have. Every holder of the whole URL may poll it: it is signed.
 */
export function pollOperations(frame: HostFrame, types: () => readonly HostType[]): readonly Operation[] {
  const versions = [...new Set(types().flatMap(({ apiVersions }) => apiVersions))];
  const common = { method: 'GET', apiVersions: versions, action: '', checksRights: true } as const;
  return [
    {
      ...common,
      id: 'hostOperations.get',
      pattern: `${AT}/operations/{id}`,
      resourceType: 'Microsoft.Resources/locations/operations',
      handle: (request, params) => status(frame, find(frame, request, params)),
    },
    {
      ...common,
      id: 'hostOperationResults.get',
      pattern: `${AT}/operationResults/{id}`,
      resourceType: 'Microsoft.Resources/locations/operationResults',
      handle: (request, params) => result(frame, types(), request, find(frame, request, params)),
    },
  ];
}

function find({ operations }: HostFrame, request: ArmRequest, { id = '' }: Params): LongOperation {
  const operation = operations.get(id);
  if (operation && operation.signature === request.query.get('c')) return operation;
  throw new ArmError(404, 'OperationNotFound', `The operation '${id}' was not found.`);
}

function status(frame: HostFrame, operation: LongOperation): ArmResponse {
  const { id, startedAt, endedAt, status: state, error } = operation;
  return {
    status: 200,
    headers: state === 'InProgress' ? waitHeaders(frame) : {},
    body: {
      startTime: new Date(startedAt).toISOString(),
      ...(endedAt !== undefined && { endTime: new Date(endedAt).toISOString() }),
      status: state,
      ...(error && { error }),
      name: id,
    },
  };
}

function result(
  frame: HostFrame,
  types: readonly HostType[],
  request: ArmRequest,
  { status: state, error, hostId }: LongOperation,
): ArmResponse {
  if (state === 'InProgress') {
    const query = new URLSearchParams([...request.query]);
    const location = `${request.origin}${request.path}?${query}`;
    return { status: 202, headers: { location, ...waitHeaders(frame) } };
  }
  if (error) throw new ArmError(state === 'Canceled' ? 409 : 500, error.code, error.message);
  const host = frame.hosts.get(hostId);
  const type = host && findType(types, host.type);
  return host && type
    ? { status: 200, body: hostBody(frame, type, frame.operations.shown(host)) }
    : { status: 204 };
}

function waitHeaders({ knobs }: HostFrame): Record<string, string> {
  const seconds = knobs.values.hosts.pollSeconds;
  return seconds > 0 ? { 'retry-after': String(seconds) } : {};
}
