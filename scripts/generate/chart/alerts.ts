/** The alerts as a template of the Helm chart: what stands in `deploy/observability`, with the runbooks' address as a value. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../../docs/markdown.ts';
import { runbookAddress } from '../../docs/site/address.ts';
import { RULES_FILE } from '../../observability/alerts.ts';
import { yaml } from '../crds.ts';
import { type GeneratedFile, HEADERS } from '../file.ts';
import { withRunbooks } from './runbooks.ts';

interface PrometheusRule {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: object;
}

export async function chartAlerts(): Promise<GeneratedFile> {
  const address = await runbookAddress();
  const text = withRunbooks(await readFile(join(ROOT, RULES_FILE), 'utf8'), address);
  const { apiVersion, kind, metadata, spec } = parse(text) as PrometheusRule;
  // Prometheus' own templates are none of Helm's.
  const rules = yaml({ spec })
    .replaceAll('{{', '{{ "{{" }}')
    .replaceAll(address, '{{ $.Values.alerts.runbooks }}');
  return {
    path: 'deploy/helm/azid/templates/prometheus-rule.yaml',
    text: `${HEADERS.alerts}{{- if .Values.alerts.install }}
apiVersion: ${apiVersion}
kind: ${kind}
metadata:
  name: ${metadata.name}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "azid.labels" . | nindent 4 }}
    {{- with .Values.alerts.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
${rules}{{- end }}
`,
  };
}
