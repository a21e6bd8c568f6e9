/**
 * Azure Resource Graph (docs/azure-facts.md section 6): who has which user-assigned identity, over all subscriptions at once. What the
 * caller may not read is left out without an error, and the copy is behind: what it shows keeps an identity, what it does not show
 * proves nothing.
 */
import { z } from 'zod';
import { sleep } from '../runtime/time/clock.ts';
import type { ArmResponse } from './arm/arm-access.ts';
import { ArmCalls, type ArmCallsOptions, type CallContext } from './arm/arm-calls.ts';
import { AzureError } from './arm/errors.ts';
import { RESOURCE_GRAPH } from './limits.ts';
import { armKey } from './names/resource-id.ts';

const PATH = '/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01';

/** Rows of a page, the most there are. */
const PAGE = 1_000;
const MAX_PAGES = 5_000;

/** Tables with resources that carry identities, and with policy assignments that do. */
const TABLES = ['resources', 'policyresources'] as const;

/**
 * The map as it is: `mv-expand` would show 128 of its keys. Ordered by what is unique, else rows are doubled or missed between pages.
 */
const attachedIn = (table: (typeof TABLES)[number]) =>
  `${table} | where isnotempty(identity.userAssignedIdentities) | project id, identities = identity.userAssignedIdentities | order by id asc`;

const page = z.looseObject({
  totalRecords: z.number(),
  data: z.array(z.unknown()),
  // A text in the specification.
  resultTruncated: z.union([z.string(), z.boolean()]),
  $skipToken: z.string().nullish(),
});

const row = z.looseObject({ id: z.string().min(1), identities: z.record(z.string(), z.unknown()) });

/** Only what has this form goes into a query. */
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const assignedTo = (principalId: string) =>
  `authorizationresources | where type =~ 'microsoft.authorization/roleassignments' | where tostring(properties.principalId) =~ '${principalId}' | project id | order by id asc`;

const idRow = z.looseObject({ id: z.string().min(1) });

/** Ids of resources, as Resource Graph spells them, by `armKey` of the identity that they have. */
type AttachedIdentities = ReadonlyMap<string, readonly string[]>;

export class ResourceGraph {
  readonly #options: ArmCallsOptions;
  readonly #calls: ArmCalls;
  /** Nothing of the quota is left until then, monotonic ms. */
  #notBefore = 0;

  constructor(options: ArmCallsOptions) {
    this.#options = options;
    // A quota of its own, by caller: what it refuses holds up nothing that Resource Manager is asked at the tenant's scope.
    this.#calls = new ArmCalls({ ...options, credential: `${options.credential} resource-graph` });
  }

  /**
   * Every resource that has a user-assigned identity, of these subscriptions, or of all that azid may read. All pages, or an
   * `AzureError`.
   */
  async attachedIdentities(
    context: CallContext,
    subscriptions?: readonly string[],
  ): Promise<AttachedIdentities> {
    const found = new Map<string, string[]>();
    for (const table of TABLES)
      for await (const each of this.#rows(attachedIn(table), context, subscriptions)) {
        const read = row.safeParse(each);
        if (!read.success) throw unreadable(`expected rows with an id and identities, got another one`);
        for (const identity of Object.keys(read.data.identities)) {
          const key = armKey(identity);
          const resources = found.get(key);
          if (resources) resources.push(read.data.id);
          else found.set(key, [read.data.id]);
        }
      }
    return found;
  }

  /**
   * Ids of the role assignments of a principal, wherever azid may read them. All pages, or an `AzureError`. What was deleted lately is
   * still shown.
   */
  async assignmentsOf(principalId: string, context: CallContext): Promise<readonly string[]> {
    if (!GUID.test(principalId)) throw unreadable(`expected the GUID of a principal, got '${principalId}'`);
    const ids: string[] = [];
    for await (const each of this.#rows(assignedTo(principalId), context, undefined)) {
      const read = idRow.safeParse(each);
      if (!read.success) throw unreadable('expected rows with an id, got another one');
      ids.push(read.data.id);
    }
    return ids;
  }

  async *#rows(
    query: string,
    context: CallContext,
    subscriptions: readonly string[] | undefined,
  ): AsyncGenerator<unknown, void, undefined> {
    let read = 0;
    let token: string | undefined;
    for (let count = 0; count === 0 || token !== undefined; count++) {
      if (count >= MAX_PAGES)
        throw unreadable(`expected at most ${MAX_PAGES} pages, got a token for another one`);
      const options = { resultFormat: 'objectArray', $top: PAGE, ...(token && { $skipToken: token }) };
      const body = { query, options, ...(subscriptions && { subscriptions }) };
      const parsed = page.safeParse(await this.#ask(body, context));
      if (!parsed.success) throw unreadable('expected a page of rows, got something else');
      const { data, totalRecords, resultTruncated, $skipToken } = parsed.data;
      read += data.length;
      token = $skipToken || undefined;
      if (token === undefined && String(resultTruncated).toLowerCase() !== 'false')
        throw unreadable(`expected all ${totalRecords} rows, got ${read} and no way to the others`);
      if (token === undefined && read < totalRecords)
        throw unreadable(`expected all ${totalRecords} rows, got ${read}`);
      if (token !== undefined && data.length === 0)
        throw unreadable('expected rows beside a token, got none');
      yield* data;
    }
  }

  async #ask(body: unknown, context: CallContext): Promise<unknown> {
    const { access, clock } = this.#options;
    const waitMs = this.#notBefore - clock.monotonic();
    if (waitMs > 0) await sleep(clock, waitMs, context.signal);
    const request = { method: 'POST', url: PATH, body } as const;
    try {
      const { value } = await this.#calls.run(
        { kind: 'read', provider: RESOURCE_GRAPH },
        context,
        (options) => access.send(request, options),
      );
      this.#heed(value);
      return value.body;
    } catch (thrown) {
      throw explained(thrown);
    }
  }

  /** Records what is left of the quota, and throws unless all subscriptions were searched. */
  #heed({ headers }: ArmResponse): void {
    if (headers.get('x-ms-tenant-subscription-limit-hit')?.toLowerCase() === 'true')
      throw unreadable('azid may read more than 10,000 subscriptions, and only the first were looked at');
    if (headers.get('x-ms-user-quota-remaining') !== '0') return;
    const [hours = 0, minutes = 0, seconds = 0] = (headers.get('x-ms-user-quota-resets-after') ?? '')
      .split(':')
      .map(Number);
    const ms = ((hours * 60 + minutes) * 60 + seconds) * 1_000;
    if (Number.isFinite(ms)) this.#notBefore = this.#options.clock.monotonic() + ms;
  }
}

function unreadable(message: string): AzureError {
  return new AzureError({ code: 'IncompleteAnswer', message: `Resource Graph: ${message}` });
}

/** What was wrong stands in the details of its refusals, beneath a text for Azure's support. */
function explained(thrown: unknown): unknown {
  if (!(thrown instanceof AzureError) || thrown.status === undefined) return thrown;
  const { cause } = thrown as { cause?: { response?: { bodyAsText?: unknown } } };
  const detail = detailOf(cause?.response?.bodyAsText);
  if (detail === undefined) return thrown;
  const { status, code, retryAfterMs, correlationId, method } = thrown;
  return new AzureError({
    status,
    code,
    message: `Resource Graph: ${detail}`,
    cause: thrown.cause,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(correlationId !== undefined && { correlationId }),
    ...(method !== undefined && { method }),
  });
}

const refusal = z.looseObject({
  error: z.looseObject({ details: z.array(z.looseObject({ message: z.string() })).min(1) }),
});

function detailOf(body: unknown): string | undefined {
  try {
    return refusal.parse(JSON.parse(String(body))).error.details[0]?.message;
  } catch {
    return undefined;
  }
}
