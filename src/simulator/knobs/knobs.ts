import { draw, type Random, type Spread } from '../random.ts';
import { type KnobPatch, type KnobValues, knobPatchSchema, knobSchema } from './schema.ts';

/** The knobs as they are set now: read `values` at each use, they change while requests are under way. */
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
    this.#values = knobSchema.parse(merged);
  }

  /** Back to a preset, undoing all that was set since. */
  usePreset(preset: Preset): void {
    this.#values = structuredClone(PRESETS[preset]);
  }

  /** Ms the next call of this operation takes. */
  latencyMs(operationId: string): number {
    const { latencyMs } = this.#values;
    return draw(latencyMs[operationId] ?? latencyMs.default ?? 0, this.#random);
  }
}

export type Preset = 'honest' | 'fast';

/** Latencies seen in recorded traffic (src/simulator/README.md), by operation id. */
const RECORDED_LATENCY_MS: Readonly<Record<string, Spread>> = {
  default: { min: 30, max: 120 },
  'identities.createOrUpdate': 1200,
  'roleAssignments.create': 4900,
  'roleAssignments.delete': 2100,
  'resourceGroups.delete.operation': 66_000,
  'virtualMachines.update.operation': { min: 10_000, max: 20_000 },
  'virtualMachines.createOrUpdate.operation': { min: 20_000, max: 60_000 },
  'virtualMachines.delete.operation': { min: 20_000, max: 60_000 },
  'virtualMachineScaleSets.update.operation': { min: 40_000, max: 60_000 },
  'virtualMachineScaleSets.createOrUpdate.operation': { min: 40_000, max: 60_000 },
  // No captures of the following: orders of magnitude.
  'sites.update.operation': { min: 1_000, max: 4_000 },
  'slots.update.operation': { min: 1_000, max: 4_000 },
  'slots.swap.operation': { min: 30_000, max: 60_000 },
  'containerApps.update.operation': { min: 10_000, max: 30_000 },
  'containerGroups.createOrUpdate.operation': { min: 10_000, max: 30_000 },
  'managedClusters.createOrUpdate.operation': { min: 60_000, max: 180_000 },
  'apiManagement.update.operation': { min: 30_000, max: 120_000 },
};

const fast: KnobValues = {
  latencyMs: { default: 0 },
  propagation: {
    listLagMs: 0,
    readAfterWriteMs: 0,
    grantEffectMs: 0,
    policyEffectMs: 0,
    federationEffectMs: 0,
    directoryReplicationMs: 0,
    resourceGraphLagMs: 0,
    activityLogLagMs: 0,
    signInLagMs: 0,
  },
  throttling: {
    arm: false,
    identityProvider: false,
    compute: false,
    resourceGraph: false,
    retryAfterHeader: true,
  },
  paging: { pageSize: 100 },
  token: { lifetimeSeconds: 3599, claimsChallenges: 0 },
  identities: { patchTags: 'replace', pendingDeleteMs: 0 },
  directory: { deletion: 'soft' },
  authorization: {
    equalPutStatus: 201,
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
  hosts: {
    identityShows: 'at-start',
    failedWriteLeaves: 'old',
    keyCase: {},
    strictKeyCase: ['Microsoft.ContainerService/managedClusters'],
    keepsRemoved: ['Microsoft.ApiManagement/service'],
    refusesReadOnly: [],
    linkedAccess: 'added',
    deadEntriesFail: 'named',
    deadEntriesShow: 'nulls',
    pendingDeleteMs: 0,
    siteWriteStatus: 200,
    pollSeconds: 0,
    genericListIdentity: true,
    listsWithoutIdentity: [],
    upperCaseGroupsInLists: false,
    failedSwapSwitchesOff: false,
  },
  resourceGraph: { pageSize: 1000, paging: true },
  events: {
    lagMs: 0,
    duplicateShare: 0,
    lossShare: 0,
    httpRequest: 'not-of-creations',
    operationNames: 'as-published',
    subjects: 'as-documented',
    groupDeletion: 'children',
    credentials: false,
    body: 'object',
  },
  serviceBus: { locksEndWithLink: false },
};

/** `honest` is Azure as it is, the default of the sandbox; `fast` takes waiting and throttling away (docs/architecture.md section 8). */
export const PRESETS: Readonly<Record<Preset, KnobValues>> = {
  fast,
  honest: {
    ...fast,
    latencyMs: { ...RECORDED_LATENCY_MS },
    propagation: {
      listLagMs: { min: 1_000, max: 20_000 },
      readAfterWriteMs: { min: 500, max: 5_000, share: 0.3 },
      // Default 0 by src/simulator/README.md; tests raise it.
      grantEffectMs: 0,
      policyEffectMs: { min: 60_000, max: 300_000 },
      federationEffectMs: { min: 2_000, max: 15_000 },
      directoryReplicationMs: { min: 22_000, max: 32_000 },
      resourceGraphLagMs: { min: 30_000, max: 120_000 },
      activityLogLagMs: { min: 180_000, max: 1_200_000 },
      signInLagMs: { min: 120_000, max: 900_000 },
    },
    throttling: {
      arm: true,
      identityProvider: true,
      compute: true,
      resourceGraph: true,
      retryAfterHeader: true,
    },
    hosts: { ...fast.hosts, pollSeconds: 15, upperCaseGroupsInLists: true },
    events: { ...fast.events, lagMs: { min: 1_000, max: 15_000 }, duplicateShare: 0.02 },
  },
};
