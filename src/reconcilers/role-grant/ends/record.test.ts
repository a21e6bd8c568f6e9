import { beforeEach, describe, expect, it } from 'vitest';
import { type AssignmentExpiry, MAX_EXPIRY_OWNERS } from '../../../api/assignment-expiry.ts';
import { FINALIZER } from '../../../api/schema/common.ts';
import { KubeError } from '../../../kube/errors.ts';
import { emptyStores, meta, put } from '../../stores.fixture.ts';
import type { Stores } from '../../stores.ts';
import { grant, NOW, settled, target } from '../facts.fixture.ts';
import { type RecordEndDeps, recordEnd, withdrawEnd } from './record.ts';

/** Writes of the record of an end: one call each, that others' entries survive. */

const { signal } = new AbortController();
const ENDS = '2026-11-23T11:00:00Z';
const PAST = '2026-11-23T09:00:00Z';
const me = grant();
const action = { type: 'recordEnd', assignmentId: target.id, expiresAt: ENDS, role: 'Reader' } as const;
const mine = { namespace: 'team-a', name: 'read', uid: 'uid-read', expiresAt: ENDS };
const other = (name: string, expiresAt?: string) => ({
  namespace: 'team-a',
  name,
  uid: `uid-${name}`,
  ...(expiresAt !== undefined && { expiresAt }),
});

let stores: Stores;
let calls: object[];
/** What the API server has, where the store does not know it yet. */
let unseen: AssignmentExpiry | undefined;
beforeEach(() => {
  stores = emptyStores();
  calls = [];
  unseen = undefined;
});

const recordOf = (owners: AssignmentExpiry['spec']['owners']): AssignmentExpiry => ({
  apiVersion: 'azid.dev/v1alpha1',
  kind: 'AssignmentExpiry',
  metadata: meta(target.name, { namespace: 'azid-system' }),
  spec: { assignmentId: target.id, owners: [...owners] },
});
const there = (...owners: AssignmentExpiry['spec']['owners']) => put(stores.expiries, recordOf(owners));
const deps = (): RecordEndDeps => ({
  client: {
    create: (async (_: unknown, draft: AssignmentExpiry) => {
      if (unseen) throw new KubeError('there', { status: 409, reason: 'AlreadyExists' });
      calls.push({ create: draft.metadata, owners: draft.spec.owners });
      return { ...draft, metadata: meta(target.name, { namespace: 'azid-system' }) };
    }) as unknown as RecordEndDeps['client']['create'],
    get: (async () => unseen) as unknown as RecordEndDeps['client']['get'],
    mergePatch: (async (_: unknown, key: string, body: { spec: { owners: [] } }) => {
      calls.push({ patch: key, ...body });
      return { ...recordOf(body.spec.owners) };
    }) as unknown as RecordEndDeps['client']['mergePatch'],
  },
  stores,
  azidNamespace: 'azid-system',
  now: () => NOW,
});
const version = () => stores.expiries.values()[0]?.metadata.resourceVersion;

describe('recording', () => {
  it('makes the record in one call, finalizer included, under the name of the assignment', async () => {
    await recordEnd(action, me, signal, deps());
    expect(calls).toEqual([
      {
        create: { namespace: 'azid-system', name: target.name, finalizers: [FINALIZER] },
        owners: [mine],
      },
    ]);
  });

  it('keeps the entries of others, and names the version that it rests on', async () => {
    there(other('also'), other('later', ENDS));
    const resourceVersion = version();
    await recordEnd(action, me, signal, deps());
    expect(calls).toEqual([
      {
        patch: `azid-system/${target.name}`,
        metadata: { resourceVersion },
        spec: { owners: [other('also'), other('later', ENDS), mine] },
      },
    ]);
  });

  it('adds itself to a record that another made at the same moment', async () => {
    unseen = recordOf([other('also', ENDS)]);
    await recordEnd(action, me, signal, deps());
    expect(calls).toMatchObject([
      {
        metadata: { resourceVersion: unseen.metadata.resourceVersion },
        spec: { owners: [other('also', ENDS), mine] },
      },
    ]);
  });

  it('drops ended entries of those who are gone, and of nobody else', async () => {
    put(stores.grants, settled({ metadata: { name: 'lives', uid: 'uid-lives' } }));
    there(other('gone', PAST), other('lives', PAST), other('always'));
    await recordEnd(action, me, signal, deps());
    expect(calls).toMatchObject([{ spec: { owners: [other('lives', PAST), other('always'), mine] } }]);
  });

  it('writes nothing that stands already; where there is no room it fails, so that nothing is given', async () => {
    there(mine);
    await recordEnd(action, me, signal, deps());
    there(...Array.from({ length: MAX_EXPIRY_OWNERS }, (_, n) => other(`n${n}`, ENDS)));
    await expect(recordEnd(action, me, signal, deps())).rejects.toMatchObject({
      status: 409,
      reason: 'Conflict',
    });
    expect(calls).toEqual([]);
    there(...Array.from({ length: MAX_EXPIRY_OWNERS }, (_, n) => other(`n${n}`, PAST)));
    await recordEnd(action, me, signal, deps());
    expect(calls).toMatchObject([{ spec: { owners: [mine] } }]);
  });
});

describe('withdrawing', () => {
  const withdraw = () => withdrawEnd({ type: 'withdrawEnd', assignmentId: target.id }, me, signal, deps());
  it('takes its own entry alone', async () => {
    there(other('also', ENDS), mine);
    await withdraw();
    expect(calls).toMatchObject([{ spec: { owners: [other('also', ENDS)] } }]);
  });

  it('of what is not recorded is no call', async () => {
    await withdraw();
    there(other('also', ENDS));
    await withdraw();
    expect(calls).toEqual([]);
  });
});
