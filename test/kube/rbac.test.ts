import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HostIdentity, hostIdentity } from '../../src/api/host-identity.ts';
import { identityPolicy } from '../../src/api/identity-policy.ts';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import { loadKubeEndpoint } from '../../src/kube/access/config.ts';
import { createToken } from '../../src/kube/builtin.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { KubeTransport } from '../../src/kube/transport/transport.ts';
import { systemClock } from '../../src/runtime/time/clock.ts';
import type { KubeconfigAuth } from '../../src/sandbox/apiserver/control-plane.ts';
import { Journal } from '../support/journal.ts';
import { RG1, useStage } from '../support/stage.ts';
import { SUBSCRIPTION, until } from '../support/testbed.ts';

/** With kube-controller-manager, which adds azid's roles for tenants to `edit` and `view`. */
const stage = useStage({ cluster: { controllerManager: true } });
const { signal } = new AbortController();
let folder: string;
const transports: KubeTransport[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'azid-rbac-'));
});
afterAll(async () => {
  await Promise.all(transports.map((each) => each.close()));
  await rm(folder, { recursive: true, force: true });
});

async function endpointAs(name: string, auth: KubeconfigAuth) {
  const kubeconfig = join(folder, name);
  await stage.cluster.plane.writeKubeconfig(kubeconfig, auth);
  return loadKubeEndpoint({ clock: systemClock, kubeconfig });
}

async function clientAs(name: string, auth: KubeconfigAuth): Promise<KubeClient> {
  const endpoint = await endpointAs(name, auth);
  const transport = new KubeTransport({ endpoint, clock: systemClock, userAgent: 'azid-test' });
  transports.push(transport);
  return new KubeClient(transport);
}

async function tokenOf(namespace: string, name: string): Promise<{ token: string }> {
  const { token } = await createToken(stage.cluster.client, namespace, name, { audiences: [] }, signal);
  return { token };
}

/** The ServiceAccount of deploy/kustomize/base/rbac.yaml, by its own token. */
const asController = () => tokenOf('azid-system', 'azid-controller');

describe('the controller, with the rights of deploy/kustomize/base/rbac.yaml and no others', () => {
  it('passes the main path, Lease and all, and no call of it is refused', async () => {
    const journal = new Journal();
    const lease = new Journal();
    const operator = await stage.world.start({
      endpoint: await endpointAs('controller', await asController()),
      leaseName: 'azid-controller',
      ...journal,
      interceptLease: lease.interceptKube,
    });
    await stage.declare('web', { tags: { app: 'shop' }, output: { configMap: { name: 'web-id' } } });
    await stage.ready('web');
    await stage.declare('web', { tags: { app: 'store' }, output: { configMap: { name: 'renamed' } } });
    await stage.ready('web');
    expect(await stage.configMap('web-id')).toBeUndefined();
    expect(await stage.event('web', 'Created')).toContain('web');
    await stage.delete('web');
    await stage.gone('web');
    await stage.world.stop(operator);
    const calls = [...journal.kube, ...lease.kube];
    expect(calls.length).toBeGreaterThan(20);
    expect(calls.filter(({ status }) => status === 403 || status === 401)).toEqual([]);
  });

  it('may do what stands here and nothing else', async () => {
    const client = await clientAs('review', await asController());
    const anybody = await rulesOf(await clientAs('anybody', await tokenOf('default', 'default')), 'default');
    // Policies, sources of events and sweeps everybody may read, azid among them.
    const rules = (await rulesOf(client, 'default')).filter((rule) => !anybody.includes(rule));
    expect(rules).toEqual([
      // Of ClusterRole azid-controller-outputs.
      '/configmaps: create,delete,patch',
      '/configmaps: get,list,watch',
      '/namespaces: get,list,watch',
      'azid.dev/eventsources/status: get,patch',
      'azid.dev/federatedidentitycredentials/status: get,patch',
      'azid.dev/federatedidentitycredentials: get,list,patch,watch',
      'azid.dev/identityattachments/status: get,patch',
      'azid.dev/identityattachments: get,list,patch,watch',
      'azid.dev/identitypolicies/status: get,patch',
      'azid.dev/orphansweeps/status: get,patch',
      'azid.dev/rolegrants/status: get,patch',
      'azid.dev/rolegrants: get,list,patch,watch',
      'azid.dev/systemassignedidentities/status: get,patch',
      'azid.dev/systemassignedidentities: get,list,patch,watch',
      'azid.dev/userassignedidentities/finalizers: update',
      'azid.dev/userassignedidentities/status: get,patch',
      'azid.dev/userassignedidentities: get,list,patch,watch',
      'events.k8s.io/events: create,patch',
    ]);
    const own = await rulesOf(client, 'azid-system');
    expect(own.filter((rule) => !rules.includes(rule) && !anybody.includes(rule))).toEqual([
      '/configmaps: create,patch',
      'azid.dev/assignmentexpiries/status: get,patch',
      'azid.dev/assignmentexpiries: create,delete,get,list,patch,watch',
      'azid.dev/hostidentities/status: get,patch',
      'azid.dev/hostidentities: create,delete,get,list,patch,watch',
      'azid.dev/orphanrecords/status: get,patch',
      'azid.dev/orphanrecords: create,delete,get,list,patch,watch',
      'coordination.k8s.io/leases: create,get,list,update,watch',
    ]);
  });

  it.each([
    ['get', '', 'secrets', ''],
    ['list', '', 'secrets', ''],
    ['create', '', 'serviceaccounts', 'token'],
    ['create', 'azid.dev', 'userassignedidentities', ''],
    ['delete', 'azid.dev', 'userassignedidentities', ''],
    ['create', 'azid.dev', 'identitypolicies', ''],
    ['patch', 'azid.dev', 'identitypolicies', ''],
    ['delete', 'azid.dev', 'rolegrants', ''],
    ['delete', 'azid.dev', 'federatedidentitycredentials', ''],
    ['create', 'azid.dev', 'identityattachments', ''],
    ['delete', 'azid.dev', 'identityattachments', ''],
    ['delete', 'azid.dev', 'systemassignedidentities', ''],
    // In a namespace that is not its own.
    ['list', 'azid.dev', 'hostidentities', ''],
    ['create', 'azid.dev', 'hostidentities', ''],
    ['list', 'azid.dev', 'assignmentexpiries', ''],
    ['create', 'azid.dev', 'assignmentexpiries', ''],
    ['list', 'azid.dev', 'orphanrecords', ''],
    ['create', 'azid.dev', 'orphanrecords', ''],
    ['create', 'rbac.authorization.k8s.io', 'clusterrolebindings', ''],
  ])('may not %s %s/%s/%s', async (verb, group, resource, subresource) => {
    expect(
      await allowed(await clientAs('probe', await asController()), { verb, group, resource, subresource }),
    ).toBe(false);
  });
});

describe('a tenant with the role edit in its namespace', () => {
  async function tenant(role: 'edit' | 'view'): Promise<KubeClient> {
    const user = `${role}or`;
    await stage.cluster.apply({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: role, namespace: stage.namespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
    });
    const client = await clientAs(user, { user });
    const read = { verb: 'get', group: 'azid.dev', resource: 'userassignedidentities', subresource: '' };
    await until('the roles to be aggregated', () => allowed(client, read));
    return client;
  }
  const declared = (name: string) => ({
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'UserAssignedIdentity',
    metadata: { name, namespace: stage.namespace },
    spec: {},
  });
  const options = { fieldManager: 'tenant' };
  const forbidden = { status: 403, reason: 'Forbidden' };

  it('declares identities and sees them, reads policies, and writes neither these nor any status', async () => {
    const client = await tenant('edit');
    const { resource } = userAssignedIdentity;
    const key = `${stage.namespace}/web`;
    await stage.world.start();
    await client.apply(resource, declared('web'), options, signal);
    await stage.ready('web');
    expect((await client.get(resource, key, signal)).status?.id).toBe(stage.inAzure('web')?.id);
    const forged = { status: { id: stage.id('other') } };
    await expect(
      client.mergePatch(resource, key, forged, signal, { subresource: 'status' }),
    ).rejects.toMatchObject(forbidden);
    // Through the object itself a status is simply not taken.
    await client.mergePatch(resource, key, forged, signal);
    expect((await stage.get('web'))?.status?.id).toBe(stage.inAzure('web')?.id);
    // What they may ask for they may read; `kubectl get azid` asks for policies, too.
    expect(
      (await client.get(identityPolicy.resource, stage.namespace, signal)).spec.namespaces.names,
    ).toEqual([stage.namespace]);
    const policy = {
      apiVersion: 'azid.dev/v1alpha1',
      kind: 'IdentityPolicy',
      metadata: { name: 'mine' },
      spec: { namespaces: { selector: {} }, identities: { scopes: [`/subscriptions/${SUBSCRIPTION}`] } },
    };
    await expect(client.apply(identityPolicy.resource, policy, options, signal)).rejects.toMatchObject(
      forbidden,
    );
    await client.delete(resource, key, {}, signal);
    await stage.gone('web');
  });

  it('has no power over namespaces of others', async () => {
    const client = await tenant('edit');
    const { resource } = userAssignedIdentity;
    const elsewhere = { ...declared('web'), metadata: { name: 'web', namespace: 'default' } };
    await expect(client.apply(resource, elsewhere, options, signal)).rejects.toMatchObject(forbidden);
    await expect(client.list(resource, {}, signal)).rejects.toMatchObject(forbidden);
  });

  it('cannot take over an identity with rights that its policy does not name: zero writes (T4)', async () => {
    const { control } = stage.world.azure;
    const privileged = control.createIdentity({ name: 'privileged', resourceGroup: 'rg1' });
    control.grant({ principalId: privileged.principalId, role: 'Owner', scope: RG1 });
    const client = await tenant('edit');
    await stage.world.start();
    const object = { ...declared('mine'), spec: { name: 'privileged', adoption: 'Adopt' } };
    await client.apply(userAssignedIdentity.resource, object, options, signal);
    await stage.stalled('mine', 'AdoptionDenied');
    expect(stage.writes()).toEqual([]);
  });

  it.each(['edit', 'view'] as const)(
    'cannot read or write what is azid’s own with the role %s',
    async (role) => {
      const client = await tenant(role);
      const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];
      for (const namespace of [stage.namespace, 'azid-system'])
        for (const resource of ['hostidentities', 'assignmentexpiries'])
          for (const subresource of ['', 'status'])
            for (const verb of verbs) {
              const asked = { verb, group: 'azid.dev', resource, subresource };
              const what = `${verb} ${resource} ${subresource} in ${namespace}`;
              expect(await allowed(client, asked, namespace), what).toBe(false);
            }
      // Of what they may declare they get neither the status nor, with view, the objects.
      for (const resource of ['identityattachments', 'systemassignedidentities']) {
        const may = (verb: string, subresource = '') =>
          allowed(client, { verb, group: 'azid.dev', resource, subresource });
        expect(await may('list')).toBe(true);
        expect(await may('create')).toBe(role === 'edit');
        expect(await may('patch', 'status')).toBe(false);
      }
    },
  );

  it('neither finds a ledger of hosts by itself, nor reads or forges one that is there', async () => {
    const client = await tenant('edit');
    const { resource } = hostIdentity;
    const ledger = await stage.cluster.apply<HostIdentity>({
      apiVersion: 'azid.dev/v1alpha1',
      kind: 'HostIdentity',
      metadata: { name: 'vm-1', namespace: 'azid-system' },
      spec: { resourceId: `${RG1}/providers/Microsoft.Compute/virtualMachines/vm-1` },
    });
    const { name } = ledger.metadata;
    const key = `azid-system/${name}`;
    await expect(client.get(resource, key, signal)).rejects.toMatchObject(forbidden);
    await expect(client.list(resource, { namespace: 'azid-system' }, signal)).rejects.toMatchObject(
      forbidden,
    );
    const forged = { status: { entries: [] } };
    await expect(
      client.mergePatch(resource, key, forged, signal, { subresource: 'status' }),
    ).rejects.toMatchObject(forbidden);
    await expect(client.delete(resource, key, {}, signal)).rejects.toMatchObject(forbidden);
    // One of their own would say what azid is to detach, were it looked at: neither can be made, nor does azid look.
    const mine = { ...ledger, metadata: { name, namespace: stage.namespace } };
    await expect(client.apply(resource, mine, options, signal)).rejects.toMatchObject(forbidden);
    await stage.cluster.delete(resource, key);
  });

  it('with the role view only reads', async () => {
    const client = await tenant('view');
    await expect(
      client.apply(userAssignedIdentity.resource, declared('web'), options, signal),
    ).rejects.toMatchObject(forbidden);
    expect(
      (await client.list(userAssignedIdentity.resource, { namespace: stage.namespace }, signal)).items,
    ).toEqual([]);
  });
});

interface Attributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
}

async function allowed(
  client: KubeClient,
  attributes: Attributes,
  namespace = stage.namespace,
): Promise<boolean> {
  const { status } = await review<{ status: { allowed: boolean } }>(client, 'SelfSubjectAccessReview', {
    resourceAttributes: { ...attributes, namespace },
  });
  return status.allowed;
}

/** `kubectl auth can-i --list`, without what every user may ask about themselves. */
async function rulesOf(client: KubeClient, namespace: string): Promise<string[]> {
  const { status } = await review<{ status: { resourceRules: Rule[] } }>(client, 'SelfSubjectRulesReview', {
    namespace,
  });
  return status.resourceRules
    .flatMap(({ apiGroups, resources, verbs }) =>
      resources.flatMap((resource) => apiGroups.map((group) => `${group}/${resource}: ${[...verbs].sort()}`)),
    )
    .filter((rule) => !rule.includes('selfsubject'))
    .sort();
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

function review<T>(client: KubeClient, kind: string, spec: object): Promise<T> {
  const path = `/apis/authorization.k8s.io/v1/${kind.toLowerCase()}s`;
  const body = { apiVersion: 'authorization.k8s.io/v1', kind, spec };
  return client.transport.request<T>({ method: 'POST', path, body }, signal);
}
