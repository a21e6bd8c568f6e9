import { writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { temporaryFolder } from '../../src/sandbox/apiserver/temporary-folder.fixture.ts';
import {
  buildHelm,
  CHART,
  KUBE,
  type Manifest,
  named,
  OVERLAY,
  ROOT,
  readText,
  renderChart,
  renderOverlay,
  SHARDED_OVERLAY,
} from './tools.ts';

/** The chart gives the same objects as kustomize, and says what it cannot do with a value. */

let helm: Awaited<ReturnType<typeof buildHelm>>;
beforeAll(async () => {
  helm = await buildHelm();
}, 900_000);

/** What Helm itself puts on the objects of a release, and nothing else does. */
const OF_A_RELEASE = ['app.kubernetes.io/instance', 'app.kubernetes.io/managed-by', 'helm.sh/chart'];
const KEEP = 'helm.sh/resource-policy';

function withoutRelease(manifest: Manifest): Manifest {
  const { labels = {}, annotations = {}, ...metadata } = manifest.metadata;
  const kept = (from: Readonly<Record<string, string>>, drop: readonly string[]) =>
    Object.fromEntries(Object.entries(from).filter(([name]) => !drop.includes(name)));
  const [ownLabels, ownAnnotations] = [kept(labels, OF_A_RELEASE), kept(annotations, [KEEP])];
  return {
    ...manifest,
    metadata: {
      ...metadata,
      ...(Object.keys(ownLabels).length > 0 && { labels: ownLabels }),
      ...(Object.keys(ownAnnotations).length > 0 && { annotations: ownAnnotations }),
    },
  };
}

const byName = (manifests: readonly Manifest[]) =>
  Object.fromEntries(manifests.map((each) => [named(each), each]));

const one = (manifests: readonly Manifest[], name: string): Manifest => {
  const found = manifests.find((each) => named(each) === name);
  if (!found) throw new Error(`expected ${name}, found ${manifests.map(named).join(', ')}`);
  return found;
};

interface Deployment {
  readonly spec: {
    readonly replicas: number;
    readonly template: {
      readonly spec: {
        readonly volumes?: readonly unknown[];
        readonly nodeSelector?: Readonly<Record<string, string>>;
        readonly affinity?: object;
        readonly tolerations?: readonly unknown[];
        readonly containers: readonly [
          {
            readonly image: string;
            readonly env: readonly { readonly name: string; readonly value?: string }[];
          },
        ];
      };
    };
  };
}
const deploymentIn = (manifests: readonly Manifest[]) =>
  one(manifests, 'Deployment/azid-system/azid-controller') as unknown as Deployment;

it('has the objects of kustomize, field by field', async () => {
  const [chart, overlay] = await Promise.all([renderChart(helm), renderOverlay()]);
  const fromChart = byName(chart.map(withoutRelease));
  expect(Object.keys(fromChart).sort()).toEqual(overlay.map(named).sort());
  expect(fromChart).toEqual(byName(overlay));
  expect(overlay.length).toBeGreaterThan(20);
});

it('has the objects of the overlay with two shards, field by field', async () => {
  const [chart, overlay] = await Promise.all([
    renderChart(helm, '--set', 'shards={blue}'),
    renderOverlay(SHARDED_OVERLAY),
  ]);
  expect(byName(chart.map(withoutRelease))).toEqual(byName(overlay));
  const shards = overlay.filter(({ kind }) => kind === 'Deployment').map(({ metadata }) => metadata.name);
  expect(shards).toEqual(['azid-controller', 'azid-controller-blue']);
  const of = (name: string, deployments: readonly Manifest[]) =>
    (one(deployments, `Deployment/azid-system/${name}`) as unknown as Deployment).spec.template.spec
      .containers[0].env;
  for (const [name, shard] of [
    ['azid-controller', 'default'],
    ['azid-controller-blue', 'blue'],
  ] as const)
    expect(of(name, chart)).toEqual(
      expect.arrayContaining([
        { name: 'AZID_SHARD', value: shard },
        { name: 'AZID_SHARD_COUNT', value: '2' },
      ]),
    );
  // Of the base nothing changes but what the one Deployment works for.
  const base = byName(await renderOverlay());
  const ofBlue = ({ metadata }: Manifest) => metadata.labels?.['azid.dev/shard'] === 'blue';
  const rest = overlay.filter((each) => each.kind !== 'Deployment' && !ofBlue(each));
  expect(byName(rest)).toEqual(
    Object.fromEntries(Object.entries(base).filter(([name]) => !/^Deploy/.test(name))),
  );
});

it('puts the labels of the release on each object, but for the CRDs, which outlive it', async () => {
  for (const each of await renderChart(helm)) {
    const labels = OF_A_RELEASE.filter((name) => name in (each.metadata.labels ?? {}));
    expect(labels, named(each)).toEqual(each.kind === 'CustomResourceDefinition' ? [] : OF_A_RELEASE);
    const stays = ['CustomResourceDefinition', 'Namespace'].includes(each.kind);
    expect(each.metadata.annotations?.[KEEP], named(each)).toBe(stays ? 'keep' : undefined);
  }
});

it('has the labels and the port by which the monitors of deploy/observability find it', async () => {
  const manifests = await renderChart(helm);
  const service = one(manifests, 'Service/azid-system/azid-controller-metrics') as Manifest & {
    spec: { ports: readonly { name: string }[] };
  };
  const { metadata } = (deploymentIn(manifests) as unknown as { spec: { template: Manifest } }).spec.template;
  const monitors = [
    { file: 'service-monitor.yaml', labels: service.metadata.labels, ports: 'endpoints' },
    { file: 'pod-monitor.yaml', labels: metadata.labels, ports: 'podMetricsEndpoints' },
  ];
  const [port] = service.spec.ports.map(({ name }) => name);
  for (const { file, labels, ports } of monitors) {
    const { spec } = parse(await readText(`deploy/observability/${file}`));
    expect(labels, file).toMatchObject(spec.selector.matchLabels);
    expect(
      spec[ports].map((each: { port: string }) => each.port),
      file,
    ).toEqual([port]);
  }
});

it('passes helm lint', async () => {
  expect(await helm(['lint', CHART, ...KUBE, '--strict', '-f', `${CHART}/ci/example-values.yaml`])).toContain(
    '0 chart(s) failed',
  );
});

describe('a value', () => {
  const parts: readonly (readonly [set: string, missing: readonly string[]])[] = [
    ['crds.install=false', ['CustomResourceDefinition']],
    ['namespace.create=false', ['Namespace']],
    ['disruptionBudget.enabled=false', ['PodDisruptionBudget']],
    ['metricsService.enabled=false', ['Service']],
    ['networkPolicy.enabled=false', ['NetworkPolicy']],
  ];
  it.each(parts)('%s leaves out %s and nothing else', async (set, kinds) => {
    const [all, fewer] = await Promise.all([renderChart(helm), renderChart(helm, '--set', set)]);
    const expected = all.filter(({ kind }) => !kinds.includes(kind));
    expect(byName(fewer)).toEqual(byName(expected));
    expect(fewer.length).toBeLessThan(all.length);
  });

  it('alerts.install=true adds the alerts of deploy/observability, alerts.runbooks says where they are explained', async () => {
    const { spec } = parse(await readText('deploy/observability/prometheus-rules.yaml'));
    const rule = async (...set: readonly string[]) => {
      const on = await renderChart(helm, '--set', ['alerts.install=true', ...set].join(','));
      return one(on, 'PrometheusRule/azid-system/azid') as Manifest & { readonly spec: unknown };
    };
    expect((await rule()).spec).toEqual(spec);
    const elsewhere = await rule('alerts.runbooks=https://docs.example/alerts', 'alerts.labels.release=mine');
    expect(elsewhere.metadata.labels).toMatchObject({
      release: 'mine',
      'app.kubernetes.io/instance': 'azid',
    });
    const addresses = JSON.stringify(elsewhere.spec).match(/"runbook_url":"[^"#]*/g) ?? [];
    expect(addresses.length).toBeGreaterThan(20);
    expect(new Set(addresses)).toEqual(new Set(['"runbook_url":"https://docs.example/alerts']));
  });

  it('monitor.install=true adds the PodMonitor of deploy/observability, with the API of whoever reads it', async () => {
    const { apiVersion, spec } = parse(await readText('deploy/observability/pod-monitor.yaml'));
    const monitor = async (...set: readonly string[]) =>
      one(
        await renderChart(helm, '--set', ['monitor.install=true', ...set].join(',')),
        'PodMonitor/azid-system/azid',
      );
    expect(await monitor()).toMatchObject({ apiVersion, spec });
    expect(
      await monitor('monitor.apiVersion=azmonitoring.coreos.com/v1', 'monitor.labels.release=mine'),
    ).toMatchObject({
      apiVersion: 'azmonitoring.coreos.com/v1',
      metadata: { labels: { release: 'mine', 'app.kubernetes.io/instance': 'azid' } },
      spec,
    });
  });

  it('dashboard.install=true adds the dashboard of deploy/observability, as Grafana’s sidecar finds it', async () => {
    const manifests = await renderChart(helm, '--set', 'dashboard.install=true');
    const found = one(manifests, 'ConfigMap/azid-system/azid-dashboard') as Manifest & {
      readonly data: Readonly<Record<string, string>>;
    };
    expect(found.metadata.labels).toMatchObject({ grafana_dashboard: '1' });
    expect(found.data['azid.json']).toBe(await readText('deploy/observability/dashboard.json'));
  });

  it('rbac.tenants=false leaves teams to the administrator, rbac.viewPolicies=false one binding', async () => {
    const all = (await renderChart(helm)).map(named);
    const lacks = async (set: string) => {
      const fewer = (await renderChart(helm, '--set', set)).map(named);
      return all.filter((name) => !fewer.includes(name));
    };
    expect(await lacks('rbac.tenants=false')).toEqual([
      'ClusterRole/azid-edit',
      'ClusterRole/azid-view',
      'ClusterRole/azid-view-policies',
      'ClusterRoleBinding/azid-view-policies',
    ]);
    expect(await lacks('rbac.viewPolicies=false')).toEqual(['ClusterRoleBinding/azid-view-policies']);
  });

  it('rbac.outputs=none leaves out the one binding, as the component of kustomize does', async () => {
    await using folder = await temporaryFolder();
    // kustomize takes no absolute path.
    const from = (path: string) => relative(folder.path, `${ROOT}/${path}`);
    const components = [from('deploy/kustomize/components/outputs-where-bound')];
    const overlay = { resources: [from(OVERLAY)], components };
    await writeFile(folder.file('kustomization.yaml'), stringify(overlay));
    const [chart, kustomized, all] = await Promise.all([
      renderChart(helm, '--set', 'rbac.outputs=none'),
      renderOverlay(folder.path),
      renderOverlay(),
    ]);
    expect(byName(chart.map(withoutRelease))).toEqual(byName(kustomized));
    const left = kustomized.map(named);
    expect(all.map(named).filter((name) => !left.includes(name))).toEqual([
      'ClusterRoleBinding/azid-controller-outputs',
    ]);
  });

  it('puts the release into another namespace, ServiceAccount and bindings with it', async () => {
    const manifests = await renderChart(helm, '--namespace', 'elsewhere');
    expect(JSON.stringify(manifests.filter(({ kind }) => kind !== 'CustomResourceDefinition'))).not.toContain(
      'azid-system',
    );
  });

  it('of the controller ends up in its pod', async () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const manifests = await renderChart(
      helm,
      ...['--set', 'replicas=3', '--set', `image.digest=${digest}`, '--set', 'image.tag=0.2.0'],
      ...['--set', 'nodeSelector.agentpool=system'],
      ...['--set-json', 'env=[{"name":"AZID_SIGN_INS","value":"true"}]'],
      ...['--set-json', 'tolerations=[{"key":"CriticalAddonsOnly","operator":"Exists"}]'],
    );
    const { replicas, template } = deploymentIn(manifests).spec;
    const [{ image, env }] = template.spec.containers;
    expect([replicas, image]).toEqual([3, `registry.example/azid:0.2.0@${digest}`]);
    expect(env.at(-1)).toEqual({ name: 'AZID_SIGN_INS', value: 'true' });
    expect(template.spec.nodeSelector).toEqual({ 'kubernetes.io/os': 'linux', agentpool: 'system' });
    expect(template.spec.tolerations).toEqual([{ key: 'CriticalAddonsOnly', operator: 'Exists' }]);
  });

  it('azure.credential=managed-identity asks for no token, and lets the pod ask the machine', async () => {
    const set = ['azure.credential=managed-identity', 'azure.clientId='];
    const manifests = await renderChart(helm, ...set.flatMap((each) => ['--set', each]));
    const { spec } = deploymentIn(manifests).spec.template;
    expect(spec.volumes).toBeUndefined();
    const names = (of: readonly Manifest[]) =>
      deploymentIn(of).spec.template.spec.containers[0].env.map(({ name }) => name);
    const [before, after] = [names(await renderChart(helm)), names(manifests)];
    expect(before.filter((name) => !after.includes(name))).toEqual([
      'AZURE_CLIENT_ID',
      'AZURE_FEDERATED_TOKEN_FILE',
    ]);
    expect(after.filter((name) => !before.includes(name))).toEqual(['AZID_CREDENTIAL']);
    expect(JSON.stringify(one(manifests, 'NetworkPolicy/azid-system/azid-controller'))).toContain(
      '169.254.169.254/32',
    );
  });

  it('shards names each as text, also one that YAML would read as a number', async () => {
    const manifests = await renderChart(helm, '--set-json', 'shards=["1"]');
    expect(one(manifests, 'Deployment/azid-system/azid-controller-1')).toMatchObject({
      metadata: { labels: { 'azid.dev/shard': '1' } },
      spec: { selector: { matchLabels: { 'azid.dev/shard': '1' } } },
    });
  });

  it('networkPolicy.metricsFrom, empty, lets nobody in', async () => {
    const manifests = await renderChart(helm, '--set-json', 'networkPolicy.metricsFrom=[]');
    expect(one(manifests, 'NetworkPolicy/azid-system/azid-controller')).toMatchObject({
      spec: { ingress: [] },
    });
  });

  it('extraObjects are installed as they are, as text with templates in it', async () => {
    const policy = { apiVersion: 'azid.dev/v1alpha1', kind: 'IdentityPolicy', metadata: { name: 'shop' } };
    const text = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: "of-{{ .Release.Name }}"';
    const set = JSON.stringify([policy, text]);
    const manifests = await renderChart(helm, '--set-json', `extraObjects=${set}`);
    expect(manifests.map(named)).toEqual(
      expect.arrayContaining(['IdentityPolicy/shop', 'ConfigMap/of-azid']),
    );
  });
});

describe('a wrong value is refused', () => {
  it.each([
    ['that nobody knows', ['replica=3'], /replica/],
    ['of a group that nobody knows', ['image.name=azid'], /image.*name/s],
    ['that is no id', ['azure.tenantId=contoso'], /azure.*tenantId.*pattern/s],
    ['of another type', ['replicas=two'], /replicas.*integer/s],
    ['that is no name of a shard', ['shards={Team A}'], /shards.*pattern/s],
    ['that names a shard twice', ['shards={blue,blue}'], /shards.*items at 0 and 1 are equal/s],
    [
      'that names the shard that is there anyway',
      ['shards={default}'],
      /shards: expected the names of the shards beside default/,
    ],
    ['that is none of the choices', ['azure.credential=secret'], /credential.*workload-identity/s],
    ['that is none of the choices for outputs', ['rbac.outputs=some'], /rbac.*outputs.*cluster/s],
    [
      'that is missing: the tenant',
      ['azure.tenantId='],
      /azure\.tenantId: expected the id of the Entra tenant, got none/,
    ],
    [
      'that is missing: the identity',
      ['azure.clientId='],
      /azure\.clientId: expected the client id of azid's own identity, got none/,
    ],
  ])('%s', async (_, set, message) => {
    const refused = renderChart(helm, ...set.flatMap((each) => ['--set', each]));
    await expect(refused).rejects.toThrow(message);
  });
});

it('the schema describes each value, and values.yaml has each by default', async () => {
  const values: unknown = parse(await readText(`${CHART}/values.yaml`));
  const schema = JSON.parse(await readText(`${CHART}/values.schema.json`)) as Schema;
  const strange: string[] = [];
  const compare = (each: Schema, value: unknown, path: string) => {
    if (!each.description) strange.push(`${path} has no description`);
    if (!each.properties) return;
    const given = Object.keys(value as object);
    expect(given.toSorted(), path).toEqual(Object.keys(each.properties).toSorted());
    for (const name of given)
      compare(each.properties[name] as Schema, (value as Record<string, unknown>)[name], `${path}.${name}`);
  };
  compare(schema, values, 'values');
  expect(strange).toEqual([]);
});

interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
}
