import { expect, it } from 'vitest';
import { federatedIdentityCredential } from '../../src/api/federated-identity-credential.ts';
import { identityAttachment } from '../../src/api/identity-attachment.ts';
import { roleGrant } from '../../src/api/role-grant.ts';
import { type ManagedObject, RECONCILE_ANNOTATION } from '../../src/api/schema/common.ts';
import { systemAssignedIdentity } from '../../src/api/system-assigned-identity.ts';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import { configMaps } from '../../src/kube/builtin.ts';
import type { Resource } from '../../src/kube/types.ts';
import { RG1, useStage } from '../support/stage.ts';
import { conditionOf } from '../support/status/conformance.ts';
import { SUBSCRIPTION } from '../support/testbed.ts';

/** What happens between azid's look and azid's write, or between two of its watches. */
const stage = useStage();
const VMS = 'Microsoft.Compute/virtualMachines';
const SOMEBODY = 'cccccccc-0000-4000-8000-000000000001';

/** Events of namespaces come to azid only after `known` resolves; lists come at once. */
async function withNamespacesLate(known: Promise<void>): Promise<void> {
  await stage.world.start({
    async *tapWatch(resource, events) {
      for await (const event of events) {
        if (resource.plural === 'namespaces' && event.type !== 'replace') await known;
        yield event;
      }
    },
  });
}

it('no object of whatever kind, seen before its namespace, is let in by a label that the namespace seems to lack', async () => {
  const known = Promise.withResolvers<void>();
  const { control } = stage.world.azure;
  control.createIdentity({ name: 'shared', resourceGroup: 'rg1' });
  control.createHost({ type: VMS, name: 'vm1', resourceGroup: 'rg1' });
  await withNamespacesLate(known.promise);
  stage.namespace = 'late';
  await stage.policy('late', {
    namespaces: { selector: { matchExpressions: [{ key: 'restricted', operator: 'DoesNotExist' }] } },
    grants: [{ roles: ['Reader'], scopes: [RG1], principals: { ids: [SOMEBODY] } }],
    federation: [{ issuers: ['https://issuer.example.org'], subjects: ['**'] }],
    attachments: [{ types: ['*'], scopes: [RG1], identities: { ids: [stage.id('shared')] } }],
    systemAssigned: [{ types: ['*'], scopes: [RG1] }],
  });
  await stage.makeNamespace('late', { restricted: 'yes' });
  const resourceId = `${RG1}/providers/${VMS}/vm1`;
  const wanted: [{ readonly resource: Resource<ManagedObject> }, object][] = [
    [userAssignedIdentity, {}],
    [roleGrant, { principal: { id: SOMEBODY, type: 'User' }, role: { name: 'Reader' }, scope: RG1 }],
    [
      federatedIdentityCredential,
      { identityRef: { name: 'web' }, issuer: 'https://issuer.example.org', subject: 'job' },
    ],
    [identityAttachment, { identityId: stage.id('shared'), target: { resourceId } }],
    [systemAssignedIdentity, { resourceId }],
  ];
  for (const [{ resource }, spec] of wanted)
    await stage.cluster.apply({
      apiVersion: 'azid.dev/v1alpha1',
      kind: resource.kind,
      metadata: { name: 'web', namespace: 'late' },
      spec,
    });
  const all = (reason: string) =>
    stage.world.until(`all of them to say ${reason}`, async () => {
      const objects = await Promise.all(
        wanted.map(([{ resource }]) => stage.cluster.get(resource, 'late/web')),
      );
      return objects.every((object) => object && conditionOf(object, 'Ready')?.reason === reason);
    });
  await all('DependencyNotReady');
  const grant = await stage.cluster.get(roleGrant.resource, 'late/web');
  expect(grant && conditionOf(grant, 'Ready')?.message).toContain('waiting for namespace late');
  await stage.settled();
  expect(stage.writes()).toEqual([]);
  known.resolve();
  await all('PolicyDenied');
  await stage.settled();
  expect(stage.writes()).toEqual([]);
});

it('an object goes on as soon as its namespace is seen, and what it has is kept while the labels forbid it', async () => {
  const known = Promise.withResolvers<void>();
  await withNamespacesLate(known.promise);
  stage.namespace = 'late-too';
  await stage.policy('late-too', {
    namespaces: { selector: { matchExpressions: [{ key: 'env', operator: 'NotIn', values: ['prod'] }] } },
  });
  await stage.makeNamespace('late-too', { env: 'dev' });
  await stage.declare('web');
  await stage.reach('web', 'waiting', 'waiting for its namespace', (object) =>
    (conditionOf(object, 'Ready')?.message ?? '').includes('waiting for namespace late-too'),
  );
  known.resolve();
  await stage.ready('web');
  const { mark } = stage;
  await stage.makeNamespace('late-too', { env: 'prod' });
  await stage.stalled('web', 'PolicyDenied');
  await stage.settled();
  expect(stage.writes(mark)).toEqual([]);
  expect(stage.inAzure('web')).toBeDefined();
});

it('a ConfigMap that somebody makes just before azid does stays theirs', async () => {
  let made = false;
  await stage.world.start({
    async interceptKube(request, next) {
      if (!made && request.method !== 'GET' && request.path.includes('/configmaps')) {
        made = true;
        await stage.cluster.apply({
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'web-id', namespace: stage.namespace },
          data: { clientId: 'theirs' },
        });
      }
      return next(request);
    },
  });
  await stage.declare('web', { output: { configMap: { name: 'web-id' } } });
  await stage.stalled('web', 'OutputConflict');
  const map = await stage.configMap('web-id');
  expect(map?.data).toEqual({ clientId: 'theirs' });
  expect(map?.metadata.ownerReferences).toBeUndefined();
  await stage.cluster.delete(configMaps, `${stage.namespace}/web-id`);
  await stage.ready('web');
  expect((await stage.configMap('web-id'))?.data?.clientId).toBe(stage.inAzure('web')?.clientId);
});

it('an identity that somebody makes just before azid does stays theirs, though azid cannot take its marks back', async () => {
  const { control } = stage.world.azure;
  const refused = control.addFault({
    method: 'PATCH',
    caller: 'controller',
    effect: { kind: 'status', status: 503 },
  });
  let made = false;
  await stage.world.start({
    async interceptArm(request, next) {
      if (!made && request.method === 'PUT') {
        made = true;
        control.createIdentity({ name: 'web', resourceGroup: 'rg1' });
      }
      return next();
    },
  });
  await stage.declare('web');
  await stage.world.until('the PATCH to be refused twice', () => control.faultHits(refused).hits > 1);
  expect((await stage.get('web'))?.status?.id).toBeUndefined();
  control.clearFaults({});
  await stage.stalled('web', 'AlreadyExists');
  expect(stage.inAzure('web')?.tags).toEqual({});
  await stage.delete('web');
  await stage.gone('web');
  expect(stage.inAzure('web')).toBeDefined();
});

it.each(['edited', 'deleted'])(
  'an identity that somebody makes just before azid does stays theirs, though azid cannot read it and the object is %s',
  async (what) => {
    const { control } = stage.world.azure;
    let unread = 0;
    let made = false;
    await stage.world.start({
      async interceptArm(request, next) {
        if (!made && request.method === 'PUT') {
          made = true;
          control.createIdentity({ name: 'web', resourceGroup: 'rg1' });
          const answer = await next();
          // What azid would read next, to take its marks back.
          const fault = control.addFault({ method: 'GET', effect: { kind: 'status', status: 503 } });
          const hits = () => control.faultHits(fault).hits;
          const change = async () => {
            await stage.world.until('reads to be refused', () => hits() > 1);
            if (what === 'deleted') await stage.delete('web');
            else await stage.declare('web', { tags: { a: 'b' } });
            unread = hits();
            control.clearFaults({});
          };
          void change();
          return answer;
        }
        return next();
      },
    });
    await stage.declare('web');
    await stage.world.until('reads to be refused', () => unread > 1);
    if (what === 'deleted') await stage.gone('web');
    else await stage.stalled('web', 'AlreadyExists');
    expect(stage.inAzure('web')?.tags).toEqual({});
    expect(stage.writes().filter((each) => each.startsWith('DELETE'))).toEqual([]);
  },
);

it('a reconcile request longer than the status can echo is handled all the same', async () => {
  await stage.world.start();
  await stage.declare('web', { subscriptionId: SUBSCRIPTION });
  await stage.ready('web');
  const value = 'x'.repeat(300);
  await stage.annotate('web', { [RECONCILE_ANNOTATION]: value });
  await stage.ready('web', ({ status }) => status?.lastHandledReconcileAt === value.slice(0, 256));
  // The first list is repeated once Azure's lag is over, whoever asked for what.
  await stage.settled(30_000);
  const before = stage.mark;
  await stage.settled(30_000);
  expect(stage.requests(before)).toEqual([]);
});
