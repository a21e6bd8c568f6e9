import { beforeEach, describe, expect, it } from 'vitest';
import { SHARD_LABEL } from '../../api/schema/shard.ts';
import type { Namespace } from '../../kube/builtin.ts';
import { Store } from '../../kube/informer/store.ts';
import { Membership } from './membership.ts';

let store: Store<Namespace>;
let membership: Membership;
let wanted: number;
let releasing: { readonly name: string; over(): void }[];

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
/** A list, made in `version`, of what there is. */
const relist = (version: number, objects: readonly Namespace[], rewound = false) =>
  store.take({ type: 'replace', objects, resourceVersion: String(version), rewound });
const take = (name: string, since: number, stored = since) =>
  membership.take(name, String(since), String(stored));
const gone = (...given: Parameters<typeof namespace>) =>
  store.take({ type: 'delete', object: namespace(...given) });
const begin = (shard = 'blue') => {
  membership = new Membership({
    shard,
    namespaces: store,
    onWanted: () => wanted++,
    release: (name) => new Promise((resolve) => releasing.push({ name, over: resolve })),
  });
};
const turn = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  store = new Store();
  [wanted, releasing] = [0, []];
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

  it('since the version that the label has named it from, through other patches, until they are taken', () => {
    put('a', 1, 'blue');
    begin();
    put('a', 4, 'blue');
    put('a', 6, 'blue');
    expect([...membership.wanted]).toEqual([['a', '1']]);
    expect([take('a', 1, 5), membership.has('a')]).toEqual([true, true]);
    expect(membership.wanted.size).toBe(0);
    expect(take('a', 1, 5)).toBe(false);
  });

  it('not as long as the watch is behind what is stored: another label may be on its way', () => {
    put('a', 1, 'blue');
    begin();
    expect(take('a', 1, 3)).toBe(false);
    put('a', 3, 'blue');
    expect(take('a', 1, 3)).toBe(true);
  });

  it('anew when the label went away and came back: the shard that it named may have begun', () => {
    put('a', 1, 'blue');
    begin();
    put('a', 4, 'green');
    put('a', 5, 'blue');
    expect([...membership.wanted]).toEqual([['a', '5']]);
    expect([take('a', 1, 5), take('a', 5)]).toEqual([false, true]);
  });

  it.each<readonly [string, () => void]>([
    ['a list', () => relist(9, [namespace('a', 8, 'blue')])],
    ['a list made beside the watch', () => store.catchUp([namespace('a', 8, 'blue')], '9')],
    ['an own write', () => store.recordWrite(namespace('a', 8, 'blue'))],
  ])('anew after %s, before which the label may have been away', (_, skip) => {
    put('a', 1, 'blue');
    begin();
    skip();
    expect([...membership.wanted]).toEqual([['a', '8']]);
    expect(take('a', 1, 8)).toBe(false);
    // What a list shows unchanged had no other label.
    relist(12, [namespace('a', 8, 'blue')]);
    put('a', 14, 'blue');
    expect([...membership.wanted]).toEqual([['a', '8']]);
    expect(take('a', 8, 14)).toBe(true);
  });

  it('anew when it was deleted and made again', () => {
    put('a', 1, 'blue');
    begin();
    gone('a', 3, 'blue');
    put('a', 4, 'blue');
    expect([take('a', 1, 4), [...membership.wanted]]).toEqual([false, [['a', '4']]]);
  });

  it('not by versions that cannot be ordered, unless they are equal', () => {
    store.take({ type: 'apply', object: namespace('a', 'x1' as never, 'blue') });
    begin();
    expect([take('a', 'x1' as never, 'x2' as never), take('a', 'x1' as never)]).toEqual([false, true]);
  });

  it('not those that another label, or their end, takes away before', () => {
    begin();
    put('a', 1, 'blue');
    put('b', 2, 'blue');
    expect(wanted).toBe(2);
    put('a', 3, 'green');
    gone('b', 4, 'blue');
    expect(membership.wanted.size).toBe(0);
    expect(releasing).toEqual([]);
  });
});

describe('what it has seen', () => {
  it('is the newest version of all that it has read', () => {
    put('a', 3, 'green');
    begin();
    expect(membership.seen).toEqual({ version: '3' });
    put('b', 12, 'green');
    expect(membership.seen).toEqual({ version: '12' });
    gone('b', 15, 'green');
    put('a', 20, 'green');
    expect(membership.seen).toEqual({ version: '20' });
  });

  it('stays behind a version that takes a namespace away, until nothing of that runs any more', async () => {
    put('a', 1, 'blue');
    begin();
    take('a', 1);
    put('a', 7, 'green');
    expect(membership.has('a')).toBe(false);
    expect(membership.seen).toEqual({ version: '1', but: { version: '7', releasing: ['a'] } });
    put('b', 9, 'green');
    expect(membership.seen).toEqual({ version: '1', but: { version: '9', releasing: ['a'] } });
    releasing[0]?.over();
    await turn();
    expect(membership.seen).toEqual({ version: '9' });
  });

  it('holds back those alone of which something runs, in what newer versions of azid read', async () => {
    put('a', 1, 'blue');
    put('b', 2, 'blue');
    begin();
    take('a', 1);
    take('b', 2);
    put('a', 7, 'green');
    put('b', 8, 'green');
    expect(membership.releasing).toEqual(['a', 'b']);
    releasing[1]?.over();
    await turn();
    expect(membership.seen).toEqual({ version: '2', but: { version: '8', releasing: ['a'] } });
    releasing[0]?.over();
    await turn();
    expect(membership.seen).toEqual({ version: '8' });
  });

  it('stays behind as well when the label came back meanwhile: what was released is had anew', async () => {
    put('a', 1, 'blue');
    begin();
    take('a', 1);
    put('a', 7, 'green');
    put('a', 8, 'blue');
    expect([membership.has('a'), membership.wanted.size]).toEqual([false, 0]);
    expect(membership.seen).toEqual({ version: '1', but: { version: '8', releasing: ['a'] } });
    releasing[0]?.over();
    await turn();
    expect([membership.has('a'), membership.seen]).toEqual([false, { version: '8' }]);
    expect([...membership.wanted]).toEqual([['a', '8']]);
    expect(releasing).toHaveLength(1);
  });

  it('goes back with a cluster that was restored: a version that comes then was not seen before', () => {
    put('a', 30, 'green');
    put('b', 40, 'green');
    begin();
    expect(membership.seen).toEqual({ version: '40' });
    relist(5, [namespace('a', 3, 'green'), namespace('b', 4, 'green')], true);
    expect(membership.seen).toEqual({ version: '4' });
    put('a', 7, 'blue');
    expect(membership.seen).toEqual({ version: '7' });
  });

  it('goes back as well if what was newest then is not there any more, or another one has its name', () => {
    put('a', 3, 'green');
    put('b', 40, 'green');
    begin();
    relist(9, [namespace('a', 3, 'green')], true);
    expect(membership.seen).toEqual({ version: '3' });
    put('b', 41, 'green');
    const before = { ...namespace('b', 5, 'green').metadata, uid: 'uid-before' };
    relist(10, [namespace('a', 3, 'green'), { ...namespace('b', 5), metadata: before }], true);
    expect(membership.seen).toEqual({ version: '5' });
  });

  it('stays behind what a list takes away, though another one in that list is newer and comes first', () => {
    put('a', 1, 'green');
    put('b', 2, 'blue');
    begin();
    take('b', 2);
    relist(12, [namespace('a', 11, 'green'), namespace('b', 8, 'green')]);
    expect(membership.seen).toEqual({ version: '2', but: { version: '11', releasing: ['b'] } });
  });

  it('a namespace that is gone is released like one that moves', async () => {
    put('a', 1, 'blue');
    begin();
    take('a', 1);
    gone('a', 5, 'blue');
    expect(membership.has('a')).toBe(false);
    expect(membership.seen).toEqual({ version: '1', but: { version: '1', releasing: ['a'] } });
    releasing[0]?.over();
    await turn();
    expect([membership.seen, membership.wanted.size]).toEqual([{ version: '1' }, 0]);
  });
});
