import { z } from 'zod';
import { versionsOf } from '../catalog/versions.ts';
import type { Clock } from '../clock.ts';
import type { Frame } from '../frame.ts';
import { ArmError, type ArmRequest, type ArmResponse, type Operation } from '../http/operation.ts';
import { scopeKey } from '../world/scope.ts';
import { type Copied, type ResourceGraphCopy, tableOf } from './copy.ts';
import { parseQuery } from './query/parser.ts';
import { type Result, runQuery, type Table } from './query/run.ts';
import { QueryError } from './query/syntax.ts';

/**
 * @module Azure Resource Graph (docs/azure-facts.md sections 6 and 16.5): queries over a copy that lags, of what the caller may read. No
 * federated credentials, nothing of the directory.
 */

const TYPE = 'Microsoft.ResourceGraph/resources';
/** Rows of an answer, at most and without `$top`. */
const MAX_ROWS = 1_000;

const bodySchema = z.object({
  subscriptions: z.array(z.string()).nullish(),
  managementGroups: z.array(z.string()).nullish(),
  query: z.string(),
  options: z
    .object({
      $skipToken: z.string().nullish(),
      $top: z.number().int().min(1).max(MAX_ROWS).nullish(),
      $skip: z.number().int().min(0).nullish(),
      resultFormat: z.enum(['objectArray', 'table']).nullish(),
    })
    .nullish(),
});

type Asked = z.infer<typeof bodySchema>;

export function resourceGraphOperations(frame: Frame, copy: ResourceGraphCopy): readonly Operation[] {
  const quota = new QueryQuota(frame.clock);
  return [
    {
      id: 'resourceGraph.resources',
      method: 'POST',
      pattern: `/providers/${TYPE}`,
      resourceType: TYPE,
      apiVersions: versionsOf(TYPE),
      action: `${TYPE}/read`,
      // It shows what the caller may read, and asks for no right of its own.
      checksRights: true,
      handle: (request) => answer(frame, copy, quota, request),
    },
  ];
}

function answer(frame: Frame, copy: ResourceGraphCopy, quota: QueryQuota, request: ArmRequest): ArmResponse {
  const { resourceGraph, retryAfterHeader } = frame.knobs.values.throttling;
  const { headers, refused } = resourceGraph ? quota.take(request.caller.objectId) : quota.whole;
  if (refused !== undefined)
    throw refusal(frame, 429, 'RateLimiting', THROTTLED, {
      ...headers,
      ...(retryAfterHeader && { 'retry-after': String(refused) }),
    });
  const parsed = bodySchema.safeParse(request.body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refusal(frame, 400, 'InvalidPayload', `${issue?.path.join('.')}: ${issue?.message}`);
  }
  const asked = parsed.data;
  const mayRead = readable(frame, request, areaOf(frame, asked));
  const copied = copy.shown();
  const result = queried(frame, asked.query, (name) =>
    tableOf(name, copied, { tenantId: frame.world.tenantId, mayRead }),
  );
  return { status: 200, headers, body: pageOf(frame, asked, result) };
}

function queried(frame: Frame, text: string, table: (name: string) => Table | undefined): Result {
  try {
    return runQuery(parseQuery(text), table);
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    throw refusal(frame, 400, 'InvalidQuery', `Query is invalid: ${error.message}.`);
  }
}

/** The subscriptions that are queried: those that are named, or all of the caller's tenant. */
function areaOf({ world }: Frame, { subscriptions, managementGroups }: Asked): (id: string) => boolean {
  if (subscriptions && subscriptions.length > 0) {
    const wanted = new Set(subscriptions.map((each) => each.toLowerCase()));
    return (id) => wanted.has(/^\/subscriptions\/([^/]+)/i.exec(id)?.[1]?.toLowerCase() ?? '');
  }
  if (managementGroups && managementGroups.length > 0) {
    const wanted = managementGroups.map((name) =>
      scopeKey(`/providers/Microsoft.Management/managementGroups/${name}`),
    );
    return (id) => world.lineage(id).some((key) => wanted.includes(key));
  }
  return () => true;
}

/** Subscriptions without rights are left out without an error. */
function readable(
  { authorizer, world }: Frame,
  { caller }: ArmRequest,
  within: (id: string) => boolean,
): (copied: Copied) => boolean {
  return ({ id, type }) => {
    if (!within(id)) return false;
    const subscription = /^\/subscriptions\/([^/]+)/i.exec(id)?.[1];
    if (subscription !== undefined && world.subscription(subscription)?.tenantId !== caller.tenantId)
      return false;
    return authorizer.authorize(caller, `${type}/read`, id).allowed;
  };
}

function pageOf({ knobs }: Frame, { query, options }: Asked, { columns, rows, limited }: Result): unknown {
  const { pageSize, paging } = knobs.values.resourceGraph;
  const from = options?.$skipToken ? positionOf(options.$skipToken, query) : (options?.$skip ?? 0);
  const top = Math.min(options?.$top ?? MAX_ROWS, pageSize);
  const shown = rows.slice(from, from + top);
  const more = rows.length > from + shown.length;
  const pages = paging && !limited && columns.some(({ type }) => type !== 'dynamic');
  return {
    totalRecords: rows.length,
    count: shown.length,
    data:
      options?.resultFormat === 'table'
        ? {
            columns: columns.map(({ name, type }) => ({ name, type: type === 'dynamic' ? 'object' : type })),
            rows: shown.map((row) => columns.map(({ name }) => row[name] ?? null)),
          }
        : shown.map((row) => Object.fromEntries(columns.map(({ name }) => [name, row[name] ?? null]))),
    facets: [],
    // A text, as it is sent; with a token it is `false`: the rest can be had.
    resultTruncated: String(more && !pages),
    ...(more && pages && { $skipToken: tokenOf(from + shown.length, query) }),
  };
}

const tokenOf = (position: number, query: string) =>
  Buffer.from(JSON.stringify({ position, query })).toString('base64');

/** A token is of one query. */
function positionOf(token: string, query: string): number {
  try {
    const read = JSON.parse(Buffer.from(token, 'base64').toString());
    if (read.query === query && Number.isInteger(read.position)) return read.position;
  } catch {}
  throw new ArmError(400, 'BadRequest', 'The $skipToken is not of this query.');
}

const THROTTLED =
  'Client application has been throttled and should not attempt to repeat the request until an amount of time has elapsed. Please see https://aka.ms/resourcegraph-throttling for help.';

/** The reason is in the details, beneath a text for support. */
function refusal(
  { clock, random }: Frame,
  status: 400 | 429,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): ArmError {
  const asked = `Please provide below info when asking for support: timestamp = ${new Date(clock.now()).toISOString()}, correlationId = ${random.uuid()}.`;
  return new ArmError(status, status === 429 ? code : 'BadRequest', asked, headers, [], {
    details: [{ code, message }],
  });
}

const WINDOW_MS = 5_000;
const QUERIES = 15;

interface Window {
  /** Monotonic ms. */
  readonly begun: number;
  readonly used: number;
}

/** What is left of the quota, for the answer. `refused`: nothing was, and in so many seconds it is whole again. */
interface Taken {
  readonly headers: Record<string, string>;
  readonly refused?: number;
}

/** How many queries a caller may make: 15 in a window of 5 s, as the documentation's example has it. */
class QueryQuota {
  readonly #clock: Clock;
  readonly #windows = new Map<string, Window>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Where queries are not throttled. */
  readonly whole: Taken = { headers: headersOf(QUERIES, WINDOW_MS / 1000) };

  take(caller: string): Taken {
    const now = this.#clock.monotonic();
    const held = this.#windows.get(caller);
    const window = held && now - held.begun < WINDOW_MS ? held : { begun: now, used: 0 };
    const seconds = Math.ceil((window.begun + WINDOW_MS - now) / 1000);
    if (window.used >= QUERIES) return { headers: headersOf(0, seconds), refused: seconds };
    this.#windows.set(caller, { ...window, used: window.used + 1 });
    return { headers: headersOf(QUERIES - window.used - 1, seconds) };
  }
}

function headersOf(left: number, seconds: number): Record<string, string> {
  return {
    'x-ms-user-quota-remaining': String(left),
    'x-ms-user-quota-resets-after': `00:00:${String(seconds).padStart(2, '0')}`,
  };
}
