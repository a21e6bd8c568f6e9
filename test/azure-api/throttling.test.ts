import { describe, expect, it } from 'vitest';
import type { LoggedRequest } from '../../src/simulator/http/request-log.ts';
import { useStage } from '../support/stage.ts';
import { conditionOf } from '../support/status/conformance.ts';
import { SUBSCRIPTION } from '../support/testbed.ts';

/** Times are those of the request log, on the fake clock (docs/guarantees.md G12). */
const stage = useStage();
const OTHER = '99999999-2222-4333-8444-555555555555';

const secondsBetween = (a: LoggedRequest | undefined, b: LoggedRequest | undefined) =>
  (Date.parse(b?.time ?? '') - Date.parse(a?.time ?? '')) / 1_000;
const puts = () => stage.requests().filter(({ method }) => method === 'PUT');

describe('a 429', () => {
  it('is obeyed to the second it names, and shows in the status', async () => {
    const effect = { kind: 'status', status: 429, retryAfterSeconds: 120 } as const;
    stage.world.azure.control.addFault({ method: 'PUT', count: 1, effect });
    await stage.world.start();
    await stage.declare('web');
    await stage.reach('web', 'working', 'throttled', (object) => {
      return conditionOf(object, 'Ready')?.reason === 'Throttled';
    });
    await stage.ready('web');
    const [first, second] = puts();
    expect(secondsBetween(first, second)).toBeGreaterThanOrEqual(120);
    expect(secondsBetween(first, second)).toBeLessThan(240);
  });

  it('without Retry-After means 30 s', async () => {
    const effect = { kind: 'status', status: 429 } as const;
    stage.world.azure.control.addFault({ method: 'PUT', count: 1, effect });
    await stage.world.start();
    await stage.declare('web');
    await stage.ready('web');
    const [first, second] = puts();
    expect(secondsBetween(first, second)).toBeGreaterThanOrEqual(30);
  });

  it('that gives a date is obeyed too', async () => {
    const effect = { kind: 'status', status: 429, retryAfterDateSeconds: 90 } as const;
    stage.world.azure.control.addFault({ method: 'PUT', count: 1, effect });
    await stage.world.start();
    await stage.declare('web');
    await stage.ready('web');
    const [first, second] = puts();
    // A date has whole seconds.
    expect(secondsBetween(first, second)).toBeGreaterThanOrEqual(89);
  });

  it('holds back its subscription for all objects, and no other subscription', async () => {
    stage.world.addSubscription(OTHER);
    await stage.policy(stage.namespace, {
      identities: { scopes: [`/subscriptions/${SUBSCRIPTION}`, `/subscriptions/${OTHER}`] },
    });
    const effect = { kind: 'status', status: 429, retryAfterSeconds: 900 } as const;
    stage.world.azure.control.addFault({ method: 'PUT', path: SUBSCRIPTION, count: 1, effect });
    await stage.world.start();
    await stage.declare('one');
    await stage.world.until('the 429', () => puts().some(({ status }) => status === 429));
    await stage.declare('two');
    await stage.declare('else', { subscriptionId: OTHER });
    await stage.ready('else');
    expect(puts().filter(({ path }) => path.includes(SUBSCRIPTION))).toHaveLength(1);
    await stage.ready('one');
    await stage.ready('two');
    const [first, ...later] = puts().filter(({ path }) => path.includes(SUBSCRIPTION));
    for (const each of later) expect(secondsBetween(first, each)).toBeGreaterThanOrEqual(900);
  });

  it('holds up nobody else, though more objects wait for it than azid has workers', async () => {
    stage.world.addSubscription(OTHER);
    await stage.policy(stage.namespace, {
      identities: { scopes: [`/subscriptions/${SUBSCRIPTION}`, `/subscriptions/${OTHER}`] },
    });
    const effect = { kind: 'status', status: 429, retryAfterSeconds: 900 } as const;
    stage.world.azure.control.addFault({ method: 'PUT', path: SUBSCRIPTION, count: 1, effect });
    await stage.world.start({ workers: 2 });
    const names = Array.from({ length: 6 }, (_, i) => `web-${i}`);
    for (const name of names) await stage.declare(name);
    await stage.world.until('the 429', () => puts().some(({ status }) => status === 429));
    await stage.declare('else', { subscriptionId: OTHER });
    await stage.ready('else');
    const refused = puts().find(({ status }) => status === 429);
    const other = puts().find(({ path }) => path.includes(OTHER));
    expect(secondsBetween(refused, other)).toBeLessThan(60);
    // What comes next in the closed subscription comes no earlier than told, however slow this machine is.
    const later = puts()
      .filter(({ path }) => path.includes(SUBSCRIPTION))
      .map((each) => secondsBetween(refused, each))
      // One may have been on its way when the other was refused.
      .filter((seconds) => seconds > 1);
    for (const seconds of later) expect(seconds).toBeGreaterThanOrEqual(899);
    for (const name of names) await stage.ready(name);
    expect(puts().filter(({ status }) => status === 201)).toHaveLength(7);
  });

  it('in a storm is met with few calls, and work is done when it ends', async () => {
    const effect = { kind: 'status', status: 429, retryAfterSeconds: 20 } as const;
    await stage.world.start();
    const names = Array.from({ length: 10 }, (_, i) => `web-${i}`);
    stage.world.azure.control.addFault({ method: 'PUT', effect });
    await Promise.all(names.map((name) => stage.declare(name)));
    await stage.world.until('the storm', () => puts().length > 0);
    await stage.world.elapse(120_000);
    const during = puts();
    // No rate-limit scope opens within 20 s of a refusal: what is sent together then, ten at most, is refused together.
    const waves = during.filter((each, i) => i === 0 || secondsBetween(during[i - 1], each) >= 19.9);
    expect(waves.length).toBeLessThanOrEqual(7);
    stage.world.azure.control.clearFaults({});
    for (const name of names) await stage.ready(name);
    expect(puts().filter(({ status }) => status === 201)).toHaveLength(10);
  });
});

describe("Azure's own buckets", () => {
  it('are never overrun: 60 identities at once, no 429', async () => {
    stage.world.azure.control.setKnobs({ throttling: { arm: true, identityProvider: true } });
    await stage.world.start();
    const names = Array.from({ length: 60 }, (_, i) => `web-${i}`);
    await Promise.all(names.map((name) => stage.declare(name)));
    for (const name of names) await stage.ready(name);
    expect(stage.requests().filter(({ status }) => status === 429)).toEqual([]);
    expect(puts()).toHaveLength(60);
  });
});
