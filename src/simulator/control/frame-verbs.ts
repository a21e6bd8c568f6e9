import type { JSONWebKeySet } from 'jose';
import { z } from 'zod';
import { type Faults, faultSchema } from '../faults.ts';
import type { Frame } from '../frame.ts';
import { splitTarget } from '../http/message.ts';
import type { Caller } from '../http/operation.ts';
import type { Callers, RequestLog } from '../http/request-log.ts';
import { type KnobPatch, knobPatchSchema } from '../knobs/schema.ts';
import type { ExternalPolicies } from '../policies/external.ts';
import type { Throttle } from '../throttle/throttle.ts';
import type { AccessTokens } from '../token/access-tokens.ts';
import type { Issuers } from '../token/issuers.ts';
import { ControlError, verb } from './endpoint.ts';

const none = z.strictObject({});

interface ArmAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON; undefined when empty. */
  readonly body: unknown;
}

interface FrameVerbParts extends Frame {
  readonly callers: Callers;
  readonly faults: Faults;
  readonly policies: ExternalPolicies;
  readonly log: RequestLog;
  readonly throttle: Throttle;
  readonly tokens: AccessTokens;
  readonly issuers: Issuers;
  readonly someoneElse: Caller;
  /** Ends all lags and windows now pending, in every part. */
  readonly settle: () => void;
  /** Performs an ARM call as someone else, without faults, waits and buckets. */
  readonly asSomeoneElse: (
    method: string,
    target: string,
    body: unknown,
    headers: Readonly<Record<string, string>>,
  ) => Promise<ArmAnswer>;
}

const AUDIENCE = 'https://management.azure.com';
/** A test client's token lasts as long as its test. */
const TEST_TOKEN_SECONDS = 24 * 3600;

/** Knobs, faults, issuers, tokens and the request log (src/simulator/README.md, docs/architecture.md section 8). */
export function frameVerbs(parts: FrameVerbParts) {
  return {
    /** Only the knobs named; the rest stays. */
    setKnobs: verb(knobPatchSchema, (patch: KnobPatch) => {
      parts.knobs.set(patch);
      return parts.knobs.values;
    }),
    usePreset: verb(z.strictObject({ preset: z.enum(['honest', 'fast']) }), ({ preset }) =>
      parts.knobs.usePreset(preset),
    ),
    knobs: verb(none, () => parts.knobs.values),
    addFault: verb(faultSchema, (fault) => ({ id: parts.faults.add(fault) })),
    clearFaults: verb(z.strictObject({ id: z.number().int().optional() }), ({ id }) => ({
      cleared: parts.faults.clear(id),
    })),
    faultHits: verb(z.strictObject({ id: z.number().int() }), ({ id }) => ({
      hits: parts.faults.hits(id) ?? 0,
    })),
    /** An Azure Policy with external evaluation: writes it evaluates need a token of its service. */
    addExternalPolicy: verb(
      z.strictObject({
        name: z.string(),
        scope: z.string(),
        path: z.string().optional(),
        /** The text with which its service denies. */
        denies: z.string().optional(),
        changeReference: z.boolean().optional(),
      }),
      ({ name, scope, path, denies, changeReference }) =>
        parts.policies.add({
          name,
          scope,
          ...(path !== undefined && { path }),
          ...(denies !== undefined && { denies }),
          ...(changeReference !== undefined && { changeReference }),
        }),
    ),
    removeExternalPolicy: verb(z.strictObject({ name: z.string() }), ({ name }) => ({
      removed: parts.policies.remove(name),
    })),
    /** Advances the propagation clocks: everything written so far is visible and in effect now. */
    settle: verb(none, () => parts.settle()),
    refillBuckets: verb(none, () => parts.throttle.reset()),
    /** Moves an injected fake clock; a real one cannot be moved. */
    advance: verb(z.strictObject({ ms: z.number().min(0) }), ({ ms }) => {
      const { clock } = parts;
      if (!('advance' in clock) || typeof clock.advance !== 'function')
        throw new ControlError(
          'advance: expected a simulator on a fake clock, this one runs on the real clock',
        );
      clock.advance(ms);
    }),
    declareIssuer: verb(
      z.strictObject({
        issuer: z.string(),
        jwks: z.looseObject({ keys: z.array(z.record(z.string(), z.unknown())) }),
      }),
      ({ issuer, jwks }) => parts.issuers.declare(issuer, jwks as unknown as JSONWebKeySet),
    ),
    withdrawIssuer: verb(z.strictObject({ issuer: z.string() }), ({ issuer }) => ({
      withdrawn: parts.issuers.withdraw(issuer),
    })),
    /** Gives a principal the name it has in the request log: `controller` for azid's own. */
    nameCaller: verb(z.strictObject({ objectId: z.string(), name: z.string() }), ({ objectId, name }) =>
      parts.callers.name(objectId, name),
    ),
    /** A token for ARM: someone else's, or of a caller by name or object id. */
    token: verb(
      z.strictObject({
        caller: z.string().optional(),
        objectId: z.string().optional(),
        audience: z.string().default(AUDIENCE),
        lifetimeSeconds: z.number().int().min(1).default(TEST_TOKEN_SECONDS),
      }),
      async ({ caller, objectId, audience, lifetimeSeconds }) => {
        const id =
          objectId ?? (caller === undefined ? parts.someoneElse.objectId : parts.callers.find(caller));
        const principal = id === undefined ? undefined : parts.directory.find(id);
        if (!principal)
          throw new ControlError(
            `${objectId === undefined ? 'caller' : 'objectId'}: expected a living principal, got '${objectId ?? caller}'`,
          );
        return { accessToken: await parts.tokens.mint(principal, audience, lifetimeSeconds) };
      },
    ),
    requests: verb(z.strictObject({ since: z.number().int().min(0).default(0) }), ({ since }) =>
      parts.log.since(since),
    ),
    /** Any ARM call as someone else: `{ method: 'PUT', path: '/subscriptions/…?api-version=…', body }`. */
    arm: verb(
      z.strictObject({
        method: z.enum(['GET', 'HEAD', 'PUT', 'PATCH', 'POST', 'DELETE']),
        path: z.string().refine((path) => splitTarget(path).query.has('api-version'), {
          error: 'expected a path with an api-version parameter',
        }),
        body: z.unknown().optional(),
        /** Names in lower case: `if-match`. */
        headers: z.record(z.string(), z.string()).default({}),
      }),
      ({ method, path, body, headers }) => parts.asSomeoneElse(method, path, body, headers),
    ),
  };
}
