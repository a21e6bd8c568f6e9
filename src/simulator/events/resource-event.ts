import type { Ending } from '../activity-log/activity-log.ts';
import { claimsOf, resourceOf } from '../activity-log/record.ts';
import type { Evidence } from '../authorizer.ts';
import type { Change } from '../http/arm.ts';
import type { KnobValues } from '../knobs/schema.ts';

/**
 * What Resource Manager sends to Event Grid of a write, deletion or action (docs/azure-facts.md section 10). It says that something
 * happened, to what and by whom; never what the resource is like now.
 */
export interface ResourceEvent {
  readonly id: string;
  /** `Microsoft.Resources.ResourceWriteSuccess` and its like. */
  readonly eventType: string;
  /** The resource's id, in any letter case. */
  readonly subject: string;
  /** With seven digits of a second, as .NET writes it. */
  readonly eventTime: string;
  readonly data: ResourceEventData;
}

export interface ResourceEventData {
  readonly authorization: {
    readonly scope: string;
    readonly action: string;
    readonly evidence: Evidence | Readonly<Record<string, never>>;
  };
  readonly claims: Readonly<Record<string, string>>;
  readonly correlationId: string;
  /** Only of updates, deletions and actions (documentation). */
  readonly httpRequest?: {
    readonly clientRequestId: string;
    readonly clientIpAddress: string;
    readonly method: string;
    readonly url: string;
  };
  readonly resourceProvider: string;
  readonly resourceUri: string;
  readonly operationName: string;
  readonly status: Ending;
  readonly subscriptionId: string;
  readonly tenantId: string;
}

export type EventKnobs = KnobValues['events'];

/** The event of a change, in the form the knobs give. */
export function eventOf(
  change: Change,
  ending: Ending,
  given: {
    readonly id: string /** Wall ms. */;
    readonly at: number;
    readonly evidence: Evidence | undefined;
  },
  knobs: EventKnobs,
): ResourceEvent {
  const { request, operation } = change;
  const action = operation.action || `${operation.resourceType}/action`;
  const resource = resourceOf(request);
  const kind = KINDS[request.method] ?? 'Action';
  const told =
    knobs.httpRequest === 'always' || (knobs.httpRequest === 'not-of-creations' && !isCreation(change));
  return {
    ...frameOf(kind, ending, resource, given, knobs),
    data: {
      authorization: { scope: resource, action, evidence: given.evidence ?? {} },
      claims: claimsOf(request.caller),
      correlationId: change.correlationId,
      ...(told && { httpRequest: httpRequestOf(change) }),
      ...placeOf(resource, operation.resourceType, request.caller.tenantId),
      operationName: inCase(action, knobs.operationNames),
      status: ending,
    },
  };
}

/** Of a resource that went with its group: there is no request for it alone. */
export function childEventOf(
  group: Change,
  child: { readonly id: string; readonly type: string },
  given: { readonly id: string; readonly at: number },
  knobs: EventKnobs,
): ResourceEvent {
  const { caller } = group.request;
  const action = `${child.type}/delete`;
  return {
    ...frameOf('Delete', 'Succeeded', child.id, given, knobs),
    data: {
      authorization: { scope: child.id, action, evidence: {} },
      claims: claimsOf(caller),
      correlationId: group.correlationId,
      ...placeOf(child.id, child.type, caller.tenantId),
      operationName: inCase(action, knobs.operationNames),
      status: 'Succeeded',
    },
  };
}

type Kind = 'Write' | 'Delete' | 'Action';

const KINDS: Readonly<Record<string, Kind>> = {
  PUT: 'Write',
  PATCH: 'Write',
  DELETE: 'Delete',
  POST: 'Action',
};
const OUTCOMES: Readonly<Record<Ending, string>> = {
  Succeeded: 'Success',
  Failed: 'Failure',
  Canceled: 'Cancel',
};

function frameOf(
  kind: Kind,
  ending: Ending,
  resource: string,
  { id, at }: { readonly id: string; readonly at: number },
  knobs: EventKnobs,
) {
  return {
    id,
    eventType: `Microsoft.Resources.Resource${kind}${OUTCOMES[ending]}`,
    subject: subjectOf(resource, kind, knobs.subjects),
    eventTime: new Date(at).toISOString().replace('Z', '0000Z'),
  };
}

/** The documented samples spell writes and deletions differently, so a client can rely on neither. */
function subjectOf(resource: string, kind: Kind, how: EventKnobs['subjects']): string {
  if (how !== 'as-documented') return inCase(resource, how);
  return resource.replace(/\/resourceGroups\//i, kind === 'Write' ? '/resourcegroups/' : '/resourceGroups/');
}

function inCase(text: string, how: 'as-published' | 'as-sent' | 'lower' | 'upper'): string {
  switch (how) {
    case 'lower':
      return text.toLowerCase();
    case 'upper':
      return text.toUpperCase();
    case 'as-published':
    case 'as-sent':
      return text;
  }
}

function placeOf(resource: string, type: string, tenantId: string) {
  return {
    resourceProvider: type.split('/')[0] ?? '',
    resourceUri: resource,
    subscriptionId: resource.split('/')[2] ?? '',
    tenantId,
  };
}

/** A PUT that was answered as new, whether or not it was: an equal role assignment is 201 as well (traffic). */
const isCreation = ({ request, status }: Change) => request.method === 'PUT' && status === 201;

function httpRequestOf({ request }: Change) {
  const { method, path, query, headers } = request;
  const search = [...query].map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  return {
    clientRequestId: headers['x-ms-client-request-id'] ?? '',
    clientIpAddress: '127.0.0.1',
    method,
    url: `https://management.azure.com${path}?${search}`,
  };
}
