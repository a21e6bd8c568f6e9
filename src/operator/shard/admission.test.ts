import { beforeEach, describe, expect, it } from 'vitest';
import { SHARD_LABEL } from '../../api/schema/shard.ts';
import type { Namespace } from '../../kube/builtin.ts';
import type { KubeClient } from '../../kube/client.ts';
import { KubeError } from '../../kube/errors.ts';
import { silentLog } from '../../runtime/log.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { Admission } from './admission.ts';

let clock: FakeClock;
let stop: AbortController;
let steps: string[];
let reported: unknown[];
let wanted: Map<string, string>;
/** As stored: the version and the label of the namespace `a`. */
let stored: { version: string; shard: string };
let isFree: boolean;
let failure: Error | undefined;
/** How far the own watch has come, without another label. */
let watched: number;
let takes: (name: string) => boolean;
let onList: () => void;
let admission: Admission;

beforeEach(() => {
  [clock, stop, steps, reported] = [new FakeClock(), new AbortController(), [], []];
  wanted = new Map([['a', '5']]);
  [stored, isFree, failure] = [{ version: '5', shard: 'blue' }, true, undefined];
  watched = 5;
  takes = (name) => wanted.delete(name);
  onList = () => {};
  const list = async () => {
    onList();
    steps.push('list');
    const metadata = { name: 'a', resourceVersion: stored.version, labels: { [SHARD_LABEL]: stored.shard } };
    return { items: [{ metadata } as unknown as Namespace] };
  };
  admission = new Admission({
    shard: 'blue',
    membership: {
      get wanted() {
        return wanted;
      },
      isWanted: (name, since, version) => wanted.get(name) === since && watched >= Number(version),
      take: (name) => takes(name),
    },
    others: {
      read: async () => {
        steps.push('leases');
        if (failure) throw failure;
      },
      inTheWay: (name, since) =>
        isFree ? undefined : { lease: `azid-${name}`, holder: `waits for ${name} ${since}`, isWhole: false },
    },
    client: { list } as unknown as KubeClient,
    clock,
    log: { ...silentLog, info: ({ lease }) => void reported.push(lease) },
    signal: stop.signal,
    prepare: async (names) => void steps.push(`prepare ${names}`),
    onTaken: (names) => void steps.push(`taken ${names}`),
  });
});
const turns = async () => {
  for (let n = 0; n < 20; n++) await new Promise((resolve) => setImmediate(resolve));
};
const again = async () => {
  steps = [];
  clock.advance(1_000);
  await turns();
  return steps;
};

it('reads the Leases, then the namespaces as they are stored, then what is on record, and begins', async () => {
  admission.begin();
  await turns();
  expect(steps).toEqual(['leases', 'list', 'prepare a', 'taken a']);
  expect(await again()).toEqual([]);
});

it('begins with what is patched all the time: the watch has come as far as what is stored', async () => {
  [stored.version, watched] = ['8', 9];
  admission.begin();
  await turns();
  expect(steps).toEqual(['leases', 'list', 'prepare a', 'taken a']);
});

it('begins with what is wanted in the moment after nothing was', async () => {
  takes = (name) => {
    // Two turns later it has seen that nothing is wanted, and is about to end.
    void Promise.resolve()
      .then(() => {})
      .then(() => {
        wanted.set('a', '5');
        admission.begin();
      });
    takes = () => wanted.delete('a');
    return wanted.delete(name);
  };
  admission.begin();
  await turns();
  expect(steps.filter((step) => step === 'taken a')).toHaveLength(2);
});

it('begins with what is patched more often than the watch brings it', async () => {
  let version = 6;
  // What is read is always newer than what the watch has shown, which comes a second later.
  onList = () => {
    watched = version - 1;
    stored.version = String(version++);
  };
  admission.begin();
  await turns();
  expect(steps).toEqual(['leases', 'list']);
  expect(await again()).toEqual(['leases', 'list', 'prepare a', 'taken a']);
});

it('not where the label was away since it was read first', async () => {
  stored.version = '6';
  admission.begin();
  await turns();
  [stored.version, watched] = ['9', 8];
  wanted.set('a', '8');
  expect(await again()).toEqual(['leases', 'list']);
  watched = 9;
  expect(await again()).toEqual(['leases', 'list', 'prepare a', 'taken a']);
});

describe('it waits, and asks again', () => {
  it('while another shard has not released it', async () => {
    isFree = false;
    admission.begin();
    await turns();
    expect(steps).toEqual(['leases']);
    expect(await again()).toEqual(['leases']);
    isFree = true;
    expect(await again()).toEqual(['leases', 'list', 'prepare a', 'taken a']);
  });

  it.each([
    ['is stored in a version that the watch has not come to', { version: '6', shard: 'blue' }],
    ['is stored with another label', { version: '5', shard: 'green' }],
  ])('while it %s', async (_, now) => {
    stored = now;
    admission.begin();
    await turns();
    expect(steps).toEqual(['leases', 'list']);
    expect(await again()).toEqual(['leases', 'list']);
  });

  it('while it changes as its records are read', async () => {
    takes = () => false;
    admission.begin();
    await turns();
    expect(steps).toEqual(['leases', 'list', 'prepare a']);
  });

  it('while the API server does not answer', async () => {
    failure = new KubeError('no', { reason: 'ServiceUnavailable', status: 503 });
    admission.begin();
    await turns();
    failure = undefined;
    expect(await again()).toEqual(['leases', 'list', 'prepare a', 'taken a']);
  });
});

it('reports each in whose way it is once a minute, though they take turns', async () => {
  isFree = false;
  wanted.set('b', '5');
  admission.begin();
  await turns();
  for (let s = 1; s < 60; s++) await again();
  expect(reported).toEqual(['azid-a', 'azid-b']);
  await again();
  expect(reported).toEqual(['azid-a', 'azid-b', 'azid-a', 'azid-b']);
});

it('ends with the process', async () => {
  isFree = false;
  admission.begin();
  await turns();
  stop.abort();
  await admission.stop();
  expect(await again()).toEqual([]);
});
