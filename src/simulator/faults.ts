import { z } from 'zod';
import { ArmError, type Method } from './http/operation.ts';
import type { Random } from './random.ts';

/** A fault that was asked for, and how often it struck. */
interface Armed<F> {
  readonly id: number;
  readonly fault: F;
  /** Calls that it let by before it began. */
  passed: number;
  hits: number;
}

/** The faults that were asked for, in order: what `addFault`, `clearFaults` and `faultHits` do, for Resource Manager and for the broker. */
export class ArmedFaults<F extends { readonly count?: number | undefined }> {
  readonly #armed: Armed<F>[] = [];
  #lastId = 0;

  /** The id of the fault, for `clear`. */
  add(fault: F): number {
    this.#lastId += 1;
    this.#armed.push({ id: this.#lastId, fault, passed: 0, hits: 0 });
    return this.#lastId;
  }

  /** One fault by id, or all of them; how many were cleared. */
  clear(id?: number): number {
    const before = this.#armed.length;
    const kept = id === undefined ? [] : this.#armed.filter((armed) => armed.id !== id);
    this.#armed.splice(0, before, ...kept);
    return before - kept.length;
  }

  /** How often a fault struck; of a spent one too. Undefined after `clear`. */
  hits(id: number): number | undefined {
    return this.#armed.find((armed) => armed.id === id)?.hits;
  }

  /** The first of those that are not spent which strikes here. Counts it. */
  protected first(strikes: (armed: Armed<F>) => boolean): F | undefined {
    for (const armed of this.#armed) {
      if (armed.hits >= (armed.fault.count ?? Number.POSITIVE_INFINITY) || !strikes(armed)) continue;
      armed.hits += 1;
      return armed.fault;
    }
    return undefined;
  }
}

/** Faults to be injected (src/simulator/README.md): which calls, how many of them, and what happens to them. */
const effect = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('status'),
    status: z.number().int().min(400).max(599),
    code: z.string().optional(),
    message: z.string().optional(),
    /** `Retry-After` in seconds. */
    retryAfterSeconds: z.number().min(0).optional(),
    /** `Retry-After` as an HTTP date so many seconds ahead. */
    retryAfterDateSeconds: z.number().min(0).optional(),
    /** `retry-after-ms`, which the SDKs also obey (docs/azure-facts.md section 15). */
    retryAfterMs: z.number().min(0).optional(),
    /** `after`: the call takes effect and the error is answered all the same. Default `before`. */
    when: z.enum(['before', 'after']).optional(),
  }),
  /** The connection is reset before, or after, the call took effect. */
  z.strictObject({ kind: z.literal('reset'), when: z.enum(['before', 'after']) }),
  /** No answer at all, before or after the call took effect. */
  z.strictObject({ kind: z.literal('silence'), when: z.enum(['before', 'after']).optional() }),
  /** The call takes effect; half of its answer arrives. */
  z.strictObject({ kind: z.literal('truncate') }),
]);

export const faultSchema = z.strictObject({
  method: z.enum(['GET', 'PUT', 'PATCH', 'POST', 'DELETE', 'HEAD']).optional(),
  /** Part of the decoded path with query, any case: `$skiptoken` hits the pages after the first. */
  path: z.string().optional(),
  /** A regular expression over the same, any case. */
  pathPattern: z.string().refine(compiles, { error: 'expected a regular expression' }).optional(),
  /** Operation id, e.g. `identities.createOrUpdate`. */
  operation: z.string().optional(),
  /** Caller as in the request log. */
  caller: z.string().optional(),
  /** Hits so many matching calls, then is spent. Default: until cleared. */
  count: z.number().int().min(1).optional(),
  /** Lets so many matching calls pass first. Default 0. */
  after: z.number().int().min(0).optional(),
  /** Hits this share of the matching calls, drawn from the seed. Default 1. */
  share: z.number().min(0).max(1).optional(),
  effect,
});

export type Fault = z.infer<typeof faultSchema>;
export type FaultEffect = Fault['effect'];

interface FaultTarget {
  readonly method: string;
  /** Decoded path with query. */
  readonly path: string;
  readonly operation: string;
  readonly caller: string;
}

export class Faults extends ArmedFaults<Fault> {
  readonly #random: Random;

  constructor(random: Random) {
    super();
    this.#random = random;
  }

  /** The effect of the first fault that hits this call. Counts it. */
  strike(target: FaultTarget): FaultEffect | undefined {
    return this.first((armed) => {
      const { fault } = armed;
      if (!matches(fault, target)) return false;
      armed.passed += 1;
      if (armed.passed <= (fault.after ?? 0)) return false;
      return fault.share === undefined || this.#random.next() < fault.share;
    })?.effect;
  }
}

/** The error a `status` fault answers with. `now`: wall ms, for `Retry-After` as a date. */
export function faultError(effect: Extract<FaultEffect, { kind: 'status' }>, now: number): ArmError {
  const [code, message] = DEFAULT_TEXTS[effect.status] ?? ['InternalServerError', 'The server failed.'];
  const { retryAfterSeconds, retryAfterDateSeconds, retryAfterMs } = effect;
  return new ArmError(effect.status, effect.code ?? code, effect.message ?? message, {
    ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
    ...(retryAfterDateSeconds !== undefined && {
      'retry-after': new Date(now + retryAfterDateSeconds * 1000).toUTCString(),
    }),
    ...(retryAfterMs !== undefined && { 'retry-after-ms': String(retryAfterMs) }),
  });
}

/** Codes for statuses when a fault names none. Texts are the simulator's own unless docs/azure-facts.md has one. */
const DEFAULT_TEXTS: Readonly<Record<number, readonly [code: string, message: string]>> = {
  408: ['RequestTimeout', 'The request timed out.'],
  409: ['Conflict', 'Another operation is in progress on the resource.'],
  429: ['TooManyRequests', 'The request is being throttled.'],
  500: ['InternalServerError', 'The server encountered an internal error.'],
  502: ['BadGateway', 'The gateway did not receive a response from the resource provider.'],
  503: ['ServiceUnavailable', 'The service is unavailable.'],
  504: [
    'GatewayTimeout',
    'The gateway did not receive a response from the resource provider within the specified time period.',
  ],
};

function matches(fault: Fault, target: FaultTarget): boolean {
  const path = target.path.toLowerCase();
  return (
    (fault.method === undefined || (fault.method as Method) === target.method) &&
    (fault.operation === undefined || fault.operation === target.operation) &&
    (fault.caller === undefined || fault.caller === target.caller) &&
    (fault.path === undefined || path.includes(fault.path.toLowerCase())) &&
    (fault.pathPattern === undefined || new RegExp(fault.pathPattern, 'i').test(target.path))
  );
}

function compiles(pattern: string): boolean {
  try {
    new RegExp(pattern);
    return true;
  } catch {
    return false;
  }
}
