/** The way to Microsoft Graph, and the list of sign-ins that is read there. */
import { z } from 'zod';
import { type Clock, sleep } from '../../runtime/time/clock.ts';
import { ArmAccess, type ArmAccessOptions } from '../arm/arm-access.ts';
import { classify } from '../arm/classify.ts';
import { AzureError, LOCAL_CODES } from '../arm/errors.ts';

/** Labels of metrics: what is asked of Graph. */
export const AUDIT_LOGS = 'microsoft.graph/auditlogs';
export const DIRECTORY_OBJECTS = 'microsoft.graph/directoryobjects';
export type GraphPart = typeof AUDIT_LOGS | typeof DIRECTORY_OBJECTS;

/**
 * The way to Microsoft Graph: another endpoint and another token, and the same rules as on the way to Resource Manager (links of the
 * same origin, time limits, certificates, no retries of its own).
 */
export function graphAccess(part: GraphPart, { cloud, metrics, ...options }: ArmAccessOptions): ArmAccess {
  return new ArmAccess({
    ...options,
    cloud: { ...cloud, armEndpoint: cloud.graphEndpoint, armScope: cloud.graphScope },
    ...(metrics && {
      metrics: {
        request: (seconds, labels) => metrics.request(seconds, { ...labels, resource: part }),
        // Graph has other headers for what is left of its buckets.
        remaining: () => {},
      },
    }),
  });
}

/** Between two pages: 5 requests in 10 s are allowed to the whole tenant, and others ask as well. */
const PAGE_MS = 4_000;
/** Of 1,000 rows each. */
const MAX_PAGES = 500;
/** Pages that are asked for once more when Graph says not now. */
const MAX_THROTTLED = 3;

const PATH = "/beta/auditLogs/getSummarizedMSISignIns(aggregationWindow='d1')";

const page = z.looseObject({ value: z.array(z.unknown()), '@odata.nextLink': z.string().nullish() });

/** Sign-ins of managed identities, summed up over the tenant (docs/azure-facts.md section 18). */
export class SignInSummaries {
  readonly #access: Pick<ArmAccess, 'getJson'>;
  readonly #clock: Clock;

  constructor(access: Pick<ArmAccess, 'getJson'>, clock: Clock) {
    this.#access = access;
    this.#clock = clock;
  }

  /** One row for each identity, resource and day, page by page, as they came. Throws only `AzureError`. */
  async *pages(signal: AbortSignal): AsyncGenerator<readonly unknown[]> {
    let link: string | undefined = PATH;
    for (let count = 0; link !== undefined; count++) {
      if (count >= MAX_PAGES) throw unreadable(`expected at most ${MAX_PAGES} pages`, LOCAL_CODES.tooMany);
      if (count > 0) await sleep(this.#clock, PAGE_MS, signal);
      const read = page.safeParse(await this.#get(link, signal));
      if (!read.success) throw unreadable('expected a page of sign-ins');
      yield read.data.value;
      link = read.data['@odata.nextLink'] || undefined;
    }
  }

  async #get(link: string, signal: AbortSignal): Promise<unknown> {
    for (let throttled = 0; ; throttled++) {
      try {
        return await this.#access.getJson(link, signal);
      } catch (thrown) {
        const found = classify(thrown);
        if (found.kind !== 'throttled' || throttled >= MAX_THROTTLED) throw thrown;
        await sleep(this.#clock, found.retryAfterMs, signal);
      }
    }
  }
}

function unreadable(expected: string, code: string = LOCAL_CODES.incomplete): AzureError {
  return new AzureError({
    code,
    message: `Microsoft Graph: ${expected}, got something else`,
  });
}
