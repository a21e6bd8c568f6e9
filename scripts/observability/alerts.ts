/** The rules of `deploy/observability/prometheus-rules.yaml`, as they stand there. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../docs/markdown.ts';

export const RULES_FILE = 'deploy/observability/prometheus-rules.yaml';

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: {
    readonly summary: string;
    readonly description: string;
    /** The address of a heading on the site of the documents: `scripts/docs/site/address.ts`. */
    readonly runbook_url: string;
  };
}

export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly AlertRule[];
}

export async function ruleGroups(): Promise<readonly RuleGroup[]> {
  const text = await readFile(join(ROOT, RULES_FILE), 'utf8');
  return (parse(text) as { spec: { groups: readonly RuleGroup[] } }).spec.groups;
}

export async function alertRules(): Promise<readonly AlertRule[]> {
  return (await ruleGroups()).flatMap(({ rules }) => rules);
}
