import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import type { Applied } from '../../src/kube/client.ts';
import { SUBSCRIPTION } from '../../test/support/testbed.ts';
import { atMost, scenario } from '../scenario.ts';
import { applyAll } from '../stage/apply.ts';
import { pause } from '../stage/controller.ts';
import { latenciesOf, quantileSeconds } from '../stage/latency.ts';
import { isThrottled, Stage } from '../stage/stage.ts';
import { isReady } from '../stage/template.ts';

const [MANY, FEW] = ['team-many', 'team-few'];
const API = { apiVersion: 'azid.dev/v1alpha1' };
const EDITS = 20;
const APART_MS = 2_000;
const LOOK_MS = 10;
/** What the provider of identities takes at once; when more are made, the rest waits for its rate limit. */
const AT_ONCE = 18;

/** At 10,000 objects one team has 2,000 identities to make; with fewer in proportion, but enough for a backlog to stand. */
const manyFor = (objects: number) => Math.min(2_000, Math.max(150, Math.round(objects / 5)));

export const twoTeams = scenario({
  name: 'two-teams',
  about: "another team's edits and new objects while one team has many identities to make",
  limitMinutes: () => 12,
  figures: {
    many: { name: 'identities that the one team has to make', unit: '' },
    made: { name: 'of which were made at the first edit, and', unit: '' },
    madeAtEnd: { name: 'of which were made at the last edit', unit: '' },
    edit: { name: 'edit of the other team to first ARM call, median', unit: 's' },
    editP99: {
      name: 'edit of the other team to first ARM call, the longest of 20',
      unit: 's',
      target: atMost(1),
    },
    write: { name: 'edit of the other team to its write, median', unit: 's' },
    condition: { name: 'new object of the other team to its first condition, median', unit: 's' },
    conditionMost: {
      name: 'new object of the other team to its first condition, the longest of 20',
      unit: 's',
      target: atMost(1),
    },
    throttled: { name: 'answers 429', unit: '', target: atMost(0) },
  },
  async run({ objects, template, say, report }) {
    await using stage = await Stage.open({ template, objects: 0, say });
    const { cluster } = stage;
    const many = manyFor(objects);
    await applyAll(cluster, [namespace(MANY), namespace(FEW)]);
    await applyAll(cluster, [policy()]);
    const edited = Array.from({ length: EDITS }, (_, n) => identity(FEW, `edited-${n}`));
    await applyAll(cluster, edited);
    const controller = await stage.start();
    const readyOnes = async () => (await cluster.list(userAssignedIdentity.resource)).filter(isReady).length;
    while ((await readyOnes()) < EDITS) {
      await controller.alive();
      await pause(500);
    }
    // The bucket of the provider is full again.
    await pause(15_000);
    const since = stage.mark;
    const made = () =>
      stage.calls(since).filter(({ method, path }) => method === 'PUT' && path.includes(`/${MANY}-`)).length;
    await applyAll(
      cluster,
      Array.from({ length: many }, (_, n) => identity(MANY, `${MANY}-${n}`)),
    );
    while (made() <= AT_ONCE + 8) {
      await controller.alive();
      await pause(100);
    }
    report('many', many);
    report('made', made());

    const conditions: Promise<number>[] = [];
    const seen = await latenciesOf(
      stage,
      edited.map(({ metadata: { name } }, n) => ({
        what: `tag of ${name}`,
        async send() {
          await cluster.patch(userAssignedIdentity.resource, `${FEW}/${name}`, {
            spec: { tags: { edited: 'yes' } },
          });
          conditions.push(firstCondition(stage, `new-${n}`));
        },
        isAbout: (path) => path.split('?')[0]?.endsWith(`/${name}`) ?? false,
      })),
      { apartMs: APART_MS, writes: false },
    );
    report('madeAtEnd', made());
    report('edit', quantileSeconds(seen.first, 0.5));
    report('editP99', quantileSeconds(seen.first, 1));
    report('write', quantileSeconds(seen.write, 0.5));
    const told = (await Promise.all(conditions)).sort((a, b) => a - b);
    report('condition', quantileSeconds(told, 0.5));
    report('conditionMost', quantileSeconds(told, 1));
    report('throttled', stage.calls(since).filter(isThrottled).length);
  },
});

/** Ms from the acceptance of a new identity until somebody who reads it sees a condition. */
async function firstCondition({ cluster }: Stage, name: string): Promise<number> {
  await cluster.apply(identity(FEW, name));
  const accepted = performance.now();
  for (;;) {
    const object = await cluster.get(userAssignedIdentity.resource, `${FEW}/${name}`);
    if (object?.status?.conditions?.length) return performance.now() - accepted;
    await pause(LOOK_MS);
  }
}

function namespace(name: string): Applied {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

function policy(): Applied {
  return {
    ...API,
    kind: 'IdentityPolicy',
    metadata: { name: 'two-teams' },
    spec: {
      namespaces: { names: [MANY, FEW] },
      identities: { scopes: [`/subscriptions/${SUBSCRIPTION}/resourceGroups/azid-system`] },
      defaults: { subscriptionId: SUBSCRIPTION, resourceGroup: 'azid-system', location: 'westeurope' },
    },
  };
}

function identity(of: string, name: string): Applied {
  return {
    ...API,
    kind: 'UserAssignedIdentity',
    metadata: { namespace: of, name },
    spec: { name },
  };
}
