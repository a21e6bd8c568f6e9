import { beforeEach, describe, expect, it } from 'vitest';
import { SHARD_LABEL } from '../../api/schema/shard.ts';
import type { Namespace } from '../../kube/builtin.ts';
import { Store } from '../../kube/informer/store.ts';
import { Membership } from './membership.ts';

let store: Store<Namespace>;
let membership: Membership;
let wanted: number;
let leaving: { readonly name: string; over(): void }[];

const namespace = (name: string, version: number, shard?: string): Namespace =>
  ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name,
      uid: `uid-${name}`,
      resourceVersion: String(version),
      ...(shard !== undefined && { labels: { [SHARD_LABEL]: shard } }),
    },
  }) as unknown as Namespace;
const put = (...given: Parameters<typeof namespace>) =>
  store.take({ type: 'apply', object: namespace(...given) });
const gone = (...given: Parameters<typeof namespace>) =>
  store.take({ type: 'delete', object: namespace(...given) });
const begin = (shard = 'blue') => {
  membership = new Membership({
    shard,
    namespaces: store,
    onWanted: () => wanted++,
    letGo: (name) => new Promise((resolve) => leaving.push({ name, over: resolve })),
  });
};
const turn = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  store = new Store();
  [wanted, leaving] = [0, []];
});

describe('which namespaces are wanted', () => {
  it('those whose label names the shard; those without one are of the shard default', () => {
    for (const [name, shard] of [
      ['a', 'blue'],
      ['b', 'green'],
      ['c', undefined],
      ['d', 'default'],
      ['e', ''],
    ] as const)
      put(name, 1, shard);
    begin();
    expect([...membership.wanted.keys()]).toEqual(['a']);
    begin('default');
    expect([...membership.wanted.keys()]).toEqual(['c', 'd', 'e']);
  });

  it('in the version that they have now, until they are taken in just that one', () => {
    put('a', 1, 'blue');
    begin();
    put('a', 4, 'blue');
    expect([...membership.wanted]).toEqual([['a', '4']]);
    expect([membership.take('a', '1'), membership.has('a')]).toEqual([false, false]);
    expect([membership.take('a', '4'), membership.has('a')]).toEqual([true, true]);
    expect(membership.wanted.size).toBe(0);
    expect(membership.take('a', '4')).toBe(false);
  });

  it('not those that another label, or their end, takes away before', () => {
    begin();
    put('a', 1, 'blue');
    put('b', 2, 'blue');
    expect(wanted).toBe(2);
    put('a', 3, 'green');
    gone('b', 4, 'blue');
    expect(membership.wanted.size).toBe(0);
    expect(leaving).toEqual([]);
  });
});

describe('what it has seen', () => {
  it('is the newest version of all that it has read', () => {
    put('a', 3, 'green');
    begin();
    expect(membership.seen).toBe('3');
    put('b', 12, 'green');
    expect(membership.seen).toBe('12');
    gone('b', 15, 'green');
    put('a', 20, 'green');
    expect(membership.seen).toBe('20');
  });

  it('stays behind a version that takes a namespace away, until nothing of that runs any more', async () => {
    put('a', 1, 'blue');
    begin();
    membership.take('a', '1');
    put('a', 7, 'green');
    expect([membership.has('a'), membership.seen]).toEqual([false, '1']);
    put('b', 9, 'green');
    expect(membership.seen).toBe('1');
    leaving[0]?.over();
    await turn();
    expect(membership.seen).toBe('9');
  });

  it('stays behind as well when the label came back meanwhile: what was let go is had anew', async () => {
    put('a', 1, 'blue');
    begin();
    membership.take('a', '1');
    put('a', 7, 'green');
    put('a', 8, 'blue');
    expect([membership.has('a'), membership.seen, membership.wanted.size]).toEqual([false, '1', 0]);
    leaving[0]?.over();
    await turn();
    expect([membership.has('a'), membership.seen]).toEqual([false, '8']);
    expect([...membership.wanted]).toEqual([['a', '8']]);
    expect(leaving).toHaveLength(1);
  });

  it('goes back with a cluster that was restored: a version that comes then was not seen before', () => {
    put('a', 30, 'green');
    put('b', 40, 'green');
    begin();
    expect(membership.seen).toBe('40');
    const objects = [namespace('a', 3, 'green'), namespace('b', 4, 'green')];
    store.take({ type: 'replace', objects, resourceVersion: '5', rewound: true });
    expect(membership.seen).toBe('4');
    put('a', 7, 'blue');
    expect(membership.seen).toBe('7');
  });

  it('a namespace that is gone is let go like one that moves', async () => {
    put('a', 1, 'blue');
    begin();
    membership.take('a', '1');
    gone('a', 5, 'blue');
    expect([membership.has('a'), membership.seen]).toEqual([false, '1']);
    leaving[0]?.over();
    await turn();
    expect([membership.seen, membership.wanted.size]).toEqual(['1', 0]);
  });
});
