/** Whether principals still exist, asked of the directory (docs/azure-facts.md section 6). Nothing is concluded from what failed. */
import { z } from 'zod';
import { type Clock, sleep } from '../../runtime/time/clock.ts';
import type { ArmAccess } from '../arm/arm-access.ts';
import { classify } from '../arm/classify.ts';
import { AzureError } from '../arm/errors.ts';
import { isGuid } from '../names/guid.ts';

/** Graph answers so many ids at once. */
const CHUNK = 1_000;
/** At most so many absent objects are searched among the deleted ones in one go; one request each. */
const MAX_LOOKUPS = 1_000;
/** Absent so soon after its creation, a principal may not be replicated yet. */
const REPLICATION_MS = 3_600_000;
/** Requests that are made once more when Graph says not now. */
const MAX_THROTTLED = 3;
/** Of which it is remembered that they are gone for good. */
const MAX_GONE = 100_000;

type PrincipalState =
  | { readonly state: 'present' }
  /** The directory has neither it nor a deleted one of that id. */
  | { readonly state: 'gone' }
  /** Deleted, and for 30 days it can be restored. */
  | { readonly state: 'softDeleted' }
  | { readonly state: 'unknown'; readonly why: string };

export interface AskedPrincipal {
  /** Object id, any case. */
  readonly id: string;
  /** Wall ms, where it is known. */
  readonly createdAt?: number | undefined;
}

const objects = z.looseObject({
  value: z.array(z.looseObject({ id: z.string() })),
  '@odata.nextLink': z.string().nullish(),
});

export class PrincipalStates {
  readonly #access: Pick<ArmAccess, 'call' | 'send'>;
  readonly #clock: Clock;
  /** What is purged never comes back, so it is searched among the deleted ones once. */
  readonly #gone = new Set<string>();

  constructor(access: Pick<ArmAccess, 'call' | 'send'>, clock: Clock) {
    this.#access = access;
    this.#clock = clock;
  }

  /** Of all that are asked for, by id in lower case. Throws only when the signal is aborted. */
  async of(
    asked: Iterable<AskedPrincipal>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, PrincipalState>> {
    const createdAt = new Map([...asked].map(({ id, createdAt }) => [id.toLowerCase(), createdAt] as const));
    const states = new Map<string, PrincipalState>();
    const absent = await this.#absent([...createdAt.keys()], states, signal);
    const deleted: string[] = [];
    for (const id of absent) {
      if (this.#clock.now() - (createdAt.get(id) ?? Number.NEGATIVE_INFINITY) < REPLICATION_MS)
        states.set(id, unknown('it was made within the last hour, and new principals are shown late'));
      else if (this.#gone.has(id)) states.set(id, { state: 'gone' });
      else if (deleted.length < MAX_LOOKUPS) deleted.push(id);
      else states.set(id, unknown(`only ${MAX_LOOKUPS} that are absent are looked for at once`));
    }
    const purged = await this.#purged(deleted, states, signal);
    // One that was restored between the two questions is in neither answer.
    for (const id of await this.#absent(purged, states, signal)) {
      states.set(id, { state: 'gone' });
      if (this.#gone.size < MAX_GONE) this.#gone.add(id);
    }
    return states;
  }

  /** Those that the directory does not have; the others get their state. */
  async #absent(
    ids: readonly string[],
    states: Map<string, PrincipalState>,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const absent: string[] = [];
    const valid = ids.filter((id) => isGuid(id));
    for (const id of ids) if (!isGuid(id)) states.set(id, unknown('it is no object id'));
    for (let at = 0; at < valid.length; at += CHUNK) {
      const chunk = valid.slice(at, at + CHUNK);
      try {
        const body = { ids: chunk };
        const found = await this.#ask('POST', '/v1.0/directoryObjects/getByIds', body, signal);
        const present = new Set(found.value.map(({ id }) => id.toLowerCase()));
        const whole = !found['@odata.nextLink'];
        for (const id of chunk) {
          if (present.has(id)) states.set(id, { state: 'present' });
          else if (whole) absent.push(id);
          else states.set(id, unknown('Microsoft Graph: expected all objects in one answer, got a part'));
        }
      } catch (thrown) {
        const why = whyUnknown(thrown, signal);
        // Who may not ask for these may not ask for any.
        const rest = isForbidden(thrown) ? valid.slice(at) : chunk;
        for (const id of rest) states.set(id, unknown(why));
        if (rest !== chunk) break;
      }
    }
    return absent;
  }

  /** Those that are not among the deleted ones either; the others get their state. */
  async #purged(
    ids: readonly string[],
    states: Map<string, PrincipalState>,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const purged: string[] = [];
    for (const [at, id] of ids.entries())
      try {
        await this.#request('GET', `/v1.0/directory/deletedItems/${id}?$select=id`, undefined, signal);
        states.set(id, { state: 'softDeleted' });
      } catch (thrown) {
        if (isNotThere(thrown)) {
          purged.push(id);
          continue;
        }
        const why = whyUnknown(thrown, signal);
        // Nothing is asked on and on of a directory that fails.
        for (const left of ids.slice(at)) states.set(left, unknown(why));
        break;
      }
    return purged;
  }

  async #ask(method: 'GET' | 'POST', url: string, body: unknown, signal: AbortSignal) {
    const read = objects.safeParse(await this.#request(method, url, body, signal));
    if (read.success) return read.data;
    throw new AzureError({
      code: 'IncompleteAnswer',
      message: 'expected objects of the directory, got something else',
    });
  }

  async #request(method: 'GET' | 'POST', url: string, body: unknown, signal: AbortSignal): Promise<unknown> {
    for (let throttled = 0; ; throttled++) {
      try {
        return await this.#access.call({ write: false, signal }, async (abortSignal) => {
          const answer = await this.#access.send(
            { method, url, ...(body !== undefined && { body }) },
            { abortSignal },
          );
          return answer.body;
        });
      } catch (thrown) {
        const found = classify(thrown);
        if (found.kind !== 'throttled' || throttled >= MAX_THROTTLED) throw thrown;
        await sleep(this.#clock, found.retryAfterMs, signal);
      }
    }
  }
}

const unknown = (why: string): PrincipalState => ({ state: 'unknown', why });

/** Only Graph's own word is an absence: a bare 404 may come from anywhere on the way. */
function isNotThere(thrown: unknown): boolean {
  return (
    thrown instanceof AzureError &&
    thrown.status === 404 &&
    thrown.code.toLowerCase() === 'request_resourcenotfound'
  );
}

const isForbidden = (thrown: unknown) => thrown instanceof AzureError && thrown.status === 403;

function whyUnknown(thrown: unknown, signal: AbortSignal): string {
  signal.throwIfAborted();
  if (isForbidden(thrown))
    return 'azid may not read the directory: grant its service principal the application permission Directory.Read.All of Microsoft Graph';
  return `Microsoft Graph: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
}
