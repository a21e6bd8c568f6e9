import { expect, test } from 'vitest';
import { startHostStage } from '../hosts/stage.fixture.ts';
import type { Operation } from './operation.ts';
import { Router } from './router.ts';

const operation = (
  id: string,
  method: Operation['method'],
  pattern: string,
  apiVersions = ['v1'],
): Operation => ({
  id,
  method,
  pattern,
  apiVersions,
  resourceType: `Ns/${id}`,
  action: '',
  handle: () => ({ status: 200 }),
});

const router = new Router([
  operation('thing', 'GET', '/subscriptions/{s}/providers/Ns/things/{name}'),
  operation('note', 'GET', '{+scope}/providers/Ns/notes/{name}', ['v1', 'v2']),
  operation('noteOfNote', 'GET', '{+scope}/providers/Ns/notes/{name}/more'),
]);

test('placeholders keep the case as sent, patterns match without case', () => {
  expect(router.find('GET', '/SUBSCRIPTIONS/Sub/providers/ns/Things/Name')).toMatchObject({
    operation: { id: 'thing' },
    params: { s: 'Sub', name: 'Name' },
  });
});

test('a scope may be anything, also the root, and is taken up to the last such type', () => {
  expect(router.find('GET', '/providers/Ns/notes/n1')?.params).toEqual({ scope: '', name: 'n1' });
  expect(router.find('GET', '/a/b/providers/Ns/notes/n1')?.params).toEqual({ scope: '/a/b', name: 'n1' });
  expect(router.find('GET', '/a/providers/Ns/notes/n1/providers/Ns/notes/n2')?.params).toEqual({
    scope: '/a/providers/Ns/notes/n1',
    name: 'n2',
  });
});

test('a pattern takes whole segments only', () => {
  expect(router.find('GET', '/subscriptions/s/providers/Ns/things/a/b')).toBeUndefined();
  expect(router.find('POST', '/providers/Ns/notes/n1')).toBeUndefined();
});

test('a version that is not served is refused with those that are', () => {
  expect(router.route('GET', '/providers/Ns/notes/n1', 'V2').operation.id).toBe('note');
  expect(() => router.route('GET', '/providers/Ns/notes/n1', 'v3')).toThrow(
    "The resource type 'note' could not be found in the namespace 'Ns' for api version 'v3'. The supported api-versions are: 'v1,v2'.",
  );
});

test('each operation of the simulator is found by a path of its own, in any case and with any end', async () => {
  await using stage = await startHostStage();
  const operations = stage.simulator.operations();
  const all = new Router(operations);
  const lost = operations.filter(({ method, pattern }) => {
    const path = pattern.replaceAll('{+scope}', '/subscriptions/s').replaceAll(/\{\+?\w+\}/g, 'x');
    return [path, `${path.toUpperCase()}/`].some((each) => all.find(method, each) === undefined);
  });
  expect(operations.length).toBeGreaterThan(100);
  expect(lost).toEqual([]);
});
