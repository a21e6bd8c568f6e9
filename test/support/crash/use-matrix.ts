import { afterAll, beforeAll, expect, it } from 'vitest';
import { isFull } from '../../../src/runtime/volume.fixture.ts';
import { Cluster } from '../testbed.ts';
import { matrix } from './matrix.ts';
import type { Scenario } from './scenario.ts';

/** Of one scenario; in full it may have two hundred plans and more. */
const LIMIT_MS = isFull ? 3_600_000 : 600_000;

/** One test per scenario; each file has an API server of its own, so that files run side by side. */
export function useMatrix(scenarios: readonly Scenario[]): void {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start();
  });
  afterAll(() => cluster?.stop());
  for (const scenario of scenarios) {
    it(`${scenario.name}: ends the same under every plan`, { timeout: LIMIT_MS }, async () => {
      const started = performance.now();
      const { plans, of, passed, sample, failures, unstable, unmet } = await matrix(cluster, scenario);
      const seconds = ((performance.now() - started) / 1_000).toFixed(1);
      const all = sample === 'full' ? '' : ` (sample ${sample} of ${of})`;
      const also = [
        unstable.length > 0 ? `; not disturbed, as they come and go: ${unstable.join(', ')}` : '',
        unmet.length > 0 ? `; not met, as their point did not come: ${unmet.join(', ')}` : '',
      ].join('');
      process.stdout.write(
        `crash matrix: ${scenario.name}: ${passed} of ${plans} plans${all} in ${seconds} s${also}\n`,
      );
      expect(failures.join('\n'), `${failures.length} of ${plans} plans failed`).toBe('');
    });
  }
}
