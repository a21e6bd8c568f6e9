import { expect, it } from 'vitest';
import { MEETINGS, orders, runAll, SEED } from './interleavings.fixture.ts';
import { Tally } from './sweeper.fixture.ts';

it('all orders are there, each once', () => {
  expect(orders([2, 1]).map((order) => order.join(''))).toEqual(['001', '010', '100']);
  expect(new Set(orders([4, 3, 1]).map(String)).size).toBe(280);
});

it('in no order of a sweep, a reconcile and somebody outside does a deletion meet what lives', {
  timeout: 1_800_000,
}, () => {
  const tally = new Tally();
  const count = runAll(tally);
  process.stdout.write(`orphans: ${count} orders from seed ${SEED}: ${tally.text()}\n`);
  expect(count).toBeGreaterThan(10_000 * MEETINGS);
  expect(tally.counts.get('deleted')).toBeGreaterThan(count / 100);
});
