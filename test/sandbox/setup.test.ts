/** What the sandbox does in a cluster, part by part, against a real API server on a clock that tests move. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { customResourceDefinitions, leases, serviceAccounts } from '../../src/kube/builtin.ts';
import { systemClock } from '../../src/runtime/time/clock.ts';
import { FakeClock } from '../../src/runtime/time/fake-clock.fixture.ts';
import { type Cluster, startCluster } from '../../src/sandbox/cluster.ts';
import { keepToken } from '../../src/sandbox/controller/controller-launch.ts';
import { expectNoController, installAzid } from '../../src/sandbox/setup/kubernetes-setup.ts';

const SOON = { timeout: 30_000, interval: 50 };
const never = new AbortController().signal;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster({ clock: systemClock, signal: never, progress: () => {} });
  await installAzid(cluster, systemClock, never);
});
afterAll(() => cluster?.[Symbol.asyncDispose]());

describe('installing azid', () => {
  it('makes the API server serve its kinds, and changes nothing a second time', async () => {
    const versionOf = async () =>
      (await cluster.client.get(customResourceDefinitions, 'userassignedidentities.azid.dev', never)).metadata
        .resourceVersion;
    expect(await cluster.kubectl.run(['get', 'userassignedidentities,identitypolicies', '-A'], never)).toBe(
      '',
    );
    const before = await versionOf();
    await installAzid(cluster, systemClock, never);
    expect(await versionOf()).toBe(before);
  });

  it('ends with the words of kubectl when something is refused', async () => {
    await expect(cluster.kubectl.run(['get', 'nonsense'], never)).rejects.toThrow(
      `kubectl get: error: the server doesn't have a resource type "nonsense"`,
    );
  });

  it('is refused where a controller holds the Lease, until that has run out', async () => {
    const clock = new FakeClock();
    const check = () => expectNoController(cluster.client, clock, never);
    await check();
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'azid-controller', namespace: 'azid-system' },
      spec: {
        holderIdentity: 'pod-7',
        leaseDurationSeconds: 15,
        renewTime: new Date(clock.now()).toISOString().replace('Z', '000Z'),
      },
    };
    await cluster.client.create(leases, lease, never);
    clock.advance(15_000);
    await expect(check()).rejects.toThrow(
      'expected no azid controller in the cluster of --kubeconfig, got one: pod-7 holds the Lease azid-system/azid-controller',
    );
    clock.advance(1);
    await check();
    await cluster.client.mergePatch(
      leases,
      'azid-system/azid-controller',
      { spec: { holderIdentity: '', renewTime: lease.spec.renewTime } },
      never,
    );
    await expectNoController(cluster.client, new FakeClock(), never);
  });
});

describe('a token in a file', () => {
  const named = (serviceAccount: string, clock: FakeClock, said: string[]) => ({
    ...{ client: cluster.client, clock, namespace: 'azid-system', serviceAccount },
    audience: 'api://AzureADTokenExchange',
    path: join(cluster.folder, `token-of-${serviceAccount}`),
    onTrouble: (message: string) => void said.push(message),
  });
  const account = (name: string) => ({
    ...{ apiVersion: 'v1', kind: 'ServiceAccount' },
    metadata: { name, namespace: 'azid-system' },
  });

  it('is for its audience and its owner, and another one after 80 % of its hour', async () => {
    const [clock, said]: [FakeClock, string[]] = [new FakeClock(), []];
    const options = named('azid-controller', clock, said);
    using _ = await keepToken(options, never);
    const first = await readFile(options.path, 'utf8');
    expect(decodeJwt(first)).toMatchObject({
      iss: cluster.issuer,
      aud: ['api://AzureADTokenExchange'],
      sub: 'system:serviceaccount:azid-system:azid-controller',
    });
    expect((await stat(options.path)).mode & 0o777).toBe(0o600);
    expect(clock.untilNext()).toBe(48 * 60_000);
    clock.advance(48 * 60_000);
    await vi.waitFor(async () => expect(await readFile(options.path, 'utf8')).not.toBe(first), SOON);
    expect((await stat(options.path)).mode & 0o777).toBe(0o600);
    await vi.waitFor(() => expect(clock.untilNext()).toBe(48 * 60_000), SOON);
    expect(said).toEqual([]);
  });

  it('that cannot be renewed is said to be, kept, and tried again', async () => {
    await cluster.client.create(serviceAccounts, account('going'), never);
    const [clock, said]: [FakeClock, string[]] = [new FakeClock(), []];
    const options = named('going', clock, said);
    using _ = await keepToken(options, never);
    const first = await readFile(options.path, 'utf8');
    await cluster.client.delete(serviceAccounts, 'azid-system/going', {}, never);
    clock.advance(48 * 60_000);
    await vi.waitFor(() => expect(said).toHaveLength(1), SOON);
    expect(said[0]).toMatch(/^renewing the token in .*token-of-going: .*not found.*; again in 10 s$/);
    expect(await readFile(options.path, 'utf8')).toBe(first);
    await cluster.client.create(serviceAccounts, account('going'), never);
    await vi.waitFor(() => expect(clock.untilNext()).toBe(10_000), SOON);
    clock.advance(10_000);
    await vi.waitFor(async () => expect(await readFile(options.path, 'utf8')).not.toBe(first), SOON);
  });

  it('that cannot be had at all is an error of the start', async () => {
    await expect(keepToken(named('nobody', new FakeClock(), []), never)).rejects.toThrow('not found');
  });

  it('is no longer renewed once disposed', async () => {
    const clock = new FakeClock();
    const token = await keepToken(named('azid-controller', clock, []), never);
    token[Symbol.dispose]();
    expect(clock.untilNext()).toBeUndefined();
  });
});
