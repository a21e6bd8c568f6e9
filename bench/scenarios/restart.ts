import { atMost, scenario } from '../scenario.ts';
import { pause } from '../stage/controller.ts';
import { editOf } from '../stage/edits.ts';
import { latenciesOf, quantileSeconds } from '../stage/latency.ts';
import { isThrottled, isWrite, Stage } from '../stage/stage.ts';
import { teamsFor } from '../stage/standing.ts';

const EDITS = 30;
const APART_MS = 500;

/** Started twice on objects that are in order: the first start is measured in memory, the second in calls, with edits meanwhile. */
export const restart = scenario({
  name: 'restart',
  about: 'start on objects that are in order: memory, calls, writes, 429, and edits meanwhile',
  limitMinutes: (objects) => 10 + objects / 500,
  figures: {
    resident: {
      name: 'resident at that number of objects, all reconciled',
      unit: 'MiB',
      target: atMost(256),
    },
    highest: { name: 'highest until then', unit: 'MiB' },
    cpu: { name: 'CPU until all are reconciled', unit: 's' },
    working: { name: 'from the start of the process to the Lease and full caches', unit: 's' },
    reads: { name: 'restart: reads of Azure until all are reconciled', unit: '' },
    writes: { name: 'restart: writes to Azure but for the edits', unit: '', target: atMost(0) },
    throttled: { name: 'restart: answers 429', unit: '', target: atMost(0) },
    edit: { name: 'restart: edit to first ARM call, median', unit: 's' },
    editP99: { name: 'restart: edit to first ARM call, p99', unit: 's', target: atMost(1) },
    ownDelay: { name: "the benchmark's own lateness meanwhile, p99", unit: 's' },
  },
  async run({ objects, template, say, report }) {
    await using stage = await Stage.open({ template, objects, say });
    const teams = teamsFor(objects);
    const standing = await stage.restore(template, teams);
    say(`${standing.kubernetes.length} objects of all kinds are there`);
    const first = await stage.start();
    await first.settled();
    const { resident, highest } = await first.memory();
    report('resident', resident);
    report('highest', highest);
    report('cpu', (await first.cpuMs()) / 1_000);
    await first.stop();
    // What the first one took from the buckets is no matter of the second.
    await pause(20_000);

    const since = stage.mark;
    const startedAt = performance.now();
    const second = await stage.start();
    await second.working();
    report('working', (performance.now() - startedAt) / 1_000);
    const all = Array.from({ length: teams }, (_, n) => n);
    const edits = Array.from({ length: EDITS }, (_, nth) => editOf(stage, standing, all, nth));
    const seen = await latenciesOf(stage, edits, { apartMs: APART_MS });
    report('edit', quantileSeconds(seen.first, 0.5));
    report('editP99', quantileSeconds(seen.first, 0.99));
    report('ownDelay', seen.ownDelayMs / 1_000);
    await second.settled();
    const calls = stage.calls(since);
    const other = calls
      .filter(isWrite)
      .filter(({ path }) => !edits.some(({ isAbout }) => isAbout(path.toLowerCase())));
    for (const { method, path } of other) say(`write: ${method} ${path}`);
    report('writes', other.length);
    report('reads', calls.filter((each) => !isWrite(each)).length);
    report('throttled', calls.filter(isThrottled).length);
  },
});
