/** What a call counts in: its rate-limit scope, its queue there, and the buckets of its provider. */
import type { Clock } from '../../runtime/time/clock.ts';
import { type BucketSize, TokenBucket } from '../../runtime/token-bucket.ts';
import { armClass, bucketOfRate, type Limits, scaled } from '../limits.ts';
import { armKey } from '../names/resource-id.ts';
import { RateLimitScope, RequestQueue } from './rate-limit-scope.ts';
import type { ScheduledRequest } from './request.ts';

/** The rate-limit scopes of all calls, and in each the queues of calls that take from the same buckets; made as calls come. */
export class Scopes {
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #held: ReadonlySet<string>;
  readonly #onFree: () => void;
  readonly #buckets: ProviderBuckets;
  readonly #scopes = new Map<string, RateLimitScope>();
  readonly #queues = new Map<string, RequestQueue>();

  /** @param held keys of exclusive calls that run now @param onFree others may start */
  constructor(limits: Limits, clock: Clock, held: ReadonlySet<string>, onFree: () => void) {
    this.#limits = limits;
    this.#clock = clock;
    this.#held = held;
    this.#onFree = onFree;
    this.#buckets = new ProviderBuckets(limits, clock);
  }

  get all(): Iterable<RateLimitScope> {
    return this.#scopes.values();
  }

  bucketOfResource(request: ScheduledRequest): TokenBucket | undefined {
    return this.#buckets.ofResource(request);
  }

  queueOf(request: ScheduledRequest): RequestQueue {
    const provider = request.provider.toLowerCase();
    const subscription = request.subscriptionId?.toLowerCase() ?? '';
    const caller = `${request.tenantId.toLowerCase()} ${request.credential}`;
    const key = `${caller} ${subscription} ${provider} ${request.kind}`;
    const known = this.#queues.get(key);
    if (known) return known;
    const kind = armClass(request.kind);
    const scope = this.#scope(`${caller} ${subscription} ${kind}`, subscription, kind);
    const buckets = [scope.bucket, ...this.#buckets.sharedBy(request)];
    const queue = new RequestQueue(scope, buckets, this.#held, this.#clock, this.#onFree);
    this.#queues.set(key, queue);
    scope.queues.add(queue);
    return queue;
  }

  #scope(key: string, subscriptionId: string, kind: ReturnType<typeof armClass>): RateLimitScope {
    let scope = this.#scopes.get(key);
    if (!scope) {
      const size = scaled(this.#limits.arm[kind], this.#limits.share);
      scope = new RateLimitScope(subscriptionId, size, this.#limits, this.#clock);
      this.#scopes.set(key, scope);
    }
    return scope;
  }
}

/** Above this many buckets of single resources the full ones are forgotten: they say nothing. */
const MAX_RESOURCE_BUCKETS = 20_000;

/** The providers' own buckets, beside Resource Manager's: of a tenant and a subscription, and of single resources. */
class ProviderBuckets {
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
