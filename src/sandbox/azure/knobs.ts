import { z } from 'zod';
import type { Random, Spread } from './random.ts';
import { draw } from './random.ts';

/**
 * Everything about the simulated Azure that can be set (simulator.md section 4). What is unsure about Azure is a knob
 * with a default, so tests can run both ways. All times are ms of the injected clock unless the name says seconds.
 */
const ms = z.number().min(0);
const spread = z.union([
  ms,
  z.strictObject({ min: ms, max: ms, share: z.number().min(0).max(1).optional() }),
]) satisfies z.ZodType<Spread>;

const groups = {
  /** By operation id (`identities.createOrUpdate`), `default` for all others, `token` for the token endpoint. */
  latencyMs: z.record(z.string(), spread),
  propagation: z.strictObject({
    /** Until a list shows a write. */
    listLagMs: spread,
    /** Window after a creation in which a GET answers 404. */
    readAfterWriteMs: spread,
    /** Until a grant acts for tokens issued before it (azure.md section 5: up to 10 minutes). */
    grantEffectMs: spread,
    /** Until a federated credential is accepted at the token endpoint (azure.md section 4: some minutes). */
    federationEffectMs: spread,
    /** Until the role assignment service sees a new principal (azure.md section 5: 22 to 32 s). */
    directoryReplicationMs: spread,
    /** Age of the copy behind Resource Graph and listAssociatedResources. */
    resourceGraphLagMs: spread,
  }),
  throttling: z.strictObject({
    /** ARM's buckets per subscription, caller and kind, and per tenant (azure.md section 9). */
    arm: z.boolean(),
    /** The managed-identity provider's own limits per resource, subscription and tenant (azure.md section 9). */
    identityProvider: z.boolean(),
    /** false: 429 comes without `Retry-After`. */
    retryAfterHeader: z.boolean(),
  }),
  paging: z.strictObject({ pageSize: z.number().int().min(1) }),
  token: z.strictObject({
    lifetimeSeconds: z.number().int().min(1),
    /** How many more ARM calls get 401 `insufficient_claims` (azure.md section 15); counts down. */
    claimsChallenges: z.number().int().min(0),
  }),
  identities: z.strictObject({
    /** What PATCH does with tags it does not name. */
    patchTags: z.enum(['replace', 'merge']),
    /** For so long after a DELETE a PUT of the same id is refused as a pending delete (azure.md section 6). */
    pendingDeleteMs: ms,
  }),
  authorization: z.strictObject({
    /** Status of an equal PUT of an existing assignment (unsure). */
    equalPutStatus: z.union([z.literal(200), z.literal(201)]),
    /** `RoleAssignmentExists` with the id (newer text) or without (older). */
    existsMessage: z.enum(['with-id', 'without-id']),
    /** PrincipalNotFound even when principalType was sent (reported). */
    principalNotFoundDespiteType: z.boolean(),
    /** Answer to a DELETE under a scope that is gone (reported 403). */
    goneScopeDelete: z.union([z.literal(403), z.literal(404)]),
    /** An unfiltered list also shows what lies below the scope (unsure). */
    unfilteredListsBelow: z.boolean(),
    /** Role definition ids in answers with or without the subscription prefix. */
    roleIdPrefix: z.enum(['subscription', 'none']),
    assignmentsPerSubscription: z.number().int().min(1),
  }),
  federation: z.strictObject({
    /** HTTP status of the 21st credential (unsure). */
    limitStatus: z.number().int().min(400).max(599),
    perIdentity: z.number().int().min(1),
    /** Regions that answer 405 (azure.md section 4). */
    unsupportedRegions: z.array(z.string()),
  }),
};

const schema = z.strictObject(groups);
/** Every group may be given in part. */
export const knobPatchSchema = z.strictObject({
  latencyMs: groups.latencyMs.optional(),
  propagation: groups.propagation.partial().optional(),
  throttling: groups.throttling.partial().optional(),
  paging: groups.paging.partial().optional(),
  token: groups.token.partial().optional(),
  identities: groups.identities.partial().optional(),
  authorization: groups.authorization.partial().optional(),
  federation: groups.federation.partial().optional(),
});

export type KnobValues = z.infer<typeof schema>;
export type KnobPatch = z.infer<typeof knobPatchSchema>;
export type Preset = 'honest' | 'fast';

/** Latencies seen in recorded traffic (simulator.md section 4), by operation id. */
export const RECORDED_LATENCY_MS: Readonly<Record<string, Spread>> = {
  default: { min: 30, max: 120 },
  'identities.createOrUpdate': 1200,
  'roleAssignments.create': 4900,
  'roleAssignments.delete': 2100,
  'resourceGroups.delete.operation': 66_000,
};

const fast: KnobValues = {
  latencyMs: { default: 0 },
  propagation: {
    listLagMs: 0,
    readAfterWriteMs: 0,
    grantEffectMs: 0,
    federationEffectMs: 0,
    directoryReplicationMs: 0,
    resourceGraphLagMs: 0,
  },
  throttling: { arm: false, identityProvider: false, retryAfterHeader: true },
  paging: { pageSize: 100 },
  token: { lifetimeSeconds: 3599, claimsChallenges: 0 },
  identities: { patchTags: 'replace', pendingDeleteMs: 0 },
  authorization: {
    equalPutStatus: 200,
    existsMessage: 'with-id',
    principalNotFoundDespiteType: false,
    goneScopeDelete: 403,
    unfilteredListsBelow: true,
    roleIdPrefix: 'subscription',
    assignmentsPerSubscription: 4000,
  },
  federation: {
    limitStatus: 400,
    perIdentity: 20,
    unsupportedRegions: ['malaysiasouth', 'newzealandnorth'],
  },
};

/** `honest` is Azure as it is, the default of the sandbox; `fast` takes waiting and throttling away (design.md section 8). */
export const PRESETS: Readonly<Record<Preset, KnobValues>> = {
  fast,
  honest: {
    ...fast,
    latencyMs: { ...RECORDED_LATENCY_MS },
    propagation: {
      listLagMs: { min: 1_000, max: 20_000 },
      readAfterWriteMs: { min: 500, max: 5_000, share: 0.3 },
      // Default 0 by simulator.md row 17; tests raise it.
      grantEffectMs: 0,
      federationEffectMs: { min: 2_000, max: 15_000 },
      directoryReplicationMs: { min: 22_000, max: 32_000 },
      resourceGraphLagMs: { min: 30_000, max: 120_000 },
    },
    throttling: { arm: true, identityProvider: true, retryAfterHeader: true },
  },
};

/** The board the knobs sit on: read `values` at each use, they change while requests are under way. */
export class Knobs {
  #values: KnobValues;
  readonly #random: Random;

  constructor(preset: Preset, random: Random) {
    this.#values = structuredClone(PRESETS[preset]);
    this.#random = random;
  }

  get values(): KnobValues {
    return this.#values;
  }

  /** Sets the knobs named and leaves the others. Throws a `ZodError` that names what is unknown or wrong. */
  set(patch: KnobPatch): void {
    const given = knobPatchSchema.parse(patch);
    const merged = Object.fromEntries(
      Object.entries(this.#values).map(([group, values]) => [
        group,
        { ...values, ...given[group as keyof KnobPatch] },
      ]),
    );
    this.#values = schema.parse(merged);
  }

  /** Back to a preset, whatever was set since. */
  usePreset(preset: Preset): void {
    this.#values = structuredClone(PRESETS[preset]);
  }

  /** Ms the next call of this operation takes. */
  latencyMs(operationId: string): number {
    const { latencyMs } = this.#values;
    return draw(latencyMs[operationId] ?? latencyMs.default ?? 0, this.#random);
  }
}
