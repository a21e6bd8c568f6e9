/** A template as Azure Resource Manager takes it, as far as it is written here. */
export interface Template {
  readonly $schema: string;
  readonly contentVersion: string;
  readonly metadata: object;
  readonly parameters?: Readonly<Record<string, object>>;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly resources: readonly object[];
  readonly outputs?: Readonly<Record<string, object>>;
}

const SCHEMA = 'https://schema.management.azure.com/schemas';
export const SCHEMAS = {
  resourceGroup: `${SCHEMA}/2019-04-01/deploymentTemplate.json#`,
  subscription: `${SCHEMA}/2018-05-01/subscriptionDeploymentTemplate.json#`,
} as const;

export const DEPLOYMENTS = 'Microsoft.Resources/deployments';
/** Of the deployments that modules become. */
export const DEPLOYMENTS_VERSION = '2025-04-01';

/** A text as it stands in an expression. */
export const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** An expression as a value of JSON; a text that is only quoted needs no brackets. */
export function bare(text: string): string {
  const plain = /^'([^'[]*)'$/.exec(text)?.[1];
  return plain ?? `[${text}]`;
}
