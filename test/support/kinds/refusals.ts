import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import { parse } from 'yaml';
import { KINDS } from '../../../src/api/index.ts';
import type { Cluster } from '../testbed.ts';

/** What the API server says of a value that the CRDs do not take: each message names the field and what was expected. */

export const long = (length: number) => 'n'.repeat(length);

/** What is said of a text that does not look as it must: see `src/api/schema/cel-rules.ts`. */
export const shape = (field: string, value: string, expected: string, remedy?: string) =>
  `${field}: Invalid value: ${JSON.stringify(value)}: expected ${expected}, got '${value}'${remedy === undefined ? '' : `; ${remedy}`}`;
/** The same where the schema keeps its pattern beside the words: the pattern comes first. */
export const both = (field: string, value: string, expected: string, remedy?: string) =>
  expect.stringMatching(
    new RegExp(
      `^${literal(`${field}: Invalid value: "${value}": ${field} in body should match '`)}.*${literal(`, ${shape(field, value, expected, remedy)}`)}\\]?$`,
    ),
  ) as string;
const literal = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
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

/**
 * What the API server says, without the object's name before it and its word on rules it did not come to after it. In full:
 * azid's own client cuts what it is told.
 */
export async function refusal(
  cluster: Cluster,
  kind: string,
  metadata: { name: string; namespace?: string },
  spec: object,
): Promise<string> {
  const resource = KINDS.find((each) => each.resource.kind === kind)?.resource;
  if (!resource) throw new Error(`there is no kind ${kind}`);
  const { name, namespace } = metadata;
  const place = namespace === undefined ? '' : `/namespaces/${namespace}`;
  const path = `/apis/azid.dev/v1alpha1${place}/${resource.plural}/${name}?fieldManager=user&force=true`;
  const object = { apiVersion: 'azid.dev/v1alpha1', kind, metadata, spec };
  const { status, body } = await applied(cluster, path, object);
  if (status < 400) throw new Error(`expected the API server to refuse the ${kind}, it took it`);
  const { message } = JSON.parse(body) as { readonly message: string };
  const said = message
    .replace(/^.*?(is invalid: |Kind=\w+\): )/s, '')
    .replace(/, <nil>: Invalid value: null: some validation rules were not checked.*?(\]?)$/s, '$1');
  return said.startsWith('[') ? said.slice(1, -1) : said;
}

/** Server-side apply as the administrator of the test's cluster. */
async function applied(
  { plane }: Cluster,
  path: string,
  object: object,
): Promise<{ readonly status: number; readonly body: string }> {
  const { users } = parse(await readFile(plane.kubeconfigPath, 'utf8')) as {
    users: readonly [{ user: { readonly token: string } }];
  };
  const sent = request(`${plane.server}${path}`, {
    method: 'PATCH',
    headers: {
      'content-type': 'application/apply-patch+yaml',
      authorization: `Bearer ${users[0].user.token}`,
    },
    ca: plane.caPem,
  });
  sent.end(JSON.stringify(object));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, body: await text(response) };
}

/** The names of all properties of a schema, at every depth. */
export function namesIn(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) =>
    key === 'properties' ? [...Object.keys(value), ...Object.values(value).flatMap(namesIn)] : namesIn(value),
  );
}
