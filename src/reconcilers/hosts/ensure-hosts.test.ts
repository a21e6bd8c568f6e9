import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HostIdentity } from '../../api/host-identity.ts';
import { KubeClient } from '../../kube/client.ts';
import { Store } from '../../kube/informer/store.ts';
import { type Exchange, ScriptedServer } from '../../kube/transport/scripted-server.fixture.ts';
import { KubeTransport } from '../../kube/transport/transport.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { vmId } from '../identity-attachment/facts.fixture.ts';
import { type EnsureHostDeps, ensureHosts, hostIdentityName } from './ensure-hosts.ts';

const NEVER = new AbortController().signal;
let server: ScriptedServer;
let transport: KubeTransport;
let deps: EnsureHostDeps & { readonly hosts: Store<HostIdentity> };

beforeEach(async () => {
  server = await ScriptedServer.start();
  transport = new KubeTransport({
    endpoint: server.endpoint,
    clock: new FakeClock(),
    userAgent: 'azid/test',
  });
  const hosts = new Store<HostIdentity>();
  deps = {
    client: new KubeClient(transport),
    stores: { hosts },
    hosts,
    azidNamespace: 'azid-system',
  };
});

afterEach(async () => {
  await transport.close();
  await server[Symbol.asyncDispose]();
});

const holder = (name: string, spec: object) => ({
  apiVersion: 'azid.dev/v1alpha1',
  kind: 'HostIdentity',
  metadata: {
    namespace: 'azid-system',
    name,
    uid: `uid-${name}`,
    resourceVersion: '1',
    creationTimestamp: '2026-11-23T10:00:00Z',
  },
  spec,
});
const ensure = (...names: string[]) => ensureHosts(names.map(vmId), deps, NEVER);

describe('a HostIdentity for each host', () => {
  it('is made in the namespace of azid under the name of the resource, and seen at once', async () => {
    server.handler = (exchange: Exchange) => {
      exchange.json(holder(exchange.body.metadata.name, exchange.body.spec), 201);
      return true;
    };
    await ensure(...Array.from({ length: 20 }, (_, at) => `vm${at}`));
    expect(server.exchanges).toHaveLength(20);
    expect(server.exchanges[0]?.path).toBe('/apis/azid.dev/v1alpha1/namespaces/azid-system/hostidentities');
    expect(deps.hosts.get(`azid-system/${hostIdentityName(vmId('vm19'))}`)?.spec).toEqual({
      resourceId: vmId('vm19'),
    });
  });

  it('that somebody else made meanwhile is read, so that the next round sees it', async () => {
    const name = hostIdentityName(vmId('vm1'));
    server.handler = (exchange) => {
      if (exchange.method === 'POST') exchange.fail(409, 'AlreadyExists');
      else exchange.json(holder(name, { resourceId: vmId('vm1') }));
      return true;
    };
    await ensure('vm1');
    expect(server.exchanges.map(({ method }) => method)).toEqual(['POST', 'GET']);
    expect(deps.hosts.get(`azid-system/${name}`)).toBeDefined();
  });

  it('that cannot be made fails the action, after those begun with it', async () => {
    server.handler = (exchange) => {
      const { name } = exchange.body.metadata;
      if (name === hostIdentityName(vmId('a'))) exchange.fail(403, 'Forbidden');
      else exchange.json(holder(name, exchange.body.spec), 201);
      return true;
    };
    await expect(ensure('a', 'b')).rejects.toMatchObject({ status: 403 });
    expect(deps.hosts.size).toBe(1);
  });
});
