import { roleGrant } from '../../src/api/role-grant.ts';
import { grantsOf, IDENTITIES, ROLES } from '../../test/support/load/team.ts';
import type { Legacy } from '../../test/support/takeover.ts';
import { atMost, scenario } from '../scenario.ts';
import { applyAll } from '../stage/apply.ts';
import { callKinds } from '../stage/call-kinds.ts';
import { pause } from '../stage/controller.ts';
import { isThrottled, isWrite, Stage } from '../stage/stage.ts';
import { isReady } from '../stage/template.ts';

const EACH = IDENTITIES * ROLES.length;
const MOST = 2_000;
const LOOK_MS = 1_000;

const grantsFor = (objects: number) => Math.ceil(Math.min(MOST, objects) / EACH) * EACH;
/** Azure's bucket of writes of a subscription and caller: 200 at once, then 10 a second (docs/azure-facts.md section 9). */
const boundSeconds = (grants: number) => Math.max(0, (grants - 200) / 10);

export const grants = scenario({
  name: 'grants',
  about: 'grants from cold, one subscription: identities are there, no assignment is',
  limitMinutes: (objects) => 8 + grantsFor(objects) / 200,
  figures: {
    count: { name: 'grants', unit: '' },
    bound: { name: "bound of Azure's bucket of writes", unit: 's' },
    took: {
      name: 'until the last is Ready',
      unit: 's',
      // Fewer are so soon past the bucket that the 4.9 s of one call would count for more than azid.
      target: (objects) => (objects >= MOST ? 1.2 * boundSeconds(grantsFor(objects)) : undefined),
    },
    throttled: { name: 'answers 429', unit: '', target: atMost(0) },
    writes: { name: 'writes to Azure', unit: '', target: (objects) => grantsFor(objects) },
    reads: { name: 'reads of Azure', unit: '' },
    highest: { name: 'memory, highest', unit: 'MiB' },
  },
  async run({ objects, template, say, report }) {
    await using stage = await Stage.open({ template, objects: 0, say });
    const { cluster } = stage;
    const count = grantsFor(objects);
    report('count', count);
    report('bound', boundSeconds(count));
    const teams = count / EACH;
    await stage.restore(identitiesAlone(template), teams);
    const all = Array.from({ length: teams }, (_, n) =>
      grantsOf({ namespace: `team-${n}`, resourceGroup: `rg-${n}` }, EACH),
    ).flat();
    await applyAll(cluster, all);
    const since = stage.mark;
    const startedAt = performance.now();
    const controller = await stage.start();
    const answered = () => stage.calls(since).filter((each) => isWrite(each) && each.status !== 0).length;
    const ready = async () => (await cluster.list(roleGrant.resource)).filter(isReady).length;
    while (answered() < count || (await ready()) < count) {
      await controller.alive();
      await pause(LOOK_MS);
    }
    report('took', (performance.now() - startedAt) / 1_000);
    const calls = stage.calls(since);
    report('throttled', calls.filter(isThrottled).length);
    report('writes', calls.filter(isWrite).length);
    report('reads', calls.filter((each) => !isWrite(each)).length);
    say(`calls: ${callKinds(calls)}`);
    report('highest', (await controller.memory()).highest);
  },
});

/** The identities' own limit, 2 writes a second, would be measured else. */
function identitiesAlone(template: Legacy): Legacy {
  const KEPT = ['UserAssignedIdentity', 'IdentityPolicy', 'Namespace', 'ConfigMap'];
  return {
    ...template,
    kubernetes: template.kubernetes.filter(({ kind }) => KEPT.includes(kind ?? '')),
    azure: { ...template.azure, credentials: [], assignments: [], hosts: [] },
  };
}
