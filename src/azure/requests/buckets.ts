import type { Clock } from '../../runtime/time/clock.ts';
import { type BucketSize, TokenBucket } from '../../runtime/token-bucket.ts';
import { bucketOfRate, type Limits } from '../limits.ts';
import { armKey } from '../names/resource-id.ts';
import type { ScheduledRequest } from './request.ts';

/** Above this many buckets of single resources the full ones are forgotten: they say nothing. */
const MAX_RESOURCE_BUCKETS = 20_000;

/** The providers' own buckets, beside Resource Manager's: of a tenant and a subscription, and of single resources. */
export class ProviderBuckets {
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #shared = new Map<string, TokenBucket>();
  readonly #resources = new Map<string, TokenBucket>();

  constructor(limits: Limits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Those that all calls of the kind take from. */
  sharedBy({ tenantId, subscriptionId, provider, kind }: ScheduledRequest): readonly TokenBucket[] {
    const name = provider.toLowerCase();
    const rates = this.#limits.providers[name]?.[kind];
    if (!rates) return [];
    const { share } = this.#limits;
    const bucket = (place: string, size: BucketSize) => this.#bucket(`${name} ${place} ${kind}`, size);
    const ofTenant = bucket(tenantId.toLowerCase(), bucketOfRate(rates.tenant, share));
    if (!subscriptionId) return [ofTenant];
    return [ofTenant, bucket(subscriptionId.toLowerCase(), bucketOfRate(rates.subscription, share))];
  }

  ofResource({ provider, kind, resourceId }: ScheduledRequest): TokenBucket | undefined {
    const rates = this.#limits.providers[provider.toLowerCase()]?.[kind];
    if (!rates || resourceId === undefined) return undefined;
    const key = `${kind} ${armKey(resourceId)}`;
    let bucket = this.#resources.get(key);
    if (!bucket) {
      if (this.#resources.size >= MAX_RESOURCE_BUCKETS)
        for (const [name, each] of this.#resources) if (each.full) this.#resources.delete(name);
      bucket = new TokenBucket(bucketOfRate(rates.resource, this.#limits.share), this.#clock);
      this.#resources.set(key, bucket);
    }
    return bucket;
  }

  #bucket(key: string, size: BucketSize): TokenBucket {
    let bucket = this.#shared.get(key);
    if (!bucket) {
      bucket = new TokenBucket(size, this.#clock);
      this.#shared.set(key, bucket);
    }
    return bucket;
  }
}
