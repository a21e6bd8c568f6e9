import { beforeAll, describe, expect, it } from 'vitest';
import { KINDS } from '../../src/api/index.ts';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import { type CustomResourceDefinition, customResourceDefinitions } from '../../src/kube/builtin.ts';
import type { Applied } from '../../src/kube/client.ts';
import type { KubeObject, Resource } from '../../src/kube/types.ts';
import { useStage } from '../support/stage.ts';
import { conditionOf } from '../support/status/conformance.ts';
import { kstatus, type Observed } from '../support/status/kstatus.ts';
import { buildReferenceKstatus, referenceKstatus } from '../support/status/reference-kstatus.ts';
import { sample } from '../support/status/samples.ts';
import { until } from '../support/testbed.ts';

/** What Flux and Helm make of azid's objects: the reference library, on objects as the API server shows them. */
const stage = useStage();
let program: string;
beforeAll(async () => {
  program = await buildReferenceKstatus();
}, 600_000);

/** What the library says; the copy in TypeScript, which other tests ask, must say the same. */
async function verdict(object: KubeObject | undefined): Promise<string> {
  const observed = JSON.parse(JSON.stringify(object)) as Observed;
  const [said = ''] = await referenceKstatus(program, [observed]);
  expect(kstatus(observed), 'test/support/status/kstatus.ts').toBe(said);
  return said;
}

const keyOf = (resource: Resource, name: string) =>
  resource.namespaced ? `${stage.namespace}/${name}` : name;

describe.each(KINDS.map(({ resource }) => ({ kind: resource.kind, resource })))('a $kind', ({ resource }) => {
  it('that azid has not seen is in progress, whether written or read', async () => {
    const written = await stage.cluster.apply(sample(resource, 'unseen', stage.namespace));
    const read = await stage.cluster.get(resource, keyOf(resource, 'unseen'));
    expect(read).toMatchObject({ status: { observedGeneration: -1 } });
    expect([await verdict(written), await verdict(read)]).toEqual(['InProgress', 'InProgress']);
  });

  it('whose status was emptied, as restores do, is in progress again', async () => {
    await stage.cluster.apply(sample(resource, 'emptied', stage.namespace));
    const key = keyOf(resource, 'emptied');
    const conditions = [
      {
        type: 'Ready',
        status: 'True',
        reason: 'Ready',
        message: 'as declared',
        lastTransitionTime: '2026-11-28T12:00:00Z',
      },
    ];
    const settled = { status: { observedGeneration: 1, conditions } };
    expect(await verdict(await stage.cluster.patch(resource, key, settled, 'status'))).toBe('Current');
    expect(await verdict(await stage.cluster.patch(resource, key, { status: null }, 'status'))).toBe(
      'InProgress',
    );
  });
});

it('an object that was stored without a status, by an older CRD, is in progress too', async () => {
  const { resource } = userAssignedIdentity;
  const name = `${resource.plural}.${resource.group}`;
  const crd = await stage.cluster.get(customResourceDefinitions, name);
  const now = (crd as CustomResourceDefinition & { spec: { versions: [Versioned] } }).spec.versions;
  const old = structuredClone(now) as [Versioned];
  delete old[0].schema.openAPIV3Schema.properties.status.default;
  const serve = (versions: readonly Versioned[]) =>
    stage.cluster.patch(customResourceDefinitions, name, { spec: { versions } });
  await serve(old);
  let tries = 0;
  let key = '';
  await until('the older CRD to be served', async () => {
    const made = sample(resource, `older-${++tries}`, stage.namespace);
    key = keyOf(resource, made.metadata.name);
    return !('status' in (await stage.cluster.apply(made as Applied)));
  });
  expect(await verdict(await stage.cluster.get(resource, key))).toBe('Current');
  await serve(now);
  await until(
    'the CRD to be served again',
    async () => (await stage.cluster.get(resource, key))?.status !== undefined,
  );
  expect(await verdict(await stage.cluster.get(resource, key))).toBe('InProgress');
  // And azid takes it up as any other.
  await stage.world.start();
  await stage.ready(key);
});

interface Versioned {
  readonly name: string;
  readonly schema: {
    readonly openAPIV3Schema: { readonly properties: { readonly status: { default?: unknown } } };
  };
}

describe('an identity, from its first day to its last', () => {
  it('reads at each point as what it is', async () => {
    const seen: Record<string, string> = {};
    const note = async (when: string, name = 'web') => {
      seen[when] = await verdict(await stage.get(name));
    };
    await stage.declare('web');
    await note('declared, the controller away');
    const first = await stage.world.start();
    await stage.ready('web');
    await note('as declared');
    await stage.world.stop(first);
    await stage.declare('web', { tags: { app: 'shop' } });
    await note('edited, the controller away');
    await stage.world.start();
    await stage.ready('web');
    await note('as edited');
    await stage.declare('lost', { resourceGroup: 'rg2' });
    await stage.stalled('lost', 'PolicyDenied');
    await note('refused by policy', 'lost');
    await stage.declare('web', { tags: { app: 'shop' }, suspend: true });
    await stage.suspended('web', 'InSync');
    await note('suspended with nothing pending');
    await stage.declare('web', { tags: { app: 'store' }, suspend: true });
    await stage.suspended('web', 'ChangesPending');
    await note('suspended with an edit pending');
    await stage.declare('held', { suspend: true });
    await stage.suspended('held', 'ChangesPending');
    await note('suspended from the first day', 'held');
    await stage.cluster.patch(userAssignedIdentity.resource, keyOf(userAssignedIdentity.resource, 'web'), {
      metadata: { finalizers: ['example.org/hold', 'azid.dev/finalizer'] },
    });
    await stage.delete('web');
    await stage.world.until('azid to let go', async () => {
      const { finalizers } = (await stage.get('web'))?.metadata ?? {};
      return finalizers?.join() === 'example.org/hold';
    });
    await note('being deleted');
    expect(seen).toEqual({
      'declared, the controller away': 'InProgress',
      'as declared': 'Current',
      'edited, the controller away': 'InProgress',
      'as edited': 'Current',
      'refused by policy': 'Failed',
      'suspended with nothing pending': 'Current',
      'suspended with an edit pending': 'InProgress',
      'suspended from the first day': 'InProgress',
      'being deleted': 'Terminating',
    });
  });
});

it('an identity that azid has greeted and cannot finish is in progress', async () => {
  await stage.world.start();
  stage.world.azure.control.addFault({ method: 'PUT', effect: { kind: 'status', status: 500 } });
  await stage.declare('web');
  await stage.world.until('a condition', async () => {
    const object = await stage.get('web');
    return object !== undefined && conditionOf(object, 'Reconciling')?.reason === 'ProgressingWithRetry';
  });
  expect(await verdict(await stage.get('web'))).toBe('InProgress');
  stage.world.azure.control.clearFaults({});
  await stage.ready('web');
  expect(await verdict(await stage.get('web'))).toBe('Current');
});
