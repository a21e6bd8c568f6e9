import { beforeAll, describe, expect, it } from 'vitest';
import { type Manifest, OVERLAY, renderOverlay, SHARDED_OVERLAY } from './tools.ts';

/**
 * Which pods each selector means: those of one shard, or all. A Deployment that selects another one's pods adopts their ReplicaSets, and
 * `kubectl logs` on it shows the other's. The chart equals the overlays: helm-chart.test.ts.
 */

type Labels = Readonly<Record<string, string>>;
interface Selector {
  readonly matchLabels: Labels;
}

interface Workload extends Manifest {
  readonly spec: {
    readonly selector: Selector;
    readonly template: {
      readonly metadata: { readonly labels: Labels };
      readonly spec: {
        readonly affinity: {
          readonly podAntiAffinity: {
            readonly preferredDuringSchedulingIgnoredDuringExecution: readonly {
              readonly podAffinityTerm: { readonly labelSelector: Selector };
            }[];
          };
        };
        readonly topologySpreadConstraints: readonly { readonly labelSelector: Selector }[];
      };
    };
  };
}

const overlays: readonly (readonly [string, string, readonly string[]])[] = [
  ['of the base', OVERLAY, ['azid-controller']],
  ['of the overlay with two shards', SHARDED_OVERLAY, ['azid-controller', 'azid-controller-blue']],
];

describe.each(overlays)('the selectors %s', (_, overlay, names) => {
  let manifests: readonly Manifest[];
  let deployments: readonly Workload[];
  beforeAll(async () => {
    manifests = await renderOverlay(overlay);
    deployments = manifests.filter(({ kind }) => kind === 'Deployment') as unknown as Workload[];
  });
  const nameOf = ({ metadata }: Manifest) => metadata.name;
  /** The Deployments whose pods have all of these labels. */
  const selected = (labels: Labels) =>
    deployments
      .filter(({ spec }) =>
        Object.entries(labels).every(([name, value]) => spec.template.metadata.labels[name] === value),
      )
      .map(nameOf);
  const of = <T>(kind: string) => manifests.filter((each) => each.kind === kind) as unknown as T[];

  it('of a Deployment are for its own pods, as are its wishes where they run', () => {
    expect(deployments.map(nameOf)).toEqual(names);
    for (const deployment of deployments) {
      const { selector, template } = deployment.spec;
      const { affinity, topologySpreadConstraints } = template.spec;
      const apart = affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution;
      const all = [
        selector,
        ...apart.map(({ podAffinityTerm }) => podAffinityTerm.labelSelector),
        ...topologySpreadConstraints.map(({ labelSelector }) => labelSelector),
      ];
      expect(all).toHaveLength(3);
      for (const { matchLabels } of all) expect(selected(matchLabels)).toEqual([nameOf(deployment)]);
    }
  });

  it('of a PodDisruptionBudget are for one Deployment’s pods, and each Deployment has one', () => {
    const budgets = of<Manifest & { readonly spec: { readonly selector: Selector } }>('PodDisruptionBudget');
    expect(budgets.map(nameOf)).toEqual(names);
    for (const { metadata, spec } of budgets)
      expect(selected(spec.selector.matchLabels)).toEqual([metadata.name]);
  });

  it('of the NetworkPolicy and of the Service for metrics are for the pods of all', () => {
    const policies = of<{ readonly spec: { readonly podSelector: Selector } }>('NetworkPolicy');
    const services = of<{ readonly spec: { readonly selector: Labels } }>('Service');
    const all = [
      ...policies.map(({ spec }) => spec.podSelector.matchLabels),
      ...services.map(({ spec }) => spec.selector),
    ];
    expect(all).toHaveLength(2);
    for (const labels of all) expect(selected(labels)).toEqual(names);
  });
});

it('of the base has the pods of no shard that is added: no selector of a Deployment ever changes', async () => {
  const [base, sharded] = await Promise.all([renderOverlay(), renderOverlay(SHARDED_OVERLAY)]);
  const selectorIn = (manifests: readonly Manifest[]) =>
    (
      manifests.find(
        ({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'azid-controller',
      ) as unknown as Workload
    ).spec.selector;
  expect(selectorIn(base)).toEqual(selectorIn(sharded));
});
