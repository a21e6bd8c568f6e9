import type { Cluster } from './testbed.ts';

/** What the API server says of a value that the CRDs do not take: each message names the field and what was expected. */

export const long = (length: number) => 'n'.repeat(length);

/** @param expected the pattern as the API server writes it: in quotes, every slash escaped */
export const pattern = (field: string, value: string, expected: string) =>
  `${field}: Invalid value: "${value}": ${field} in body should match ${expected}`;
export const short = (field: string, value: string, least: number) =>
  `${field}: Invalid value: "${value}": ${field} in body should be at least ${least} chars long`;
export const tooLong = (field: string, most: number) =>
  `${field}: Too long: may not be more than ${most} bytes`;
export const oneOf = (field: string, value: string, ...values: string[]) =>
  `${field}: Unsupported value: "${value}": supported values: ${values.map((each) => `"${each}"`).join(', ')}`;
export const fewItems = (field: string) =>
  `${field}: Invalid value: 0: ${field} in body should have at least 1 items`;
/** Structured merge tells of a value of another type before the schema does. */
export const notA = (type: string, field: string, value: string) =>
  `.${field}: expected ${type}, got &{${value}}`;

/** What the API server says, without the object's name before it and its word on rules it did not come to after it. */
export async function refusal(
  cluster: Cluster,
  kind: string,
  metadata: { name: string; namespace?: string },
  spec: object,
): Promise<string> {
  try {
    await cluster.apply({ apiVersion: 'azid.dev/v1alpha1', kind, metadata, spec });
  } catch (error) {
    return (error as Error).message
      .replace(/^.*?(is invalid: |Kind=\w+\): )\[?/, '')
      .replace(/, <nil>: Invalid value: null: some validation rules were not checked.*$/, '');
  }
  throw new Error(`expected the API server to refuse the ${kind}, it took it`);
}

/** The names of all properties of a schema, at every depth. */
export function namesIn(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) =>
    key === 'properties' ? [...Object.keys(value), ...Object.values(value).flatMap(namesIn)] : namesIn(value),
  );
}
