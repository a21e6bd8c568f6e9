import { expect, it } from 'vitest';
import { Metrics } from './metrics.ts';

it('counts candidates by what they are and become, deletions, and the age of the last run', async () => {
  const metrics = new Metrics({ process: false });
  expect(await metrics.text()).not.toMatch(/^azid_orphan\w*\{/m);
  const lost = { type: 'Identity', reason: 'OwnerGone', verdict: 'Kept' };
  metrics.orphans.sweeps(() => [
    { sweep: 'all', ageMs: 60_000, candidates: [lost, lost] },
    { sweep: 'new', ageMs: undefined, candidates: [] },
  ]);
  metrics.orphans.deleted('Identity');
  const text = await metrics.text();
  expect(text).toContain('azid_orphans{type="Identity",reason="OwnerGone",verdict="Kept"} 2');
  expect(text).toContain('azid_orphan_deletions_total{type="Identity"} 1');
  expect(text).toContain('azid_orphan_run_age_seconds{sweep="all"} 60');
  expect(text).toContain('azid_orphan_run_age_seconds{sweep="new"} +Inf');
});
