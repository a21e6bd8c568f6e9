import { versionsOf } from '../catalog/versions.ts';
import type { Frame } from '../frame.ts';
import type { ArmRequest, ArmResponse, Operation } from '../http/operation.ts';
import { page } from '../http/paging.ts';
import type { ActivityLog } from './activity-log.ts';
import { type EventFilter, readEventFilter } from './filter.ts';
import type { ActivityRecord } from './record.ts';

const TYPE = 'Microsoft.Insights/eventtypes';

/** GET `/subscriptions/{s}/providers/Microsoft.Insights/eventtypes/management/values` (docs/azure-facts.md section 16.2). */
export function activityLogOperations(frame: Frame, log: ActivityLog): readonly Operation[] {
  return [
    {
      id: 'activityLogs.list',
      method: 'GET',
      pattern: `/subscriptions/{subscriptionId}/providers/${TYPE}/management/values`,
      resourceType: TYPE,
      apiVersions: versionsOf(TYPE),
      action: `${TYPE}/values/read`,
      handle: (request, { subscriptionId = '' }) => list(frame, log, request, subscriptionId),
    },
  ];
}

function list(frame: Frame, log: ActivityLog, request: ArmRequest, subscriptionId: string): ArmResponse {
  const filter = readEventFilter(request.query.get('$filter'));
  // The service's own errors have no `error` around them.
  if (typeof filter === 'string') return { status: 400, body: { code: 'BadRequest', message: filter } };
  const found = log.shown().filter((each) => same(each.subscriptionId, subscriptionId) && fits(each, filter));
  const fields = request.query
    .get('$select')
    ?.split(',')
    .map((name) => name.trim().toLowerCase());
  const shape = (record: ActivityRecord) =>
    fields === undefined
      ? record
      : Object.fromEntries(Object.entries(record).filter(([name]) => fields.includes(name.toLowerCase())));
  return { status: 200, body: page(request, found, frame.knobs.values.paging.pageSize, shape) };
}

function fits(record: ActivityRecord, { from, to, field, value }: EventFilter): boolean {
  const at = Date.parse(record.eventTimestamp);
  if (at < from || at > to) return false;
  return field === undefined || same(FIELD_OF[field](record), value);
}

const FIELD_OF: Readonly<Record<NonNullable<EventFilter['field']>, (record: ActivityRecord) => string>> = {
  resourcegroupname: ({ resourceGroupName }) => resourceGroupName,
  resourceuri: ({ resourceId }) => resourceId,
  resourceid: ({ resourceId }) => resourceId,
  resourceprovider: ({ resourceProviderName }) => resourceProviderName.value,
  correlationid: ({ correlationId }) => correlationId,
};

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
