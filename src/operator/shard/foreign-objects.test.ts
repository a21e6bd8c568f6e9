import { beforeEach, expect, it } from 'vitest';
import type { RoleGrant } from '../../api/role-grant.ts';
import type { UserAssignedIdentity } from '../../api/user-assigned-identity.ts';
import { roleGrantKind } from '../../reconcilers/role-grant/index.ts';
import { emptyStores, meta, put } from '../../reconcilers/stores.fixture.ts';
import type { Stores } from '../../reconcilers/stores.ts';
import { userAssignedIdentityKind } from '../../reconcilers/user-assigned-identity/index.ts';
import { Emitter } from '../../runtime/controller/watch.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { ForeignObjects } from './foreign-objects.ts';

const SUB = '00000000-0000-4000-8000-00000000000a';
const RG = `/subscriptions/${SUB}/resourceGroups/rg1`;
const WEB = `${RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web`;
const GRANTED = `${RG}/providers/Microsoft.Authorization/roleAssignments/00000000-0000-4000-8000-000000000001`;

let stores: Stores;
let mine: Set<string>;
let hinted: string[];
let used: Map<string, readonly string[]>;
let version: number;
const [taken, released] = [new Emitter<string>(), new Emitter<string>()];

beforeEach(() => {
  stores = emptyStores();
  [mine, hinted, used, version] = [new Set(), [], new Map(), 0];
  const cache = (name: string) => ({
    use: (user: string, areas: readonly string[]) =>
      void (areas.length > 0 ? used.set(`${name}: ${user}`, areas) : used.delete(`${name}: ${user}`)),
  });
  new ForeignObjects({
    kinds: [userAssignedIdentityKind, roleGrantKind],
    stores,
    of: () => ({ isMine: (key) => mine.has(key.split('/')[0] ?? ''), taken, released }),
    caches: { identities: cache('identities'), hosts: cache('hosts') },
    hints: {
      take: ({ id }) => {
        hinted.push(id);
        return 'read';
      },
    },
    clock: new FakeClock(),
  });
});
const metadata = (name: string) => ({ ...meta(name), resourceVersion: String(++version) });
const identity = (status?: object) =>
  put(stores.identities, { metadata: metadata('web'), spec: {}, status } as unknown as UserAssignedIdentity);
const grant = (status: object) =>
  put(stores.grants, {
    metadata: metadata('read'),
    spec: { principal: {}, role: {}, scope: RG },
    status,
  } as unknown as RoleGrant);

it('what another shard’s object comes to have, or to have no more, is read once for each change', () => {
  identity();
  expect(hinted).toEqual([]);
  identity({ id: WEB, principalId: 'p1' });
  expect(hinted).toEqual([WEB.toLowerCase()]);
  identity({ id: WEB, principalId: 'p1', conditions: [] });
  expect(hinted).toHaveLength(1);
  identity({ id: WEB, principalId: 'p2' });
  expect(hinted).toHaveLength(2);
  grant({ ledger: [GRANTED] });
  grant({ ledger: [] });
  expect(hinted.slice(2)).toEqual([GRANTED.toLowerCase(), GRANTED.toLowerCase()]);
});

it('the subscriptions of its identities are listed, so that their principals are known, until they are this shard’s own', () => {
  identity({ id: WEB, principalId: 'p1' });
  grant({ ledger: [GRANTED], principalId: 'p1' });
  const users = ['identities: other shard userassignedidentity shop/web'];
  expect([...used.keys()]).toEqual(users);
  expect([...used.values()]).toEqual([[SUB]]);
  mine.add('shop');
  taken.emit('shop');
  expect(used.size).toBe(0);
  identity({ id: WEB, principalId: 'p9' });
  expect(hinted).not.toContain('p9');
  mine.delete('shop');
  released.emit('shop');
  expect([...used.keys()]).toEqual(users);
});

it('of what is this shard’s own nothing is read for what it writes itself', () => {
  mine.add('shop');
  identity({ id: WEB, principalId: 'p1' });
  grant({ ledger: [GRANTED] });
  expect([hinted, used.size]).toEqual([[], 0]);
});
