import { eventSource } from '../../../src/api/event-source.ts';
import { orphanSweep } from '../../../src/api/orphan-sweep.ts';
import { CLAIMED, Orphans, QUICK } from '../../orphans/orphan-stage.ts';
import { Stage } from '../stage.ts';
import type { Cluster, World } from '../testbed.ts';
import { HostStage, RG1, SUB } from './hosts.ts';

/** One object of each kind at least, every one of them done with, and azid stopped: what an upgrade finds. */
export async function leaveOneOfEach(cluster: Cluster, world: World, namespace: string): Promise<void> {
  const hosts = new HostStage(cluster, world, namespace);
  const stage = new Stage();
  Object.assign(stage, { cluster, world, namespace });
  const orphans = new Orphans(stage);
  hosts.createVm('vm1');
  await hosts.prepare({
    federation: [{ issuers: ['https://issuer.example.org/a'], subjects: ['job:*'] }],
  });
  await orphans.begin(3);
  await hosts.identity('app', { output: { configMap: { name: 'app-id' } } });
  await hosts.credential('app');
  await hosts.credentialReady('app');
  await grants(cluster, world, namespace);
  for (const name of ['app', 'ever']) await hosts.granted(name);
  await hosts.attach('vm1');
  await hosts.attached('vm1');
  await hosts.system('vm1');
  await hosts.systemReady('vm1');
  await events(cluster, world);
  await orphan(cluster, world, orphans);
  for (const operator of world.operators) await world.stop(operator);
}

/** One for ever, and one with an end that is not met while the test lasts. */
async function grants(cluster: Cluster, world: World, namespace: string): Promise<void> {
  const expiresAt = new Date(world.clock.now() + 30 * 86_400_000).toISOString();
  for (const [name, more] of Object.entries({ app: { expiresAt }, ever: { scope: SUB } }))
    await cluster.apply({
      apiVersion: 'azid.dev/v1alpha1',
      kind: 'RoleGrant',
      metadata: { name, namespace },
      spec: { principal: { identityRef: { name: 'app' } }, role: { name: 'Reader' }, scope: RG1, ...more },
    });
}

/** Of another cloud: nobody is called. */
async function events(cluster: Cluster, world: World): Promise<void> {
  await cluster.apply({
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'EventSource',
    metadata: { name: 'elsewhere' },
    spec: { serviceBus: { namespace: 'events.servicebus.elsewhere.example', queue: 'azid' } },
  });
  await world.until('the source to be refused', async () => {
    const seen = await cluster.get(eventSource.resource, 'elsewhere');
    return seen?.status?.conditions?.some(({ reason }) => reason === 'OtherCloud') === true;
  });
}

/** One that a sweep deleted, and its record; the sweep then rests for a week. */
async function orphan(cluster: Cluster, world: World, orphans: Orphans): Promise<void> {
  await orphans.orphan('lost');
  await orphans.sweep({ ...QUICK, mode: 'Delete' });
  await orphans.run();
  await world.pass(CLAIMED);
  await orphans.until(
    'the orphan to be gone',
    ({ status }) => status?.candidatesTotal === 0 && status.run === undefined,
  );
  await cluster.apply({
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'OrphanSweep',
    metadata: { name: 'all' },
    spec: { scopes: [RG1], ...QUICK, mode: 'Delete', interval: '7d' },
  });
  await world.until('the sweep to rest', async () => {
    const seen = await cluster.get(orphanSweep.resource, 'all');
    return seen?.status?.observedGeneration === seen?.metadata.generation && seen?.status?.run === undefined;
  });
}
