import { expect, it } from 'vitest';
import { GrantStage } from '../support/kinds/grants.ts';
import { filesPassed } from '../support/passed-files.ts';
import type { World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/** What a reader has to open who follows an edit: docs/design/2026-11-28-kinds-as-values.md. */

/** Of the folders of kinds and policies, where 41 were counted; and of the whole product, where 134 were. */
const MOST_OF_KINDS = 43;
const MOST = 142;

let world: World;
let stage: GrantStage;
useWorld(async (own) => {
  ({ world } = own);
  stage = new GrantStage(own.cluster, world);
  await stage.prepare();
});

it('an edited grant passes a bounded number of files, from its event to its status', async () => {
  await stage.declare('read', { description: 'Before.' });
  await world.start();
  await stage.ready('read');
  await world.pass(5 * 60_000);
  const passed = await filesPassed(async () => {
    await stage.edit('read', 'After.');
    await stage.ready('read');
  });
  const ofKinds = passed.filter((path) => /^src\/(reconcilers|policy)\//.test(path));
  expect(ofKinds).toContain('src/reconcilers/role-grant/decide.ts');
  expect(ofKinds.length, `more than before:\n${ofKinds.join('\n')}`).toBeLessThanOrEqual(MOST_OF_KINDS);
  // Probes, Leases and metrics that fall into this time count as well, so the bound leaves some room.
  expect(passed.length, `more than before:\n${passed.join('\n')}`).toBeLessThanOrEqual(MOST);
});
