import { versionsOf } from '../catalog/versions.ts';
import type { Frame } from '../frame.ts';
import { type ArmRequest, type ArmResponse, type Operation, page } from '../http/operation.ts';
import type { ActivityLog } from './activity-log.ts';
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
  return field === undefined || same(FIELDS[field](record), value);
}

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

/** What a filter may name, and where a record has it; `resourceId` is what `az` sends for `resourceUri`. */
const FIELDS = {
  resourcegroupname: ({ resourceGroupName }) => resourceGroupName,
  resourceuri: ({ resourceId }) => resourceId,
  resourceid: ({ resourceId }) => resourceId,
  resourceprovider: ({ resourceProviderName }) => resourceProviderName.value,
  correlationid: ({ correlationId }) => correlationId,
} as const satisfies Readonly<Record<string, (record: ActivityRecord) => string>>;

interface EventFilter {
  /** Wall ms. */
  readonly from: number;
  readonly to: number;
  readonly field?: keyof typeof FIELDS;
  readonly value: string;
}

const fieldNames = Object.keys(FIELDS) as (keyof typeof FIELDS)[];

const TIME = /^eventTimestamp\s+(ge|le)\s+'?([^']+?)'?$/i;
const TERM = /^(\w+)\s+eq\s+'?([^']*?)'?$/i;
/** Some clients name the channels; all there is comes by these. */
const CHANNELS = /^eventChannels\s+eq\s+/i;

/**
 * Reads the `$filter`: a time range, alone or with exactly one of the fields (docs/azure-facts.md section 16.2). A text is what is
 * wrong with it.
 */
function readEventFilter(text: string | undefined): EventFilter | string {
  if (text === undefined || text.trim() === '') return 'The $filter query parameter is required.';
  let filter: EventFilter = { from: Number.NaN, to: Number.POSITIVE_INFINITY, value: '' };
  for (const part of text.split(/\s+and\s+/i)) {
    const term = part.trim();
    if (CHANNELS.test(term)) continue;
    const [, bound, moment = ''] = TIME.exec(term) ?? [];
    if (bound !== undefined) {
      const at = Date.parse(moment);
      if (Number.isNaN(at)) return `The time '${moment}' of $filter is invalid.`;
      filter = bound.toLowerCase() === 'ge' ? { ...filter, from: at } : { ...filter, to: at };
      continue;
    }
    const [, name = '', value = ''] = TERM.exec(term) ?? [];
    const field = fieldNames.find((each) => each === name.toLowerCase());
    if (field === undefined || filter.field !== undefined) return `The $filter '${text}' is not supported.`;
    filter = { ...filter, field, value };
  }
  return Number.isNaN(filter.from) ? 'The $filter must have the start of a time range.' : filter;
}
