/** Azure's figures (docs/azure-facts.md section 9) and azid's distance from them. Figures, not promises: a 429 is always obeyed. */
import type { BucketSize } from '../runtime/token-bucket.ts';

/** The kinds of calls that the limits distinguish. Resource Manager counts `list` as a read. */
export type CallKind = 'read' | 'list' | 'write' | 'delete';

/** Resource Manager's own kinds. */
type ArmClass = 'read' | 'write' | 'delete';

interface ProviderRates {
  /**
   * Requests per second for the whole tenant, one subscription, one resource; or the bucket itself, where it is
   * documented.
   */
  readonly tenant: number | BucketSize;
  readonly subscription: number;
  readonly resource: number | BucketSize;
}

export interface Limits {
  /** The share of Azure's figures that azid takes: others use the same buckets. */
  readonly share: number;
  /**
   * Per caller: one bucket for each subscription, one of the same size for calls at tenant scope (Microsoft Learn,
   * "Understand how Azure Resource Manager throttles requests").
   */
  readonly arm: Readonly<Record<ArmClass, BucketSize>>;
  /**
   * Buckets that a resource provider keeps itself, for all callers together; by lower-cased namespace. Kinds that are
   * left out have none.
   */
  readonly providers: Readonly<Record<string, Readonly<Partial<Record<CallKind, ProviderRates>>>>>;
  /** Calls under way at once per subscription, caller and kind. 45 fill the write bucket: 9/s at 4.9 s per assignment. */
  readonly concurrency: number;
  /** Of these, kept free of resyncs, so that an edit never waits for a slow background call to end. */
  readonly reserved: number;
  /** From this wait on, ms, a call shares one token in ten with the others that waited as long. */
  readonly longWaitMs: number;
}

export const MANAGED_IDENTITY = 'Microsoft.ManagedIdentity';
export const AUTHORIZATION = 'Microsoft.Authorization';
export const COMPUTE = 'Microsoft.Compute';
export const RESOURCE_GRAPH = 'Microsoft.ResourceGraph';

const identityWrites: ProviderRates = { tenant: 10, subscription: 2, resource: 0.25 };

/**
 * Each virtual machine and scale set takes 12 updates at once and 4 a minute after that (Microsoft Learn, "Compute
 * throttling limits"; docs/azure-facts.md section 7 has the 12). The subscription's own, 1,500, is above Resource Manager's.
 */
const hostUpdates: ProviderRates = {
  tenant: Number.POSITIVE_INFINITY,
  subscription: Number.POSITIVE_INFINITY,
  resource: { capacity: 12, perSecond: 4 / 60 },
};

/** 15 queries of a caller in any 5 s (docs/azure-facts.md section 6): what is there at once, and what comes in that time. */
const queries: ProviderRates = {
  tenant: { capacity: 5, perSecond: 2 },
  subscription: Number.POSITIVE_INFINITY,
  resource: Number.POSITIVE_INFINITY,
};

export const AZURE_LIMITS: Limits = {
  share: 0.9,
  arm: {
    read: { capacity: 250, perSecond: 25 },
    write: { capacity: 200, perSecond: 10 },
    delete: { capacity: 200, perSecond: 10 },
  },
  providers: {
    [MANAGED_IDENTITY.toLowerCase()]: {
      read: { tenant: 30, subscription: 10, resource: 0.5 },
      list: { tenant: 15, subscription: 5, resource: 0.25 },
      write: identityWrites,
      delete: identityWrites,
    },
    [COMPUTE.toLowerCase()]: { write: hostUpdates },
    [RESOURCE_GRAPH.toLowerCase()]: { read: queries },
  },
  concurrency: 64,
  reserved: 8,
  longWaitMs: 60_000,
};

export function armClass(kind: CallKind): ArmClass {
  return kind === 'list' ? 'read' : kind;
}

/** A bucket for azid: less than Azure's in both figures, but always room for one call. */
export function scaled(size: BucketSize, share: number): BucketSize {
  return { capacity: Math.max(1, size.capacity * share), perSecond: size.perSecond * share };
}

/**
 * The window in which a provider's rate may be used up at once. Not stated by Microsoft; 0.25 writes per second and
 * resource cannot mean one in 4 s exactly, since recorded traffic has two PUTs of one identity 3 s apart
 * (docs/azure-facts.md section 3). Half of the 20 s in which the provider's other limits are stated; a wrong guess
 * costs one 429.
 */
const RATE_WINDOW_SECONDS = 10;

/** A rate per second becomes a bucket; a bucket stays as it is. */
export function bucketOfRate(perSecond: number | BucketSize, share: number): BucketSize {
  if (typeof perSecond !== 'number') return scaled(perSecond, share);
  return scaled({ capacity: perSecond * RATE_WINDOW_SECONDS, perSecond }, share);
}
