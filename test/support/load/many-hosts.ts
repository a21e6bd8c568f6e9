import type { IdentityAttachment } from '../../../src/api/identity-attachment.ts';
import { KINDS } from '../../../src/api/index.ts';
import type { Applied } from '../../../src/kube/client.ts';
import type { KubeObject } from '../../../src/kube/types.ts';
import { identityIdOf, RG1, SUB, VMS, vmId } from '../kinds/hosts.ts';
import { type Cluster, SUBSCRIPTION, type World } from '../testbed.ts';

/** Many teams on many machines: each machine has the identities of three teams, and one has those of all. */

const TEAMS_PER_HOST = 3;
/** How many objects are sent to the API server at once. */
const AT_ONCE = 20;

export interface ManyHosts {
  readonly hosts: number;
  readonly teams: number;
  /** Identities on one machine more, spread over the teams. */
  readonly onOne: number;
}

export const CROWDED = 'vm-crowded';
export const team = (at: number) => `team-${at}`;
export const machine = (at: number) => `vm-${at}`;
/** The teams whose identity a machine is to have. */
export function teamsOn(host: number, { teams }: ManyHosts): number[] {
  return Array.from({ length: TEAMS_PER_HOST }, (_, at) => (host + at * 7) % teams);
}
export const crowd = ({ onOne }: ManyHosts) => Array.from({ length: onOne }, (_, at) => `crowd-${at}`);

/** What is in Azure, made by others: machines with tags, one identity per team, and those of the crowd. */
export function makeInAzure({ azure: { control } }: World, size: ManyHosts): void {
  for (let at = 0; at < size.hosts; at++) {
    const tags = Object.fromEntries(teamsOn(at, size).map((each) => [team(each), 'yes']));
    control.createHost({ name: machine(at), resourceGroup: 'rg1', tags });
  }
  control.createHost({ name: CROWDED, resourceGroup: 'rg1' });
  for (let at = 0; at < size.teams; at++)
    control.createIdentity({ name: `app-${team(at)}`, resourceGroup: 'rg1' });
  for (const name of crowd(size)) control.createIdentity({ name, resourceGroup: 'rg1' });
}

/** Namespaces, policies and attachments of all teams: one by selector, and some on the crowded machine. */
export async function declare(cluster: Cluster, size: ManyHosts): Promise<void> {
  const objects: Applied[] = [];
  const all = crowd(size);
  for (let at = 0; at < size.teams; at++) {
    const namespace = team(at);
    const mine = all.filter((_, index) => index % size.teams === at);
    const own = identityIdOf(`app-${namespace}`);
    objects.push({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    objects.push({
      apiVersion: 'azid.dev/v1alpha1',
      kind: 'IdentityPolicy',
      metadata: { name: namespace },
      spec: {
        namespaces: { names: [namespace] },
        attachments: [
          {
            types: [VMS],
            scopes: [SUB],
            selectors: true,
            identities: { ids: [own, ...mine.map(identityIdOf)] },
          },
        ],
      },
    });
    const attach = (name: string, spec: IdentityAttachment['spec']) =>
      objects.push({
        apiVersion: 'azid.dev/v1alpha1',
        kind: 'IdentityAttachment',
        metadata: { name, namespace },
        spec,
      });
    const selector = { subscriptionId: SUBSCRIPTION, type: VMS, tags: { [namespace]: 'yes' } };
    attach('fleet', { identityId: own, target: { selector }, rollout: { maxConcurrent: 1000 } });
    for (const name of mine)
      attach(name, { identityId: identityIdOf(name), target: { resourceId: vmId(CROWDED) } });
  }
  // Namespaces first.
  await inTurn(
    objects.filter(({ kind }) => kind === 'Namespace'),
    (each) => cluster.apply(each),
  );
  await inTurn(
    objects.filter(({ kind }) => kind !== 'Namespace'),
    (each) => cluster.apply(each),
  );
}

/** As a restore from a backup: every object of azid anew, with its spec and its finalizers, and without its status. */
export async function restore(cluster: Cluster): Promise<void> {
  for (const { resource } of KINDS) {
    await inTurn(await cluster.list(resource), async (object: KubeObject) => {
      const { name, namespace, labels, annotations, finalizers } = object.metadata;
      const key = namespace ? `${namespace}/${name}` : name;
      if (finalizers?.length) await cluster.patch(resource, key, { metadata: { finalizers: [] } });
      await cluster.delete(resource, key);
      const { spec, apiVersion, kind } = object as KubeObject & { spec: object };
      const metadata = { name, namespace, labels, annotations, finalizers };
      await cluster.apply({ apiVersion, kind, metadata: JSON.parse(JSON.stringify(metadata)), spec });
    });
  }
}

/** Some at a time, in order. */
export async function inTurn<T>(all: readonly T[], act: (each: T) => Promise<unknown>): Promise<void> {
  const left = [...all];
  const work = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await act(next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

export const sizeOf = (object: KubeObject) => Buffer.byteLength(JSON.stringify(object));
export { RG1 };
