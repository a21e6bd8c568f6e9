import { atMost, scenario } from '../scenario.ts';
import { type Controller, pause } from '../stage/controller.ts';
import { editOf } from '../stage/edits.ts';
import { latenciesOf, quantileSeconds } from '../stage/latency.ts';
import { isThrottled, isWrite, Stage } from '../stage/stage.ts';
import { teamsFor } from '../stage/standing.ts';

/** How often the leader ends in each way; `AZID_BENCH_FAILOVERS` of the first. */
const KILLED = Number(process.env.AZID_BENCH_FAILOVERS ?? 20);
const STOPPED = 5;
const RESTARTED = 5;
const POD_UID = '5f0d3c1a-7b1e-4c5d-8a2f-6e9b0c4d2a11';
/** Longer than a follower needs to see a renewal, and no multiple of it: deaths come at all moments between two renewals. */
const BETWEEN_MS = 3_700;
const IDLE_MS = 120_000;

/** Two processes, and the one that leads ends; what takes its place is measured by the edit that waits. */
export const failover = scenario({
  name: 'failover',
  about: 'two controllers, the leader ends: from its end to the first ARM call for an edit that waits',
  limitMinutes: (objects) => 15 + (KILLED * 25) / 60 + objects / 500,
  figures: {
    killed: { name: 'kill -9: to the first call for an edit, median', unit: 's' },
    killedP99: { name: 'kill -9: to the first call for an edit, p99', unit: 's', target: atMost(16) },
    leads: { name: 'of it, from "became leader" to the first call, median', unit: 's' },
    leadsP99: { name: 'of it, from "became leader" to the first call, p99', unit: 's', target: atMost(1) },
    stopped: { name: 'SIGTERM: to the first call for an edit, median', unit: 's' },
    stoppedLongest: {
      name: 'SIGTERM: to the first call for an edit, the longest',
      unit: 's',
      target: atMost(3),
    },
    restarted: { name: 'kill -9, started anew in the same pod: to the first call, the longest', unit: 's' },
    standby: { name: 'reads of Azure by a follower in two idle minutes', unit: '', target: atMost(0) },
    throttled: { name: 'answers 429 in all', unit: '', target: atMost(0) },
    writes: { name: 'writes to Azure but for the edits', unit: '', target: atMost(0) },
  },
  async run({ objects, template, say, report }) {
    await using stage = await Stage.open({ template, objects, say });
    const teams = teamsFor(objects);
    const standing = await stage.restore(template, teams);
    const all = Array.from({ length: teams }, (_, n) => n);
    const since = stage.mark;
    let edits = 0;
    const about: ReturnType<typeof editOf>[] = [];
    const nextEdit = () => {
      // Of identities alone, and never the same one soon: a write to it may be under way.
      const edit = editOf(stage, standing, all, 3 * edits++);
      about.push(edit);
      return edit;
    };

    let leader = await stage.start();
    await leader.settled();
    let follower = await stage.start();
    await follower.synced();
    const idle = stage.mark;
    await pause(IDLE_MS);
    // Of those two minutes' calls the leader alone made as many as it would without a follower.
    report('standby', await follower.azureCalls());
    say(`${stage.calls(idle).length} calls of both in ${IDLE_MS / 1_000} s`);

    /** Ends the leader, edits, and waits for the edit's first call; another one is started for the next time. */
    const once = async (end: (leader: Controller) => Promise<void>) => {
      const endedAt = Date.now();
      const ended = end(leader);
      const [, seen] = await Promise.all([ended, latenciesOf(stage, [nextEdit()], { apartMs: 0 })]);
      const acceptedAt = seen.accepted[0] ?? Number.NaN;
      const calledAt = acceptedAt + (seen.first[0] ?? Number.NaN);
      await follower.working();
      const becameAt = await follower.becameLeaderAt();
      leader = follower;
      follower = await stage.start();
      await follower.synced();
      await pause(BETWEEN_MS);
      return { total: calledAt - endedAt, leads: Math.max(0, calledAt - becameAt) };
    };
    const many = async (count: number, end: (leader: Controller) => Promise<void>) => {
      const times: Awaited<ReturnType<typeof once>>[] = [];
      for (let n = 0; n < count; n++) {
        const time = await once(end);
        say(`${n + 1} of ${count}: ${time.total} ms, ${time.leads} ms of it as leader`);
        times.push(time);
      }
      const sorted = (of: 'total' | 'leads') => times.map((each) => each[of]).sort((a, b) => a - b);
      return { total: sorted('total'), leads: sorted('leads') };
    };

    const killed = await many(KILLED, (process) => process.kill());
    report('killed', quantileSeconds(killed.total, 0.5));
    report('killedP99', quantileSeconds(killed.total, 0.99));
    report('leads', quantileSeconds(killed.leads, 0.5));
    report('leadsP99', quantileSeconds(killed.leads, 0.99));
    const stopped = await many(STOPPED, (process) => process.stop());
    report('stopped', quantileSeconds(stopped.total, 0.5));
    report('stoppedLongest', quantileSeconds(stopped.total, 1));
    await follower.stop();
    await leader.stop();

    // One replica whose container is started anew, as the kubelet does: no other one waits.
    let only = await stage.start({ 'pod-uid': POD_UID });
    await only.working();
    const restarted: number[] = [];
    for (let n = 0; n < RESTARTED; n++) {
      await pause(BETWEEN_MS);
      const endedAt = Date.now();
      await only.kill();
      only = await stage.start({ 'pod-uid': POD_UID });
      const seen = await latenciesOf(stage, [nextEdit()], { apartMs: 0 });
      restarted.push((seen.accepted[0] ?? Number.NaN) + (seen.first[0] ?? Number.NaN) - endedAt);
      await only.working();
    }
    report(
      'restarted',
      quantileSeconds(
        restarted.sort((a, b) => a - b),
        1,
      ),
    );
    await only.settled();
    const calls = stage.calls(since);
    report('throttled', calls.filter(isThrottled).length);
    const other = calls
      .filter(isWrite)
      .filter(({ path }) => !about.some(({ isAbout }) => isAbout(path.toLowerCase())));
    for (const { method, path } of other) say(`write: ${method} ${path}`);
    report('writes', other.length);
  },
});
