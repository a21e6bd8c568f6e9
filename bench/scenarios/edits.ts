import { identityPolicy } from '../../src/api/identity-policy.ts';
import type { Legacy } from '../../test/support/takeover.ts';
import { atMost, scenario } from '../scenario.ts';
import { pause } from '../stage/controller.ts';
import { editOf } from '../stage/edits.ts';
import { latenciesOf, quantileSeconds } from '../stage/latency.ts';
import { isThrottled, isWrite, Stage } from '../stage/stage.ts';
import { teamsFor } from '../stage/standing.ts';

const EDITS = 120;
const APART_MS = 250;
/** Of the teams, so many lose what azid gave them: at 10,000 objects that makes 5,000 writes. */
const DRIFTED = 3 / 4;
/** The flag's least value: all lists of Azure, over and over. */
const RESYNC_S = 10;
const RECONCILED_AGAIN_MS = 10_000;

export const edits = scenario({
  name: 'edits',
  about:
    'from the acceptance of an edit to its first ARM call, while all objects resync and while many writes wait',
  limitMinutes: (objects) => 12 + objects / 500,
  figures: {
    resync: { name: 'all objects resync: edit to first ARM call, median', unit: 's' },
    resyncP99: { name: 'all objects resync: edit to first ARM call, p99', unit: 's', target: atMost(1) },
    resyncLists: { name: 'all objects resync: pages and reads of Azure in that time', unit: '' },
    writes: { name: 'many writes wait: edit to first ARM call, median', unit: 's' },
    writesP99: { name: 'many writes wait: edit to first ARM call, p99', unit: 's', target: atMost(1) },
    writesWrite: { name: 'many writes wait: edit to its first write, median', unit: 's' },
    waiting: { name: 'many writes wait: how many at the first edit', unit: '' },
    stillWaiting: { name: 'many writes wait: how many at the last edit', unit: '' },
    throttled: { name: 'answers 429 in all', unit: '', target: atMost(0) },
    ownDelay: { name: "the benchmark's own lateness meanwhile, p99", unit: 's' },
  },
  async run({ objects, template, say, report }) {
    await using stage = await Stage.open({ template, objects, say });
    const teams = teamsFor(objects);
    const standing = await stage.restore(template, teams);
    const controller = await stage.start({ 'resync-interval': `${RESYNC_S}s` });
    await controller.drained();
    const since = stage.mark;
    const drifted = Math.max(1, Math.floor(teams * DRIFTED));
    const calm = Array.from({ length: teams - drifted }, (_, n) => drifted + n);
    const some = (from: number) =>
      Array.from({ length: EDITS }, (_, nth) => editOf(stage, standing, calm, from + nth));

    const resyncing = stage.mark;
    const stop = new AbortController();
    const again = reconcileAllOver(stage, teams, stop.signal);
    const resync = await latenciesOf(stage, some(0), { apartMs: APART_MS, writes: false });
    stop.abort();
    await again;
    report('resync', quantileSeconds(resync.first, 0.5));
    report('resyncP99', quantileSeconds(resync.first, 0.99));
    report('resyncLists', stage.calls(resyncing).filter((each) => !isWrite(each)).length);
    await controller.drained();

    const lost = drift(stage, standing, drifted);
    const drifting = stage.mark;
    const waiting = () => lost - stage.calls(drifting).filter(isWrite).length;
    say(`${lost} things are not as declared any more`);
    // Found by the next lists, and being repaired.
    while (waiting() > lost - 10) {
      await controller.alive();
      await pause(100);
    }
    report('waiting', waiting());
    const backlog = await latenciesOf(stage, some(EDITS), { apartMs: APART_MS, writes: false });
    report('stillWaiting', waiting());
    report('writes', quantileSeconds(backlog.first, 0.5));
    report('writesP99', quantileSeconds(backlog.first, 0.99));
    report('writesWrite', quantileSeconds(backlog.write, 0.5));
    report('throttled', stage.calls(since).filter(isThrottled).length);
    report('ownDelay', Math.max(resync.ownDelayMs, backlog.ownDelayMs) / 1_000);
    await controller.alive();
  },
});

/** Every policy is edited each ten seconds, which enqueues all objects of its namespaces, none of them as an edit. */
async function reconcileAllOver(stage: Stage, teams: number, stop: AbortSignal): Promise<void> {
  for (let round = 0; !stop.aborted; round++) {
    for (let n = 0; n < teams && !stop.aborted; n++)
      await stage.cluster.patch(identityPolicy.resource, `team-${n}`, {
        spec: {
          systemAssigned: [
            { types: ['*'], scopes: [`/subscriptions/${stage.subscriptions[0]}`], adopt: round % 2 === 0 },
          ],
        },
      });
    await pause(RECONCILED_AGAIN_MS);
  }
}

/** Tags and assignments of the first teams go behind azid's back, without an event or a record; how many things. */
function drift({ azure: { control } }: Stage, { azure }: Legacy, teams: number): number {
  let lost = 0;
  for (const { id, resourceGroup, tags, principalId } of azure.identities) {
    if (Number(resourceGroup.replace('rg-', '')) >= teams) continue;
    const { app: _, ...kept } = tags;
    control.tagIdentity({ id, tags: kept });
    lost += 1 + control.dropRights({ principalId }).dropped;
  }
  return lost;
}
