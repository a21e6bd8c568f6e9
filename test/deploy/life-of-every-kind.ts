import { type EventSource, eventSource } from '../../src/api/event-source.ts';
import { type OrphanSweep, orphanSweep } from '../../src/api/orphan-sweep.ts';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import { configMaps } from '../../src/kube/builtin.ts';
import { HostStage, RG1 } from '../support/kinds/hosts.ts';
import type { Cluster, World } from '../support/testbed.ts';

const ISSUER = 'https://issuer.example.org/a';
const NAMESPACE = 'every-kind';

/** One object of each kind is declared, changed and deleted, on an API server that a controller with its own rights works on. */
export async function lifeOfEveryKind(cluster: Cluster, world: World): Promise<void> {
  const stage = new HostStage(cluster, world, NAMESPACE);
  stage.createVm('vm1');
  await stage.prepare({ federation: [{ issuers: [ISSUER], subjects: ['job:*'] }] });
  const declare = (kind: string, name: string, spec: object) =>
    cluster.apply({ apiVersion: 'azid.dev/v1alpha1', kind, metadata: { name, namespace: NAMESPACE }, spec });
  const grant = (name: string, more: object) =>
    declare('RoleGrant', name, {
      principal: { identityRef: { name: 'app' } },
      role: { name: 'Reader' },
      scope: RG1,
      ...more,
    });

  await declare('UserAssignedIdentity', 'app', { output: { configMap: { name: 'app-id' } } });
  await stage.credential('app');
  await stage.credentialReady('app');
  await grant('app', { expiresAt: new Date(world.clock.now() + 3_600_000).toISOString() });
  await stage.granted('app');
  await stage.attach('vm1');
  await stage.attached('vm1');
  await stage.system('vm1');
  await stage.systemReady('vm1');
  await sweep(cluster, world);
  await source(cluster, world);

  const output = (name: string) => async () =>
    (await cluster.get(configMaps, `${NAMESPACE}/${name}`)) !== undefined;
  await declare('UserAssignedIdentity', 'app', { output: { configMap: { name: 'renamed' } } });
  await world.until('the ConfigMap to have its new name', output('renamed'));
  await stage.detach('vm1');
  await stage.gone(() => stage.attachment('vm1'), 'the attachment');
  await stage.deleteSystem('vm1');
  await stage.gone(() => stage.systemIdentity('vm1'), 'the system-assigned identity');
  for (const kind of ['rolegrants', 'federatedidentitycredentials', 'userassignedidentities'])
    await cluster.client.transport.request(
      { method: 'DELETE', path: `/apis/azid.dev/v1alpha1/namespaces/${NAMESPACE}/${kind}/app` },
      new AbortController().signal,
    );
  const left = () => cluster.get(userAssignedIdentity.resource, `${NAMESPACE}/app`);
  await stage.gone(left, 'the identity');
  await world.until('the ledgers to go', async () => (await stage.ledgers()).length === 0);
}

async function sweep(cluster: Cluster, world: World): Promise<void> {
  await cluster.apply({
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'OrphanSweep',
    metadata: { name: 'all' },
    spec: { scopes: [RG1], interval: '10m' },
  });
  await world.until('the sweep to have run', async () => {
    const seen: OrphanSweep | undefined = await cluster.get(orphanSweep.resource, 'all');
    return seen?.status?.history?.[0] !== undefined;
  });
}

/** Of another cloud: nobody is called. */
async function source(cluster: Cluster, world: World): Promise<void> {
  await cluster.apply({
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'EventSource',
    metadata: { name: 'elsewhere' },
    spec: { serviceBus: { namespace: 'events.servicebus.elsewhere.example', queue: 'azid' } },
  });
  await world.until('the source to be refused', async () => {
    const seen: EventSource | undefined = await cluster.get(eventSource.resource, 'elsewhere');
    return seen?.status?.conditions?.some(({ reason }) => reason === 'OtherCloud') === true;
  });
}
