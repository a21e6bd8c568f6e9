import { expect, test } from 'vitest';
import { splitTarget } from './message.ts';

test('slashes are collapsed in what is logged and in what is matched', () => {
  const { path, target } = splitTarget('//subscriptions/s//providers/x?a=b//c');
  expect(path).toBe('/subscriptions/s/providers/x');
  expect(target).toBe('/subscriptions/s/providers/x?a=b//c');
});

test('queries are decoded and their names are without case: $filter and %24filter are one', () => {
  const read = (raw: string) => splitTarget(raw).query.get('$filter');
  expect(read("/x?$filter=principalId%20eq%20'1'")).toBe("principalId eq '1'");
  expect(read("/x?%24Filter=principalId+eq+'1'")).toBe("principalId eq '1'");
});

test('paths are decoded; a stray percent sign does not break them', () => {
  expect(splitTarget('/resourceGroups/a%20b').path).toBe('/resourceGroups/a b');
  expect(splitTarget('/resourceGroups/100%').path).toBe('/resourceGroups/100%');
});
