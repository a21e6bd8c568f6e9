/** Whether a controller works: without one nothing of Azure's side is done, and with one nothing may be done behind its back. */
import { type Clock, sleep } from '../../runtime/time/clock.ts';
import { leases } from '../builtin.ts';
import type { KubeClient } from '../client.ts';
import { isNotFound } from '../errors.ts';
import { ObservedLease } from './lease-record.ts';
import { isShardLease } from './shard-lease.ts';

export type AtWork =
  | { readonly state: 'working'; readonly holder: string }
  /** Its Lease has no holder, or was not renewed for as long as it lasts. */
  | { readonly state: 'none'; readonly why: string }
  /** There is no Lease: none ever worked, or one works without it (`--leader-elect false`). */
  | { readonly state: 'unknown'; readonly why: string };

interface AtWorkDeps {
  readonly client: Pick<KubeClient, 'get' | 'list'>;
  readonly clock: Clock;
  /** azid's own. */
  readonly namespace: string;
  /** Of an azid without shards, and of the shard `default`. */
  readonly leaseName: string;
  readonly signal: AbortSignal;
}

/** A holder renews every 2 s. */
const POLL_MS = 1_000;
const DEFAULT_DURATION_MS = 15_000;

/**
 * Only a change that is observed from here counts, as for every candidate: the times in a Lease are another machine's. So a holder
 * that is alive is known within seconds, and one that died after the duration of its Lease.
 */
export async function controllerAtWork(deps: AtWorkDeps): Promise<AtWork> {
  const { leaseName, client, namespace, signal } = deps;
  const whole = await holderAtWork(deps);
  if (whole.state === 'working') return whole;
  // One shard may be down while another one works.
  const { items } = await client.list(leases, { namespace }, signal);
  const others = items
    .map(({ metadata }) => metadata.name)
    .filter((name) => name !== leaseName && isShardLease(name, leaseName));
  const states = await Promise.all(others.map((name) => holderAtWork({ ...deps, leaseName: name })));
  return states.find(({ state }) => state === 'working') ?? whole;
}

/** The same of one Lease alone. */
export async function holderAtWork({
  client,
  clock,
  namespace,
  leaseName,
  signal,
}: AtWorkDeps): Promise<AtWork> {
  const key = `${namespace}/${leaseName}`;
  const observed = new ObservedLease();
  let first: string | undefined;
  for (;;) {
    try {
      const lease = await client.get(leases, key, signal);
      observed.observe(lease, clock.monotonic(), DEFAULT_DURATION_MS);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return { state: 'unknown', why: `there is no Lease ${key}` };
    }
    const { holder } = observed;
    if (holder === '') return { state: 'none', why: `Lease ${key} is held by nobody` };
    const sign = JSON.stringify(observed.lease?.spec);
    first ??= sign;
    if (sign !== first) return { state: 'working', holder };
    if (!observed.heldByAnother('', clock.monotonic()))
      return { state: 'none', why: `Lease ${key} of ${holder} is not renewed any more` };
    await sleep(clock, POLL_MS, signal);
  }
}
