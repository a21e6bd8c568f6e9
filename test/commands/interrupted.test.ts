import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { ScriptedServer } from '../../src/kube/transport/scripted-server.fixture.ts';
import { systemClock } from '../../src/runtime/time/clock.ts';
import {
  type TemporaryFolder,
  temporaryFolder,
} from '../../src/sandbox/apiserver/temporary-folder.fixture.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { Azid } from '../support/process/child.ts';
import { SUBSCRIPTION, until } from '../support/testbed.ts';

/** Ctrl-C while a command waits: it ends at once, with a clear line and 130, and nothing of a result on stdout. */

const TENANT = '99999999-8888-4777-8666-555555555555';
const SUB = `/subscriptions/${SUBSCRIPTION}`;
const INSTALLATION = '11111111-0000-4000-8000-000000000001';

let server: ScriptedServer;
let azure: Simulator;
let folder: TemporaryFolder;
let kubeconfig: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  server = await ScriptedServer.start();
  azure = await startSimulator({
    clock: systemClock,
    preset: 'fast',
    tenantId: TENANT,
    subscriptionId: SUBSCRIPTION,
  });
  kubeconfig = folder.file('kubeconfig');
  await writeFile(folder.file('azure.pem'), azure.caPem);
  await writeFile(folder.file('token'), 'no token that anybody takes');
  const cluster = { server: server.endpoint.server, 'certificate-authority-data': btoa(server.pki.caPem) };
  await writeFile(
    kubeconfig,
    stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user: { token: 'test' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  );
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await azure?.stop();
  await folder?.[Symbol.asyncDispose]();
});
beforeEach(() => {
  server.handler = undefined;
});

const azureFlags = () => [
  ...['--arm-endpoint', azure.origin, '--authority-host', azure.origin, '--graph-endpoint', azure.origin],
  ...['--ca-file', folder.file('azure.pem'), '--tenant-id', TENANT, '--client-id', TENANT],
  ...['--federated-token-file', folder.file('token')],
];

const AGAIN = 'interrupted; the same command goes on from here';
const UNCHANGED = 'interrupted; nothing was changed';
const COMMANDS: readonly (readonly [string, readonly string[], string])[] = [
  ['uninstall', ['--delete', '--yes'], AGAIN],
  ['release', ['uai', 'team/app', '--yes'], AGAIN],
  ['handover export', [], AGAIN],
  ['handover finish', ['--yes'], AGAIN],
  ['handover revert', ['--yes'], AGAIN],
  ['restore', ['lost'], AGAIN],
  ['orphans', ['--scope', SUB, '--installation-id', INSTALLATION], UNCHANGED],
  ['check', [], UNCHANGED],
  ['status', ['uai/app'], UNCHANGED],
  ['version', [], UNCHANGED],
];
const OF_AZURE = new Set(['restore', 'orphans', 'check']);

function start(command: string, flags: readonly string[]): Azid {
  const given = OF_AZURE.has(command) ? azureFlags() : [];
  return new Azid([...command.split(' '), ...flags, '--kubeconfig', kubeconfig, ...given]);
}

/** What is printed where nobody was told anything before. */
const only = (command: string, line: string) => `azid ${command}: ${line}\n`;

describe('while the API server does not answer', () => {
  it.each(COMMANDS)('azid %s %j ends: %s', async (command, flags, line) => {
    const before = server.exchanges.length;
    const azid = start(command, flags);
    await until('the command to ask', async () => server.exchanges.length > before);
    azid.signal('SIGINT');
    expect(await azid.ended).toBe(130);
    const said = azid.output.replace(/^reading the objects of installation .*\n/, '');
    expect(said).toBe(only(command, line));
  });

  it('and does not even speak TLS', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const path = folder.file('silent');
    await writeFile(
      path,
      (await readFile(kubeconfig, 'utf8')).replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${port}`),
    );
    const azid = new Azid(['version', '--kubeconfig', path]);
    await once(silent, 'connection');
    azid.signal('SIGINT');
    expect(await azid.ended).toBe(130);
    expect(azid.output).toBe(only('version', UNCHANGED));
    silent.close();
  });

  it('a second Ctrl-C ends what does not end by itself', async () => {
    const before = server.exchanges.length;
    const azid = start('uninstall', ['--delete', '--yes']);
    await until('the command to ask', async () => server.exchanges.length > before);
    azid.signal('SIGINT');
    azid.signal('SIGINT');
    expect(await azid.ended).toBe(130);
  });
});

describe('while Azure does not answer', () => {
  const metadata = (name: string) => ({
    name,
    namespace: 'azid-system',
    uid: name,
    resourceVersion: '1',
    creationTimestamp: '2026-11-29T00:00:00Z',
  });
  const RECORD = {
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'OrphanRecord',
    metadata: metadata('lost'),
    spec: {
      type: 'Identity',
      id: `${SUB}/resourceGroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app`,
      reason: 'OwnerGone',
      installationId: INSTALLATION,
      recordedAt: '2026-11-29T00:00:00Z',
      identity: { location: 'westeurope', principalId: TENANT, clientId: TENANT, tenantId: TENANT },
    },
  };
  const MAP = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: metadata('azid-installation'),
    data: { installationId: INSTALLATION },
  };

  /** The end of what there is of a kind: nothing. */
  const EMPTY = {
    type: 'BOOKMARK',
    object: {
      metadata: { resourceVersion: '1', annotations: { 'k8s.io/initial-events-end': 'true' } },
    },
  };

  it.each([
    ['restore', ['lost'], AGAIN],
    ['orphans', ['--scope', SUB, '--installation-id', INSTALLATION], UNCHANGED],
  ])('azid %s %j ends: %s', async (command, flags, line) => {
    server.handler = (exchange) => {
      if (exchange.path.endsWith('/orphanrecords/lost')) exchange.json(RECORD);
      else if (exchange.path.endsWith('/configmaps/azid-installation')) exchange.json(MAP);
      else if (exchange.query.get('watch') === 'true') exchange.stream().send(EMPTY);
      else exchange.list('1', []);
      return true;
    };
    azure.control.addFault({ effect: { kind: 'silence' } });
    const since = azure.requests().length;
    const azid = start(command, flags);
    await until('the command to ask Azure', async () => azure.requests().length > since);
    azid.signal('SIGINT');
    expect(await azid.ended, azid.output).toBe(130);
    expect(azid.output.split('\n').at(-2)).toBe(`azid ${command}: ${line}`);
    azure.control.clearFaults({});
  });
});
