import { describe, expect, it } from 'vitest';
import type { Fault } from '../../src/simulator/faults.ts';
import { sampleOf } from '../support/sample.ts';
import { useStage } from '../support/stage.ts';
import { conditionOf } from '../support/status/conformance.ts';

/** What Azure's failures come to: one identity, made once, however the call that made it ended. */
const stage = useStage();

function fault(method: 'GET' | 'PUT' | 'DELETE', effect: Fault['effect'], count = 1): void {
  stage.world.azure.control.addFault({ method, path: '/web', caller: 'controller', count, effect });
}

async function madeOnce(): Promise<void> {
  const { status } = await stage.ready('web');
  await stage.world.pass(10 * 60_000);
  expect(stage.inAzure('web')?.principalId).toBe(status?.principalId);
  expect(
    stage.requests().filter(({ method, status }) => method === 'PUT' && status === 201).length,
  ).toBeLessThan(2);
}

describe('a PUT', () => {
  const nothingDone: [string, Fault['effect']][] = [
    ['that gets a 500', { kind: 'status', status: 500 }],
    ['that gets a 503 with Retry-After', { kind: 'status', status: 503, retryAfterSeconds: 20 }],
    ['that gets a 409 of a pending delete', { kind: 'status', status: 409, code: 'Conflict' }],
    ['whose connection is reset', { kind: 'reset', when: 'before' }],
    ['that is never answered', { kind: 'silence', when: 'before' }],
  ];
  it.each(sampleOf(nothingDone, 3, 'a PUT that did nothing'))(
    '%s, and did nothing, is made again',
    async (_, effect) => {
      fault('PUT', effect);
      await stage.world.start();
      await stage.declare('web');
      await madeOnce();
      expect(stage.writes()).toEqual(['PUT web', 'PUT web']);
    },
  );

  const done: [string, Fault['effect']][] = [
    ['that gets a 500', { kind: 'status', status: 500, when: 'after' }],
    ['whose connection is reset', { kind: 'reset', when: 'after' }],
    ['that is never answered', { kind: 'silence', when: 'after' }],
    ['whose answer is cut in half', { kind: 'truncate' }],
  ];
  it.each(sampleOf(done, 2, 'a PUT that took effect'))(
    '%s, yet took effect, is not made again',
    async (_, effect) => {
      fault('PUT', effect);
      await stage.world.start();
      await stage.declare('web');
      await madeOnce();
      expect(stage.writes()).toEqual(['PUT web']);
    },
  );

  it('that fails again and again is tried a bounded number of times, and says why', async () => {
    fault('PUT', { kind: 'status', status: 500 }, 1_000);
    await stage.world.start({ azureLagMs: 120_000 });
    await stage.declare('web');
    const failing = await stage.reach(
      'web',
      'working',
      'retrying',
      (object) => conditionOf(object, 'Ready')?.reason === 'AzureUnavailable',
    );
    expect(conditionOf(failing, 'Ready')?.message).toContain('InternalServerError');
    await stage.world.pass(30 * 60_000);
    // A 500 may have acted: only after Azure's lag does a 404 prove that it did not.
    expect(stage.writes().length).toBeLessThanOrEqual(16);
    stage.world.azure.control.clearFaults({});
    await stage.ready('web');
  });
});

describe('a GET', () => {
  const proofless: [string, Fault['effect']][] = [
    ['a 500', { kind: 'status', status: 500 }],
    [
      'a 404 without a known code',
      { kind: 'status', status: 404, code: 'NotFound', message: 'nothing here' },
    ],
    ['no answer', { kind: 'silence' }],
    ['half an answer', { kind: 'truncate' }],
  ];
  it.each(sampleOf(proofless, 2, 'a GET'))(
    'with %s proves no absence: nothing is made',
    async (_, effect) => {
      await stage.world.start();
      await stage.declare('web');
      const { status } = await stage.ready('web');
      // Past Azure's lag: nothing but this answer speaks of the identity now.
      await stage.settled(60_000);
      const before = stage.mark;
      fault('GET', effect, 2);
      await stage.annotate('web', { 'azid.dev/reconcile-requested-at': 'now' });
      await stage.ready('web', (object) => object.status?.lastHandledReconcileAt === 'now');
      await stage.world.pass(10 * 60_000);
      expect(stage.inAzure('web')?.principalId).toBe(status?.principalId);
      expect(stage.writes(before)).toEqual([]);
    },
  );
});

describe('a DELETE', () => {
  it.each<[string, Fault['effect']]>([
    ['a 500', { kind: 'status', status: 500 }],
    ['a reset connection', { kind: 'reset', when: 'before' }],
    ['no answer', { kind: 'silence', when: 'before' }],
  ])('that ends with %s keeps the object until the identity is gone', async (_, effect) => {
    await stage.world.start();
    await stage.declare('web');
    await stage.ready('web');
    fault('DELETE', effect, 3);
    await stage.delete('web');
    await stage.reach('web', 'deleting', 'still there', ({ status }) => {
      return status?.conditions?.some(({ reason }) => reason.startsWith('Azure')) ?? false;
    });
    expect(stage.inAzure('web')).toBeDefined();
    await stage.gone('web');
    expect(stage.inAzure('web')).toBeUndefined();
  });

  it.each<[string, Fault['effect']]>([
    ['a reset connection', { kind: 'reset', when: 'after' }],
    ['no answer', { kind: 'silence', when: 'after' }],
  ])('that took effect and ended with %s lets the object go', async (_, effect) => {
    await stage.world.start();
    await stage.declare('web');
    await stage.ready('web');
    fault('DELETE', effect);
    await stage.delete('web');
    await stage.gone('web');
    expect(stage.inAzure('web')).toBeUndefined();
  });
});
