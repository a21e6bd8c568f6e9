import { describe, expect, it } from 'vitest';
import type { ConfigMap } from '../builtin.ts';
import { configMap } from '../objects.fixture.ts';
import { Store, type StoreChange } from './store.ts';

const never = new AbortController().signal;

function recorded(store = new Store<ConfigMap>()) {
  const changes: string[] = [];
  const name = (object: ConfigMap | undefined) =>
    object ? `${object.metadata.uid}@${object.metadata.resourceVersion}` : '-';
  store.onChange((change) => changes.push(`${name(change.old)} -> ${name(change.new)}`));
  return { store, changes };
}

const replace = (version: number, objects: readonly ConfigMap[], rewound = false) =>
  ({ type: 'replace', objects, resourceVersion: String(version), rewound }) as const;
const apply = (object: ConfigMap) => ({ type: 'apply', object }) as const;
const remove = (object: ConfigMap) => ({ type: 'delete', object }) as const;

describe('a store', () => {
  it('is synced by the first list and not before', async () => {
    const store = new Store<ConfigMap>();
    const synced = store.whenSynced(never);
    expect(store.synced).toBe(false);
    store.take(replace(1, []));
    expect(store.synced).toBe(true);
    await synced;
    await store.whenSynced(never);
  });

  it('stops waiting for the first list when aborted', async () => {
    const stop = new AbortController();
    const synced = new Store<ConfigMap>().whenSynced(stop.signal);
    stop.abort(new Error('enough'));
    await expect(synced).rejects.toThrow('enough');
  });

  it('emits creations, updates and deletions with old and new', () => {
    const { store, changes } = recorded();
    store.take(replace(1, [configMap('a', 1)]));
    store.take(apply(configMap('a', 2)));
    store.take(apply(configMap('b', 3)));
    store.take(remove(configMap('a', 4)));
    store.take(remove(configMap('unknown', 5)));
    expect(changes).toEqual(['- -> uid-a@1', 'uid-a@1 -> uid-a@2', '- -> uid-b@3', 'uid-a@2 -> -']);
    expect(store.keys()).toEqual(['test/b']);
  });

  it('replaces in one step: every listener reads the end state, deletions included', () => {
    const { store, changes } = recorded();
    store.take(replace(2, [configMap('a', 1), configMap('b', 2)]));
    changes.length = 0;
    const seen: string[] = [];
    store.onChange(() => seen.push(store.keys().join()));
    store.take(replace(5, [configMap('b', 4), configMap('c', 5)]));
    expect(changes).toEqual(['uid-b@2 -> uid-b@4', '- -> uid-c@5', 'uid-a@1 -> -']);
    expect(new Set(seen)).toEqual(new Set(['test/b,test/c']));
  });

  it('marks the changes of the first list as initial, and only those', () => {
    const store = new Store<ConfigMap>();
    const initial: boolean[] = [];
    store.onChange((change) => initial.push(change.initial));
    store.take(replace(1, [configMap('a', 1)]));
    store.take(replace(2, [configMap('a', 1), configMap('b', 2)]));
    expect(initial).toEqual([true, false]);
  });

  it('emits nothing for a version it has', () => {
    const { store, changes } = recorded();
    store.take(replace(1, [configMap('a', 1)]));
    store.take(apply(configMap('a', 1)));
    store.take(replace(1, [configMap('a', 1)]));
    expect(changes.length).toBe(1);
  });

  it.each([
    ['an event', apply(configMap('a', 9, { uid: 'second' }))],
    ['a list', replace(9, [configMap('a', 9, { uid: 'second' })])],
  ])('tells a new uid under a known name in %s as a deletion and a creation', (_, event) => {
    const { store, changes } = recorded();
    store.take(replace(1, [configMap('a', 1, { uid: 'first' })]));
    store.take(event);
    expect(changes.slice(1)).toEqual(['first@1 -> -', '- -> second@9']);
  });

  it('does not let the late deletion of a predecessor take the new object away', () => {
    const { store } = recorded();
    store.take(replace(1, [configMap('a', 5, { uid: 'second' })]));
    store.take(remove(configMap('a', 4, { uid: 'first' })));
    expect(store.get('test/a')?.metadata.uid).toBe('second');
  });

  it('keeps objects frozen and without managedFields', () => {
    const { store } = recorded();
    store.take(replace(1, [{ ...configMap('a', 1, { data: { k: 'v' } }), ...managed }]));
    const object = store.get('test/a');
    expect(object?.metadata).not.toHaveProperty('managedFields');
    expect([object, object?.metadata, object?.data].every(Object.isFrozen)).toBe(true);
  });

  it('stops calling a listener that was disposed, and goes on past one that throws', () => {
    const errors: unknown[] = [];
    const store = new Store<ConfigMap>({ onListenerError: (error) => errors.push(error) });
    const seen: StoreChange<ConfigMap>[] = [];
    const first = store.onChange((change) => seen.push(change));
    store.onChange(() => {
      throw new Error('bug');
    });
    store.onChange((change) => seen.push(change));
    store.take(replace(1, [configMap('a', 1)]));
    expect(seen.length).toBe(2);
    expect(errors).toEqual([new Error('bug')]);
    first[Symbol.dispose]();
    store.take(apply(configMap('a', 2)));
    expect(seen.length).toBe(3);
  });
});

const managed = {
  metadata: { ...configMap('a', 1).metadata, managedFields: [{ manager: 'x' }] } as ConfigMap['metadata'],
};

describe('an index', () => {
  it('follows the values of an object, for objects that came before it and after', () => {
    const store = new Store<ConfigMap>();
    store.take(replace(1, [configMap('a', 1, { data: { owner: 'x' } })]));
    store.addIndex('owner', (object) => Object.values(object.data ?? {}));
    store.take(apply(configMap('b', 2, { data: { owner: 'x', other: 'y' } })));
    expect(store.keysByIndex('owner', 'x')).toEqual(['test/a', 'test/b']);
    store.take(apply(configMap('a', 3, { data: { owner: 'y' } })));
    expect(store.keysByIndex('owner', 'x')).toEqual(['test/b']);
    expect([store.isIndexed('owner', 'x'), store.isIndexed('owner', 'z')]).toEqual([true, false]);
    expect(store.byIndex('owner', 'y').map((object) => object.metadata.name)).toEqual(['b', 'a']);
    store.take(remove(configMap('b', 4)));
    expect(store.keysByIndex('owner', 'x')).toEqual([]);
    expect(store.isIndexed('owner', 'x')).toBe(false);
    store.take(replace(9, []));
    expect(store.keysByIndex('owner', 'y')).toEqual([]);
  });

  it('that does not exist, or exists twice, is an error', () => {
    const store = new Store<ConfigMap>();
    store.addIndex('owner', () => []);
    expect(() => store.addIndex('owner', () => [])).toThrow(/got "owner" twice/);
    expect(() => store.byIndex('onwer', 'x')).toThrow('Expected the index to be one of [owner], got "onwer"');
  });
});

describe('an own write', () => {
  it('is visible at once, and older events and lists do not roll it back', () => {
    const { store, changes } = recorded();
    store.take(replace(10, [configMap('a', 5)]));
    store.recordWrite(configMap('a', 20));
    store.take(apply(configMap('a', 15)));
    store.take(replace(16, [configMap('a', 15)]));
    expect(store.get('test/a')?.metadata.resourceVersion).toBe('20');
    store.take(apply(configMap('a', 20)));
    store.take(apply(configMap('a', 21)));
    expect(changes).toEqual(['- -> uid-a@5', 'uid-a@5 -> uid-a@20', 'uid-a@20 -> uid-a@21']);
  });

  it('compares versions as numbers: 9 is older than 10', () => {
    const { store } = recorded();
    store.take(replace(8, [configMap('a', 8)]));
    store.recordWrite(configMap('a', 10));
    store.take(apply(configMap('a', 9)));
    expect(store.get('test/a')?.metadata.resourceVersion).toBe('10');
  });

  it('that made an object survives a list from before it, and not one from after', () => {
    const { store } = recorded();
    store.take(replace(10, []));
    store.recordWrite(configMap('a', 20));
    store.take(replace(19, []));
    expect(store.keys()).toEqual(['test/a']);
    store.take(replace(20, []));
    expect(store.keys()).toEqual([]);
  });

  it('that made a successor is not undone by late events of the predecessor', () => {
    const { store } = recorded();
    store.take(replace(10, [configMap('a', 5, { uid: 'first' })]));
    store.recordWrite(configMap('a', 20, { uid: 'second' }));
    store.take(apply(configMap('a', 15, { uid: 'first' })));
    store.take(remove(configMap('a', 18, { uid: 'first' })));
    expect(store.get('test/a')?.metadata.uid).toBe('second');
    store.take(apply(configMap('a', 25, { uid: 'third' })));
    expect(store.get('test/a')?.metadata.uid).toBe('third');
  });

  it('whose answer comes after the watch showed a later deletion does not bring the object back', () => {
    const { store } = recorded();
    store.take(replace(10, [configMap('a', 5)]));
    store.take(remove(configMap('a', 21)));
    store.recordWrite(configMap('a', 20));
    expect(store.keys()).toEqual([]);
  });

  it('older than what the watch has shown changes nothing', () => {
    const { store } = recorded();
    store.take(replace(10, [configMap('a', 5)]));
    store.take(apply(configMap('a', 30)));
    store.recordWrite(configMap('a', 20));
    expect(store.get('test/a')?.metadata.resourceVersion).toBe('30');
  });

  it('gives way to a server whose version went back', () => {
    const { store } = recorded();
    store.take(replace(10, [configMap('a', 5)]));
    store.recordWrite(configMap('a', 20));
    store.recordWrite(configMap('b', 21));
    store.take(replace(7, [configMap('a', 3)], true));
    expect(store.values().map((object) => object.metadata.resourceVersion)).toEqual(['3']);
    store.take(apply(configMap('a', 8)));
    expect(store.get('test/a')?.metadata.resourceVersion).toBe('8');
    store.recordWrite(configMap('a', 9));
    expect(store.get('test/a')?.metadata.resourceVersion).toBe('9');
  });

  it('with opaque versions is taken, and what differs counts as newer', () => {
    const { store } = recorded();
    store.take(replace(10, [configMap('a', 'x1')]));
    store.recordWrite(configMap('a', 'x2'));
    expect(store.get('test/a')?.metadata.resourceVersion).toBe('x2');
    store.take(apply(configMap('a', 'x1')));
    expect(store.get('test/a')?.metadata.resourceVersion).toBe('x1');
  });
});

it('shows objects as the function given returns them, those that were there before included', () => {
  const { store, changes } = recorded();
  store.addIndex('shown', ({ data }) => [data?.shown ?? 'no']);
  store.take(replace(2, [configMap('a', 1), configMap('b', 2)]));
  changes.length = 0;
  const shown = store.showAs((object) =>
    object.metadata.name === 'b' ? object : { ...object, data: { shown: 'yes' } },
  );
  expect(store.keysByIndex('shown', 'yes')).toEqual(['test/a']);
  expect(Object.isFrozen(store.get('test/a'))).toBe(true);
  expect(changes).toEqual(['uid-a@1 -> uid-a@1']);
  store.take(apply(configMap('c', 3)));
  expect(store.keysByIndex('shown', 'yes')).toEqual(['test/a', 'test/c']);
  shown[Symbol.dispose]();
  store.take(apply(configMap('d', 4)));
  expect(store.keysByIndex('shown', 'yes')).toEqual(['test/a', 'test/c']);
});

describe('an own deletion', () => {
  it('hides the object at once, and late events and lists do not bring it back', () => {
    const { store, changes } = recorded();
    store.take(replace(10, [configMap('a', 5)]));
    store.recordDelete(configMap('a', 5));
    store.take(apply(configMap('a', 15)));
    store.take(replace(16, [configMap('a', 15)]));
    store.take(remove(configMap('a', 20)));
    expect(changes).toEqual(['- -> uid-a@5', 'uid-a@5 -> -']);
  });

  it('does not hide a successor of the same name', () => {
    const { store } = recorded();
    store.take(replace(10, [configMap('a', 5, { uid: 'first' })]));
    store.recordDelete(configMap('a', 5, { uid: 'first' }));
    store.take(apply(configMap('a', 15, { uid: 'second' })));
    expect(store.keys()).toEqual(['test/a']);
  });

  it('is undone by a server whose version went back to before it', () => {
    const { store } = recorded();
    store.take(replace(10, [configMap('a', 5)]));
    store.recordDelete(configMap('a', 5));
    store.take(replace(7, [configMap('a', 5)], true));
    expect(store.keys()).toEqual(['test/a']);
  });

  it('of a predecessor leaves the object that is there', () => {
    const { store } = recorded();
    store.take(replace(10, [configMap('a', 5, { uid: 'second' })]));
    store.recordDelete(configMap('a', 4, { uid: 'first' }));
    expect(store.keys()).toEqual(['test/a']);
  });
});

describe('a store that caught up with a list made beside its watch', () => {
  const behind = () => {
    const { store, changes } = recorded();
    store.take(replace(3, [configMap('old', 2), configMap('gone', 3)]));
    changes.length = 0;
    return { store, changes };
  };
  const versions = (store: Store<ConfigMap>) =>
    store.values().map(({ metadata }) => `${metadata.uid}@${metadata.resourceVersion}`);

  it('holds what the watch has yet to bring, and not what is gone by now', () => {
    const { store, changes } = behind();
    store.catchUp([configMap('old', 5), configMap('new', 7)], '9');
    expect(versions(store)).toEqual(['uid-old@5', 'uid-new@7']);
    expect(changes).toEqual(['uid-old@2 -> uid-old@5', '- -> uid-new@7', 'uid-gone@3 -> -']);
  });

  it('is not taken back by what the watch brings of the time before', () => {
    const { store, changes } = behind();
    store.catchUp([configMap('old', 8, { uid: 'second' })], '9');
    changes.length = 0;
    store.take(apply(configMap('old', 4)));
    store.take(apply(configMap('gone', 4)));
    store.take(remove(configMap('old', 6)));
    store.take(replace(7, []));
    expect(changes).toEqual([]);
    store.take(apply(configMap('old', 10, { uid: 'second' })));
    store.take(remove(configMap('old', 11, { uid: 'second' })));
    expect(versions(store)).toEqual([]);
  });

  it('takes nothing of a list that the watch has passed meanwhile', () => {
    const { store, changes } = behind();
    store.take(apply(configMap('made', 10)));
    store.take(remove(configMap('gone', 11)));
    changes.length = 0;
    store.catchUp([configMap('old', 2), configMap('gone', 3)], '9');
    expect(changes).toEqual([]);
  });

  it('keeps what azid itself wrote since the list', () => {
    const { store } = behind();
    store.recordWrite(configMap('mine', 12));
    store.catchUp([configMap('old', 2)], '9');
    expect(versions(store)).toEqual(['uid-old@2', 'uid-mine@12']);
  });

  it('believes a server whose version went back, as ever', () => {
    const { store } = behind();
    store.catchUp([configMap('new', 7)], '9');
    store.take(replace(4, [configMap('old', 2)], true));
    store.take(apply(configMap('old', 5)));
    expect(versions(store)).toEqual(['uid-old@5']);
  });
});
