/**
 * One team with all its objects in order, as today's azid leaves them, in Kubernetes and in Azure: what `copies.ts` makes many of.
 * Made in seconds, since time is moved; nothing of it is measured.
 */
import { KINDS } from '../../src/api/index.ts';
import { configMaps, namespaces } from '../../src/kube/builtin.ts';
import type { Condition, KubeObject, Resource } from '../../src/kube/types.ts';
import { groundOf, makeMachines, objectsOf, type Team } from '../../test/support/load/team.ts';
import type { Legacy } from '../../test/support/takeover.ts';
import { Cluster, World } from '../../test/support/testbed.ts';
import { applyAll } from './apply.ts';

const TEAM: Team = { namespace: 'team-a', resourceGroup: 'rg1' };
const HOUR_MS = 3_600_000;
/** Until a grant counts as propagated, and every list has been repeated. */
const SETTLED_MS = 30 * 60_000;
const LIMIT_MS = 5 * 60_000;
export const CLUSTER_ISSUER = 'https://issuer.example.org/cluster';

export async function makeTemplate(): Promise<Legacy> {
  const cluster = await Cluster.start({ own: true });
  try {
    const world = await World.create(cluster, {
      // What is made in it lies behind whoever takes it over.
      now: Date.now() - HOUR_MS,
      operator: { clusterIssuer: CLUSTER_ISSUER },
    });
    try {
      makeMachines(world, TEAM);
      await applyAll(cluster, groundOf(TEAM));
      await applyAll(cluster, objectsOf(TEAM));
      const operator = await world.start();
      await world.until('the team to be Ready', async () => (await notReady(cluster)).length === 0, LIMIT_MS);
      await world.pass(SETTLED_MS);
      await world.stop(operator);
      const late = await notReady(cluster);
      if (late.length > 0) throw new Error(`expected all to be Ready, not so: ${late.join(', ')}`);
      return await taken(cluster, world);
    } finally {
      await world.dispose();
    }
  } finally {
    await cluster.stop();
  }
}

interface Reported extends KubeObject {
  readonly status?:
    | {
        readonly observedGeneration?: number | undefined;
        readonly conditions?: readonly Condition[] | undefined;
      }
    | undefined;
}

export function isReady({ metadata, status }: Reported): boolean {
  return (
    status?.observedGeneration === metadata.generation &&
    (status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false)
  );
}

async function notReady(cluster: Cluster): Promise<readonly string[]> {
  const all = await Promise.all(KINDS.map(({ resource }) => cluster.list<Reported>(resource)));
  return all.flat().flatMap((each) => (isReady(each) ? [] : [`${each.kind} ${each.metadata.name}`]));
}

async function taken(cluster: Cluster, { azure, clock }: World): Promise<Legacy> {
  const { control, tenantId } = azure;
  /** Objects of built-in kinds come without them in lists. */
  const stated = async (resource: Resource) =>
    (await cluster.list(resource)).map((object) => ({
      ...object,
      apiVersion: `${resource.group === '' ? '' : `${resource.group}/`}${resource.version}`,
      kind: resource.kind,
    }));
  const kinds = await Promise.all(KINDS.map(({ resource }) => stated(resource)));
  const maps = (await stated(configMaps)).filter(
    ({ metadata: { name, namespace } }) => namespace === TEAM.namespace || name === 'azid-installation',
  );
  const spaces = (await stated(namespaces)).filter(({ metadata: { name } }) => name === TEAM.namespace);
  const inGroup = ({ id }: { readonly id: string }) => id.toLowerCase().includes('/resourcegroups/rg1/');
  const identities = control.identities({}).filter(inGroup);
  const assignments = await Promise.all(
    control
      .assignments({})
      .filter(inGroup)
      .map(async ({ id }) => {
        const path = `${id}?api-version=2022-04-01`;
        const { status, body } = await control.arm({ method: 'GET', path });
        if (status !== 200) throw new Error(`expected GET ${id} to succeed, got ${status}`);
        return body as Legacy['azure']['assignments'][number];
      }),
  );
  return {
    taken: { commit: 'now', at: new Date(clock.now()).toISOString() },
    kubernetes: [...kinds.flat(), ...maps, ...spaces] as Legacy['kubernetes'],
    azure: {
      tenantId,
      principals: [],
      identities,
      credentials: identities.flatMap(({ id: identity }) =>
        control.credentials({ id: identity }).map(({ name, issuer, subject, audience }) => ({
          id: `${identity}/federatedIdentityCredentials/${name}`,
          properties: { issuer, subject, audiences: [audience] },
        })),
      ),
      assignments,
      hosts: control.hosts({}).filter(inGroup),
    },
  };
}
