import { STATUS_CODES } from 'node:http';
import type { Change } from '../http/arm.ts';
import type { ArmRequest, Caller } from '../http/operation.ts';

export type Outcome = 'Accepted' | 'Succeeded' | 'Failed';

interface Named {
  readonly value: string;
  readonly localizedValue: string;
}

/** A record as the service answers it (docs/azure-facts.md section 16.2). */
export interface ActivityRecord {
  readonly authorization: { readonly action: string; readonly scope: string };
  readonly caller: string;
  readonly channels: 'Operation';
  readonly claims: Readonly<Record<string, string>>;
  readonly correlationId: string;
  readonly description: '';
  readonly eventDataId: string;
  readonly eventName: Named;
  readonly category: Named;
  readonly httpRequest: Readonly<Record<'clientRequestId' | 'clientIpAddress' | 'method', string>>;
  readonly id: string;
  readonly level: 'Informational' | 'Error';
  readonly resourceGroupName: string;
  readonly resourceProviderName: Named;
  readonly resourceId: string;
  readonly resourceType: Named;
  readonly operationId: string;
  readonly operationName: Named;
  readonly properties: Readonly<Record<string, string>>;
  readonly status: Named;
  readonly subStatus: Named;
  readonly eventTimestamp: string;
  readonly submissionTimestamp: string;
  readonly subscriptionId: string;
  readonly tenantId: string;
}

interface Ids {
  readonly correlationId: string;
  readonly operationId: string;
  readonly eventDataId: string;
  /** Wall ms. */
  readonly at: number;
}

/** What a role assignment's records carry beyond others' (docs/azure-facts.md section 16.2). */
const WITH_BODIES = /\/providers\/Microsoft\.Authorization\/roleAssignments\/[^/]+$/i;

export function begun(change: Change, ids: Ids): ActivityRecord {
  const { request } = change;
  const hasBody = request.method === 'PUT' && WITH_BODIES.test(request.path);
  return record(
    change,
    ids,
    'BeginRequest',
    'Started',
    hasBody ? { requestbody: JSON.stringify(request.body) } : {},
  );
}

export function ended(change: Change, ids: Ids, outcome: Outcome): ActivityRecord {
  const { request, status, body } = change;
  const hasBody = request.method === 'DELETE' && WITH_BODIES.test(request.path) && body !== '';
  const statusCode = (STATUS_CODES[status] ?? '').replaceAll(' ', '');
  return record(change, ids, 'EndRequest', outcome, {
    statusCode,
    serviceRequestId: ids.operationId,
    ...(outcome === 'Failed' && { statusMessage: body }),
    ...(hasBody && { responseBody: body }),
  });
}

function record(
  { request, operation, status }: Change,
  { correlationId, operationId, eventDataId, at }: Ids,
  eventName: 'BeginRequest' | 'EndRequest',
  outcome: Outcome | 'Started',
  more: Readonly<Record<string, string>>,
): ActivityRecord {
  const { caller, path, headers, method } = request;
  const [, , subscriptionId = '', , group = ''] = path.split('/');
  const resourceId = resourceOf(request);
  const action = operation.action || `${operation.resourceType}/action`;
  const time = new Date(at).toISOString();
  const phrase = STATUS_CODES[status] ?? '';
  const subStatus = outcome === 'Started' ? '' : phrase.replaceAll(' ', '');
  return {
    authorization: { action, scope: resourceId },
    caller: caller.objectId,
    channels: 'Operation',
    claims: claimsOf(caller),
    correlationId,
    description: '',
    eventDataId,
    eventName: named(eventName, eventName === 'BeginRequest' ? 'Begin request' : 'End request'),
    category: named('Administrative'),
    httpRequest: {
      clientRequestId: headers['x-ms-client-request-id'] ?? '',
      clientIpAddress: '127.0.0.1',
      method,
    },
    id: `${resourceId}/events/${eventDataId}/ticks/${at}`,
    level: outcome === 'Failed' ? 'Error' : 'Informational',
    resourceGroupName: group,
    resourceProviderName: named(operation.resourceType.split('/')[0] ?? ''),
    resourceId,
    resourceType: named(operation.resourceType),
    operationId,
    operationName: named(action),
    properties: { eventCategory: 'Administrative', entity: resourceId, message: action, ...more },
    status: named(outcome),
    subStatus: named(subStatus, subStatus && `${phrase} (HTTP Status Code: ${status})`),
    eventTimestamp: time,
    submissionTimestamp: time,
    subscriptionId,
    tenantId: caller.tenantId,
  };
}

/** What a call is about: an action is not a part of its resource's id. */
export function resourceOf({ method, path }: ArmRequest): string {
  return method === 'POST' ? path.split('/').slice(0, -1).join('/') : path;
}

/** Of the caller's token. */
export function claimsOf({ appId, objectId, tenantId }: Caller): Readonly<Record<string, string>> {
  return {
    aud: 'https://management.azure.com',
    appid: appId,
    'http://schemas.microsoft.com/identity/claims/objectidentifier': objectId,
    'http://schemas.microsoft.com/identity/claims/tenantid': tenantId,
    idtyp: 'app',
  };
}

const named = (value: string, localizedValue = value): Named => ({ value, localizedValue });
