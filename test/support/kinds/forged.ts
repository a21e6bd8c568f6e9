import { z } from 'zod';
import type { KindSchema } from '../../../src/api/schema/kind.ts';
import type { KubeObject } from '../../../src/kube/types.ts';

/**
 * Every way to alter one field of a status, told from the schema of its kind: a field that is new is altered as well,
 * without anybody's thinking of it.
 */

type Schema = Readonly<Record<string, unknown>> & {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
};

export interface Alteration {
  /** For messages: `coordinates.name = …`. */
  readonly name: string;
  /** The name of the field that is altered, without its place. */
  readonly leaf: string;
  /** The whole status with the field altered. */
  readonly status: object;
}

/** What a forger would put into a field, by its name and what stands there. */
export type Forge = (leaf: string, schema: Schema, before: unknown) => readonly unknown[];

export function schemaOf(kind: KindSchema<KubeObject>): Schema {
  return z.toJSONSchema(kind.status, { target: 'openapi-3.0', io: 'input' }) as Schema;
}

/** Each field set to something else, and each one removed; fields of list items in the first item. */
export function alterationsOf(schema: Schema, status: object, forge: Forge): readonly Alteration[] {
  const found: Alteration[] = [];
  const request = (path: readonly (string | number)[], node: Schema, value: unknown) => {
    const leaf = String(path.filter((part) => typeof part === 'string').at(-1) ?? '');
    const shown = path.join('.');
    const put = (to: unknown) =>
      found.push({
        name: to === undefined ? `${shown} removed` : `${shown} = ${JSON.stringify(to)?.slice(0, 120)}`,
        leaf,
        status: withValue(status, path, to) as object,
      });
    if (path.length > 0 && value !== undefined) put(undefined);
    if (node.type === 'object' && node.properties) {
      const given = value ?? (path.length > 0 ? sampleOf(node, leaf, forge) : {});
      if (value === undefined && path.length > 0) put(given);
      else
        for (const [name, child] of Object.entries(node.properties))
          request([...path, name], child, (given as Record<string, unknown>)[name]);
      return;
    }
    if (node.type === 'array' && node.items) {
      const list = (value ?? []) as readonly unknown[];
      const more = sampleOf(node.items, leaf, forge);
      if (list.length > 0) put([]);
      put([...list, more]);
      if (list.length > 0 && node.items.type === 'object') request([...path, 0], node.items, list[0]);
      else if (list.length > 0) put([more, ...list.slice(1)]);
      return;
    }
    for (const each of forge(leaf, node, value)) if (each !== value) put(each);
  };
  request([], schema, status);
  return found;
}

/** Something that the schema takes. */
function sampleOf(node: Schema, leaf: string, forge: Forge): unknown {
  if (node.type === 'object')
    return Object.fromEntries(
      Object.entries(node.properties ?? {}).map(([name, child]) => [name, sampleOf(child, name, forge)]),
    );
  if (node.type === 'array') return node.items ? [sampleOf(node.items, leaf, forge)] : [];
  const [first = 'x'] = forge(leaf, node, undefined);
  return first;
}

function withValue(whole: unknown, [first, ...rest]: readonly (string | number)[], to: unknown): unknown {
  if (first === undefined) return to;
  if (Array.isArray(whole)) return whole.map((each, at) => (at === first ? withValue(each, rest, to) : each));
  const { [first]: before, ...others } = (whole ?? {}) as Record<string, unknown>;
  const next = withValue(before, rest, to);
  return next === undefined ? others : { ...others, [first]: next };
}

/**
 * Values of the ordinary kinds.
 *
 * @param known by the name of a field, what a forger who wants something would write there
 */
export function forger(known: Readonly<Record<string, readonly unknown[]>>): Forge {
  return (leaf, schema, before) => {
    if (known[leaf]) return known[leaf];
    if (schema.enum) return schema.enum.filter((each) => each !== before);
    switch (schema.type) {
      case 'boolean':
        return [before !== true];
      case 'integer':
        return [typeof before === 'number' ? before + 1 : 7];
      default:
        return schema.format === 'date-time'
          ? ['2001-02-03T04:05:06Z', '2099-02-03T04:05:06Z']
          : [`${typeof before === 'string' ? before.slice(0, 20) : ''}Forged`];
    }
  };
}

/** The merge patch that makes a status say this: members that are not in it go. */
export function patchTo(before: object, after: object): object {
  const gone = Object.keys(before).filter((name) => !(name in after));
  const nested = Object.entries(after).map(([name, value]) => {
    const was = (before as Record<string, unknown>)[name];
    const both = isMembers(value) && isMembers(was);
    return [name, both ? patchTo(was, value) : value];
  });
  return { ...Object.fromEntries(nested), ...Object.fromEntries(gone.map((name) => [name, null])) };
}

function isMembers(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
