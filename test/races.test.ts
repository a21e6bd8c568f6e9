import { expect, it } from 'vitest';
import { RECONCILE_ANNOTATION } from '../src/api/common.ts';
import { configMaps } from '../src/kube/builtin.ts';
import { useStage } from './support/stage.ts';
import { SUBSCRIPTION } from './support/testbed.ts';

/** What happens between azid's look and azid's write, or between two of its watches. */
const stage = useStage();

it('an object seen before its namespace is not let in by a label that the namespace seems to lack', async () => {
  const known = Promise.withResolvers<void>();
  await stage.world.start({
    async *tapWatch(resource, events) {
      for await (const event of events) {
        if (resource.plural === 'namespaces' && event.type !== 'replace') await known.promise;
        yield event;
      }
    },
  });
  stage.namespace = 'late';
  await stage.policy('late', {
    namespaces: { selector: { matchExpressions: [{ key: 'env', operator: 'NotIn', values: ['prod'] }] } },
  });
  await stage.makeNamespace('late', { env: 'prod' });
  await stage.declare('web');
  await stage.stalled('web', 'PolicyDenied');
  known.resolve();
  await stage.settled();
  await stage.stalled('web', 'PolicyDenied');
  expect(stage.requests()).toEqual([]);
  await stage.makeNamespace('late', { env: 'dev' });
  await stage.ready('web');
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

it('a reconcile request longer than the status can echo is handled all the same', async () => {
  await stage.world.start();
  await stage.declare('web', { subscriptionId: SUBSCRIPTION });
  await stage.ready('web');
  const value = 'x'.repeat(300);
  await stage.annotate('web', { [RECONCILE_ANNOTATION]: value });
  await stage.ready('web', ({ status }) => status?.lastHandledReconcileAt === value.slice(0, 256));
  const before = stage.mark;
  await stage.settled(30_000);
  expect(stage.requests(before)).toEqual([]);
});
