import { beforeEach, describe, expect, it } from 'vitest';
import type { Lease } from '../../kube/builtin.ts';
import type { KubeClient } from '../../kube/client.ts';
import { SHARD_ANNOTATION, shardAnnotation } from '../../kube/lease/shard-lease.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { OtherLeaders } from './other-leaders.ts';

const clock = new FakeClock();
let leases: Lease[];
let others: OtherLeaders;
const never = new AbortController().signal;

const lease = (name: string, holder: string, annotation?: string, renewed = 1): Lease =>
  ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name,
      namespace: 'azid-system',
      ...(annotation !== undefined && { annotations: { [SHARD_ANNOTATION]: annotation } }),
    },
    spec: { holderIdentity: holder, leaseDurationSeconds: 15, renewTime: `t${renewed}` },
  }) as unknown as Lease;

beforeEach(() => {
  leases = [];
  others = new OtherLeaders({
    client: { list: async () => ({ items: leases }) } as unknown as KubeClient,
    namespace: 'azid-system',
    leaseName: 'azid',
    ownLease: 'azid-blue',
    clock,
  });
});
const inTheWay = async (namespace = 'a') => {
  await others.read(never);
  return others.inTheWay(namespace, '10')?.lease;
};

describe('a namespace of this version can be had', () => {
  it.each<readonly [string, readonly Lease[]]>([
    ['no other process leads', [lease('azid-blue', 'me'), lease('azid', '')]],
    ['the others have seen it', [lease('azid', 'a', shardAnnotation('a', 'default', { version: '10' }))]],
    [
      'they have seen a newer one',
      [lease('azid-green', 'g', shardAnnotation('g', 'green', { version: '200' }))],
    ],
    ['a Lease is no shard’s', [lease('other', 'x'), lease('azidx', 'y')]],
  ])('where %s', async (_, given) => {
    leases = [...given];
    expect(await inTheWay()).toBeUndefined();
  });
});

describe('it cannot be had yet', () => {
  it.each<readonly [string, Lease]>([
    ['has seen an older one alone', lease('azid', 'a', shardAnnotation('a', 'default', { version: '9' }))],
    ['has only begun', lease('azid', 'a', shardAnnotation('a', 'default', undefined))],
    [
      'says what the one before it wrote',
      lease('azid', 'a', shardAnnotation('before', 'default', { version: '99' })),
    ],
    ['says nothing: it works for the whole', lease('azid', 'a')],
    ['has an annotation that cannot be parsed', lease('azid', 'a', 'a default soon')],
  ])('while whoever holds a Lease %s', async (_, given) => {
    leases = [given];
    expect(await inTheWay()).toBe('azid');
  });

  it('until the Lease of a dead one was seen unchanged here for as long as it lasts', async () => {
    leases = [lease('azid', 'a', shardAnnotation('a', 'default', { version: '9' }))];
    expect(await inTheWay()).toBe('azid');
    clock.advance(14_000);
    expect(await inTheWay()).toBe('azid');
    leases = [lease('azid', 'a', shardAnnotation('a', 'default', { version: '9' }), 2)];
    expect(await inTheWay()).toBe('azid');
    clock.advance(14_999);
    expect(await inTheWay()).toBe('azid');
    clock.advance(1);
    expect(await inTheWay()).toBeUndefined();
  });
});

it('while something of it runs there, another namespace of that shard can be had', async () => {
  const but = { version: '10', releasing: ['a'] };
  leases = [lease('azid', 'x', shardAnnotation('x', 'default', { version: '3', but }))];
  expect([await inTheWay('a'), await inTheWay('b')]).toEqual(['azid', undefined]);
});

it('reports which shards have a living leader', async () => {
  leases = [
    lease('azid', 'a', shardAnnotation('a', 'default', { version: '1' })),
    lease('azid-green', '', shardAnnotation('g', 'green', { version: '1' })),
    lease('azid-red', 'r', shardAnnotation('r', 'red', undefined)),
  ];
  await others.read(never);
  expect([...others.atWork]).toEqual(['default', 'red']);
});
