/**
 * The Activity Log of a subscription (docs/azure-facts.md section 11), by raw REST: the SDK that has it is a large
 * one for one GET. Records are interpreted in `src/hints/activity-log/record.ts`.
 */
import { z } from 'zod';
import { ArmCalls, type ArmCallsOptions, type CallContext } from './arm/arm-calls.ts';
import { AzureError, LOCAL_CODES } from './arm/errors.ts';

/** The one version there is. */
const VERSION = '2015-04-01';

/** What is used of a record. `caller` cannot be asked for by itself; of `claims` only what names the caller is read. */
const FIELDS = [
  'eventDataId',
  'correlationId',
  'operationId',
  'operationName',
  'resourceId',
  'status',
  'eventTimestamp',
  'submissionTimestamp',
  'claims',
];

/** Pages of one range, of some hundred records each: an answer whose next link never ends does not hold the caller for ever. */
const MAX_PAGES = 2_000;

interface ActivityLogOptions extends ArmCallsOptions {
  /** Defaults to 2,000. */
  readonly maxPages?: number;
}

const page = z.looseObject({ value: z.array(z.unknown()), nextLink: z.string().nullish() });

/** What one query asks for. Times are of Azure's clock, wall ms. */
export interface ActivityQuery {
  readonly subscriptionId: string;
  /** Namespace, such as `Microsoft.ManagedIdentity`. */
  readonly provider: string;
  /** Of the call that is recorded, not of the record. */
  readonly from: number;
  readonly to: number;
}

export class ActivityLog {
  readonly #options: ActivityLogOptions;
  readonly #calls: ArmCalls;

  constructor(options: ActivityLogOptions) {
    this.#options = options;
    this.#calls = new ArmCalls(options);
  }

  /** The records, newest first, page by page, as they came; each page is a call of its own. Throws only `AzureError`. */
  async *pages(query: ActivityQuery, context: CallContext): AsyncGenerator<readonly unknown[]> {
    const { maxPages = MAX_PAGES } = this.#options;
    const { subscriptionId } = query;
    const call = { kind: 'read', provider: 'Microsoft.Insights', subscriptionId } as const;
    let url: string | undefined = pathOf(query);
    for (let count = 0; url !== undefined; count++) {
      if (count >= maxPages)
        throw unreadable(
          `expected at most ${maxPages} pages, got a link to another one`,
          LOCAL_CODES.tooMany,
        );
      const request = { method: 'GET', url } as const;
      const { value: answer } = await this.#calls.run(call, context, (options) =>
        this.#options.access.send(request, options),
      );
      const read = page.safeParse(answer.body);
      if (!read.success) throw unreadable('expected a page of records, got something else');
      yield read.data.value;
      url = read.data.nextLink || undefined;
    }
  }
}

function pathOf({ subscriptionId, provider, from, to }: ActivityQuery): string {
  const time = (ms: number) => `'${new Date(ms).toISOString()}'`;
  // No other form is allowed, and none without its end is shown.
  const filter = `eventTimestamp ge ${time(from)} and eventTimestamp le ${time(to)} and resourceProvider eq '${provider}'`;
  const query = `api-version=${VERSION}&$filter=${encodeURIComponent(filter)}&$select=${FIELDS.join(',')}`;
  return `/subscriptions/${subscriptionId}/providers/Microsoft.Insights/eventtypes/management/values?${query}`;
}

function unreadable(message: string, code: string = LOCAL_CODES.incomplete): AzureError {
  return new AzureError({ code, message: `Activity Log: ${message}` });
}
