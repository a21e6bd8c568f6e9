import { expect, it } from 'vitest';
import { KINDS as SCHEMAS } from '../api/index.ts';
import { KINDS } from './registry.ts';

it('every kind that has a schema is reconciled, under names of its own', () => {
  const kinds = (all: readonly { readonly resource: { readonly kind: string } }[]) =>
    all.map(({ resource }) => resource.kind).toSorted();
  expect(kinds(KINDS)).toEqual(kinds(SCHEMAS));
  for (const names of [KINDS.map(({ name }) => name), KINDS.map(({ store }) => store.name)])
    expect(new Set(names).size).toBe(KINDS.length);
});
