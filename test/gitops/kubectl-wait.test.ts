import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleOf, GITOPS_KINDS, situationsOf } from '../../scripts/generate/argocd.ts';
import { Kubectl } from '../support/kubectl.ts';
import { useStage } from '../support/stage.ts';
import { sample } from '../support/status/samples.ts';

/** `kubectl wait`, asked once about an object of every kind in every situation of docs/conditions.md. */
const stage = useStage();
let kubectl: Kubectl;
beforeAll(async () => {
  kubectl = await Kubectl.of(stage.cluster);
});
afterAll(() => kubectl?.[Symbol.asyncDispose]());

/** Makes them as they would stand there; returns the arguments that select them. */
async function make(kind: (typeof GITOPS_KINDS)[number]): Promise<readonly string[]> {
  const { resource } = kind;
  for (const situation of situationsOf(kind)) {
    const key = resource.namespaced ? `${stage.namespace}/${situation.name}` : situation.name;
    const { spec, metadata, status } = exampleOf(kind, situation);
    const plain = sample(resource, situation.name, stage.namespace);
    await stage.cluster.apply({ ...plain, spec: { ...(plain.spec as object), ...spec } } as typeof plain);
    if (metadata.generation === 2)
      // An edit that the kind takes, whatever its spec: whether it is suspended, or a field that a policy may have.
      await stage.cluster.patch(resource, key, { spec: editOf(kind, spec) });
    if (status) await stage.cluster.patch(resource, key, { status }, 'status');
    if (metadata.deletionTimestamp === undefined) continue;
    await stage.cluster.patch(resource, key, { metadata: { finalizers: ['example.org/hold'] } });
    await stage.cluster.delete(resource, key);
  }
  return [`${resource.plural}.${resource.group}`, ...(resource.namespaced ? ['-n', stage.namespace] : [])];
}

function editOf(kind: (typeof GITOPS_KINDS)[number], spec: object): object {
  if (!('suspend' in kind.spec.shape)) return { defaults: { location: 'northeurope' } };
  return { suspend: !('suspend' in spec && spec.suspend) };
}

describe.each(GITOPS_KINDS.map((kind) => ({ kind, name: kind.resource.kind })))('$name', ({ kind }) => {
  it('is met for Ready where it is Ready as it now stands, and for Stalled where someone must act', async () => {
    const selected = await make(kind);
    const met = async (condition: string) => {
      const args = ['wait', `--for=condition=${condition}`, ...selected, '--all', '--timeout=0'];
      const { text } = await kubectl.run(args);
      return [...text.matchAll(/\/(\S+) condition met/g)].map(([, name]) => name).sort();
    };
    // A suspended object keeps what was last seen.
    const suspends = 'suspend' in kind.spec.shape;
    expect(await met('Ready')).toEqual(['done', ...(suspends ? ['suspended'] : [])]);
    expect(await met('Stalled')).toEqual(['stalled']);
    expect(await met('Reconciling')).toEqual(['first', 'retrying', 'waiting']);
  });
});
