import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import { createToken, leases } from '../../src/kube/builtin.ts';
import { systemClock } from '../../src/runtime/time/clock.ts';
import { seedAzure } from '../../src/sandbox/setup/azure-seed.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { Azid } from '../support/process/child.ts';
import { Cluster, SUBSCRIPTION, until } from '../support/testbed.ts';

/** `azid controller` as it runs in a pod: a process with flags, the real clock, its own rights, a token to exchange. */

const TENANT = '99999999-8888-4777-8666-555555555555';

describe('a wrong flag is refused at the start', () => {
  it('with the flag, what was expected and what was given; or the variable it came from', async () => {
    const flag = new Azid(['controller', '--workers', 'many']);
    const variable = new Azid(['controller'], { AZID_WORKERS: 'many' });
    expect([await flag.ended, await variable.ended]).toEqual([1, 1]);
    const expected = 'Expected a whole number from 1 to 256.';
    expect(flag.output).toContain(`option '--workers <n>' argument 'many' is invalid. ${expected}`);
    expect(variable.output).toContain(
      `option '--workers <n>' value 'many' from env 'AZID_WORKERS' is invalid. ${expected}`,
    );
  });

  it.each([
    [['controller'], "required option '--tenant-id <uuid>' not specified"],
    [['controller', '--tenant-id', TENANT, '--worker', '3'], "unknown option '--worker'"],
    [['controller', '--tenant-id', TENANT, 'now'], 'too many arguments'],
    [
      ['controller', '--tenant-id', TENANT, '--client-id', TENANT, '--kubeconfig', '/nonexistent/config'],
      'Expected --kubeconfig to be a readable kubeconfig file, got /nonexistent/config',
    ],
  ])('%j', async (args, expected) => {
    const azid = new Azid(args);
    expect(await azid.ended).toBe(1);
    expect(azid.output).toContain(expected);
    expect(azid.output).not.toMatch(/\n\s+at .*\.ts:/);
  });
});

describe('the controller in a cluster', () => {
  let cluster: Cluster;
  let azure: Simulator;
  let folder: string;
  let flags: string[];
  const running: Azid[] = [];

  beforeAll(async () => {
    cluster = await Cluster.start();
    folder = await mkdtemp(join(tmpdir(), 'azid-process-'));
  });
  afterAll(async () => {
    await cluster?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    azure = await startSimulator({
      clock: systemClock,
      preset: 'fast',
      tenantId: TENANT,
      subscriptionId: SUBSCRIPTION,
    });
    const { issuer } = cluster.plane;
    const own = await seedAzure(azure, { issuer, keys: () => keysOf(cluster) });
    const kubeconfig = join(folder, 'kubeconfig');
    await cluster.plane.writeKubeconfig(kubeconfig, { token: await token([]) });
    await writeFile(join(folder, 'azure.pem'), azure.caPem);
    await writeFile(join(folder, 'token'), await token(['api://AzureADTokenExchange']));
    flags = [
      'controller',
      ...['--kubeconfig', kubeconfig, '--arm-endpoint', azure.origin, '--authority-host', azure.origin],
      ...['--ca-file', join(folder, 'azure.pem'), '--tenant-id', TENANT, '--client-id', own.clientId],
      ...[
        '--federated-token-file',
        join(folder, 'token'),
        '--listen-address',
        '127.0.0.1:0',
        '--azure-lag',
        '1s',
      ],
    ];
    await cluster.applyYaml(`
apiVersion: v1
kind: Namespace
metadata: { name: team-a }
---
apiVersion: azid.dev/v1alpha1
kind: IdentityPolicy
metadata: { name: team-a }
spec:
  namespaces: { names: [team-a] }
  identities: { scopes: [/subscriptions/${SUBSCRIPTION}] }
  defaults: { subscriptionId: ${SUBSCRIPTION}, resourceGroup: quickstart, location: westeurope }
`);
  });
  afterEach(async () => {
    for (const azid of running.splice(0)) {
      azid.signal('SIGKILL');
      await azid.ended;
    }
    await azure.stop();
    await cluster.clean();
    await cluster.delete(leases, LEASE);
  });

  const LEASE = 'azid-system/azid-controller';
  const lease = async () => (await cluster.get(leases, LEASE))?.spec;
  async function token(audiences: readonly string[]): Promise<string> {
    const issued = await createToken(
      cluster.client,
      'azid-system',
      'azid-controller',
      { audiences },
      new AbortController().signal,
    );
    return issued.token;
  }
  async function start(...more: string[]): Promise<Azid> {
    const azid = new Azid([...flags, ...more]);
    running.push(azid);
    await azid.says('"working"');
    return azid;
  }
  const declare = (name: string) =>
    cluster.apply({
      apiVersion: 'azid.dev/v1alpha1',
      kind: 'UserAssignedIdentity',
      metadata: { name, namespace: 'team-a' },
      spec: {},
    });
  const ready = (name: string) =>
    until(`${name} to be Ready`, async () => {
      const object = await cluster.get(userAssignedIdentity.resource, `team-a/${name}`);
      return (
        object?.status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True') ?? false
      );
    });
  const puts = () =>
    azure.requests().filter(({ method, caller }) => method === 'PUT' && caller === 'controller');

  it('makes an identity with a token it got for its ServiceAccount’s, and reveals no secret', async () => {
    const azid = await start('--log-level', 'debug');
    await declare('web');
    await ready('web');
    expect(puts()).toHaveLength(1);
    expect(azid.output).not.toContain(await readToken(folder));
    expect(azid.output).not.toMatch(/eyJ[A-Za-z0-9_-]{20,}/);
  });

  it('at SIGTERM in the middle of its work finishes it, gives the Lease back and ends with 0', async () => {
    azure.control.setKnobs({ latencyMs: { 'identities.createOrUpdate': 2_000 } });
    const azid = await start();
    await declare('web');
    await until('the PUT to leave', async () => puts().length > 0);
    azid.signal('SIGTERM');
    expect(await azid.ended).toBe(0);
    expect((await lease())?.holderIdentity ?? '').toBe('');
    expect(puts().map(({ status }) => status)).toEqual([201]);
    const next = await start();
    await ready('web');
    expect(puts()).toHaveLength(1);
    next.signal('SIGINT');
    expect(await next.ended).toBe(0);
  });

  it('at a second SIGTERM ends at once', async () => {
    azure.control.addFault({
      method: 'PUT',
      caller: 'controller',
      effect: { kind: 'silence', when: 'before' },
    });
    const azid = await start();
    await declare('web');
    await until('the PUT to leave', async () => puts().length > 0);
    azid.signal('SIGTERM');
    await azid.says('"stopping"');
    azid.signal('SIGTERM');
    expect(await azid.ended).toBe(1);
  });

  it('that loses its Lease says so and ends with 3', async () => {
    const azid = await start();
    await cluster.patch(leases, LEASE, {
      spec: { holderIdentity: 'a-stranger', renewTime: new Date().toISOString().replace('Z', '000Z') },
    });
    expect(await azid.ended).toBe(3);
    expect(azid.output).toContain('leadership lost');
    expect((await lease())?.holderIdentity).toBe('a-stranger');
  });

  it('whose port is taken names the flag and the address', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    try {
      const azid = new Azid([...flags, '--listen-address', `127.0.0.1:${port}`]);
      expect(await azid.ended).toBe(1);
      expect(azid.output).toContain('--listen-address');
      expect(azid.output).toContain(`127.0.0.1:${port}`);
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
  });
});

async function readToken(folder: string): Promise<string> {
  return readFile(join(folder, 'token'), 'utf8');
}

async function keysOf(cluster: Cluster) {
  return cluster.client.transport.request<{ keys: Record<string, unknown>[] }>(
    { method: 'GET', path: '/openid/v1/jwks', accept: 'application/jwk-set+json' },
    new AbortController().signal,
  );
}
