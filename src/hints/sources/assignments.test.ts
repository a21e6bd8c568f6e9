import { expect, test } from 'vitest';
import type { EventSource } from '../../api/event-source.ts';
import { assignmentsOf } from './assignments.ts';

const SUFFIX = 'servicebus.windows.net';
const source = (
  name: string,
  {
    namespace = 'contoso.servicebus.windows.net',
    queue = 'events',
    suspend = false,
    born = '2026-11-23T10:00:00Z',
    ...metadata
  }: {
    namespace?: string;
    queue?: string;
    suspend?: boolean;
    born?: string;
    deletionTimestamp?: string;
  } = {},
): EventSource => ({
  kind: 'EventSource',
  apiVersion: 'azid.dev/v1alpha1',
  metadata: { name, uid: `uid-${name}`, resourceVersion: '1', creationTimestamp: born, ...metadata },
  spec: { serviceBus: { namespace, queue }, suspend },
});
const types = (...sources: EventSource[]) =>
  Object.fromEntries([...assignmentsOf(sources, SUFFIX)].map(([key, { type }]) => [key, type]));
const LATER = { born: '2026-11-23T10:00:01Z' };

test('queues of several regions are all received from, by hosts in lower case', () => {
  const a = source('a', { namespace: 'Contoso.ServiceBus.Windows.net' });
  const b = source('b', { namespace: 'fabrikam.servicebus.windows.net' });
  const c = source('c', { queue: 'more' });
  expect(types(a, b, c)).toEqual({ a: 'receives', b: 'receives', c: 'receives' });
  expect(assignmentsOf([a], SUFFIX).get('a')).toEqual({
    type: 'receives',
    address: { namespace: 'contoso.servicebus.windows.net', queue: 'events' },
  });
});

test('of several with one queue, in any letter case, the oldest receives, in any order of arrival', () => {
  const old = source('old');
  const young = source('young', { ...LATER, queue: 'EVENTS' });
  for (const order of [
    [old, young],
    [young, old],
  ])
    expect(assignmentsOf(order, SUFFIX).get('young')).toEqual({ type: 'taken', by: 'old' });
});

test('among those of one second the uid decides', () => {
  expect(types(source('b'), source('a'))).toEqual({ a: 'receives', b: 'taken' });
});

test.each([
  ['suspended', { suspend: true }],
  ['deleted', { deletionTimestamp: '2026-11-24T10:00:00Z' }],
  ['of another cloud', { namespace: 'contoso.servicebus.chinacloudapi.cn' }],
])('one that is %s keeps no queue from others', (_, how) => {
  expect(types(source('old', how), source('young', LATER)).young).toBe('receives');
});

test.each([
  'contoso.servicebus.usgovcloudapi.net',
  'contoso.servicebus.windows.net.evil.example',
  'evilservicebus.windows.net',
  'servicebus.windows.net',
])('no token goes to %s', (namespace) => {
  expect(types(source('a', { namespace }))).toEqual({ a: 'otherCloud' });
});
