/** What of the Helm chart follows from other files: Chart.yaml, the CRDs as templates, the table of values in its README. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { KINDS } from '../../../src/api/index.ts';
import { customResourceDefinition } from '../../../src/api/schema/crd.ts';
import { ROOT } from '../../docs/markdown.ts';
import { runbookAddress } from '../../docs/site/address.ts';
import { crdFileName, yaml } from '../crds.ts';
import { type GeneratedFile, HEADERS, markdownTable } from '../file.ts';
import { chartAlerts } from './alerts.ts';
import { withRunbooks } from './runbooks.ts';

const CHART = 'deploy/helm/azid';
/** The oldest with all that the manifests name: `unhealthyPodEvictionPolicy` is stable since then. */
const OLDEST_KUBERNETES = '1.31';

export async function chartFiles(): Promise<GeneratedFile[]> {
  const product = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as Product;
  const schema = JSON.parse(await readFile(join(ROOT, CHART, 'values.schema.json'), 'utf8')) as Schema;
  const values: unknown = parse(
    withRunbooks(await readFile(join(ROOT, CHART, 'values.yaml'), 'utf8'), await runbookAddress()),
  );
  return [
    { path: `${CHART}/Chart.yaml`, text: HEADERS.chart + yaml(chart(product)) },
    { path: `${CHART}/README.md`, text: readme(valueRows(schema, values)) },
    ...crdTemplates(),
    await chartAlerts(),
  ];
}

interface Product {
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly homepage: string;
}

/** Annotations: artifacthub.io/docs/topics/annotations/helm. No capability level is claimed; signatures it finds beside the chart in its registry. */
function chart({ version, description, license, homepage }: Product): object {
  const crds = KINDS.map(({ resource, description: about }) => ({
    kind: resource.kind,
    version: resource.version,
    name: `${resource.plural}.${resource.group}`,
    displayName: resource.kind,
    description: about,
  }));
  return {
    apiVersion: 'v2',
    name: 'azid',
    description,
    type: 'application',
    version,
    appVersion: version,
    kubeVersion: `>=${OLDEST_KUBERNETES}.0-0`,
    home: homepage,
    keywords: [
      'azure',
      'managed identity',
      'workload identity',
      'federated credentials',
      'role assignments',
      'operator',
    ],
    annotations: {
      'artifacthub.io/category': 'security',
      'artifacthub.io/license': license,
      'artifacthub.io/operator': 'true',
      'artifacthub.io/crds': yaml(crds),
    },
  };
}

/**
 * In templates/, behind a flag: what stands in a chart's crds/ is never upgraded by Helm. `keep`: without its CRD every object would be
 * gone, and with it what azid knows of Azure.
 */
function crdTemplates(): GeneratedFile[] {
  return KINDS.map((kind) => {
    const crd = customResourceDefinition(kind);
    const metadata = { ...(crd.metadata as object), annotations: { 'helm.sh/resource-policy': 'keep' } };
    const text = HEADERS.yaml + asTemplate(yaml({ ...crd, metadata }));
    return { path: `${CHART}/templates/crds/${crdFileName(kind)}`, text };
  });
}

/** A text of a CRD may hold braces, which a template would take for its own. */
export function asTemplate(text: string): string {
  return `{{- if .Values.crds.install }}\n${text.replaceAll('{{', '{{ "{{" }}')}{{- end }}\n`;
}

interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** One row for each value that is not a group of others. */
export function valueRows(schema: Schema, values: unknown, path = ''): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, each]) => {
    const at = path ? `${path}.${name}` : name;
    const value = (values as Readonly<Record<string, unknown>> | undefined)?.[name];
    if (value === undefined) throw new Error(`expected values.yaml to have a default for ${at}, found none`);
    if (each.properties !== undefined) return valueRows(each, value, at);
    return [[`\`${at}\``, `\`${JSON.stringify(value)}\``, each.description ?? '']];
  });
}

function readme(rows: readonly (readonly string[])[]): string {
  return `${HEADERS.markdown}# Helm chart of azid

The same objects as \`deploy/kustomize\`. One release to a cluster: azid is the cluster's. The ids are those of azid's own identity, which docs/guides/run-on-azure.md
makes.

\`\`\`sh
kubectl apply --server-side -f deploy/kustomize/base/namespace.yaml
helm install azid deploy/helm/azid --namespace azid-system \\
  --set azure.tenantId=99999999-8888-4777-8666-555555555555 --set azure.clientId=00000000-0000-4000-8000-000000000001 \\
  --set image.repository=registry.example/azid
\`\`\`

\`helm uninstall\` leaves the CRDs, with all objects and what they stand for in Azure. What becomes of that is decided before, by \`azid uninstall\`
(docs/guides/uninstall.md).

Where kubectl installed azid before, Helm takes it over with \`--take-ownership\` (Helm 3.17 or newer). Where somebody else looks after the CRDs: \`--set crds.install=false\`.

## Values

${markdownTable(['Value', 'Default', 'Meaning'], rows)}`;
}
