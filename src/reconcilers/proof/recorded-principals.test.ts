import { beforeEach, describe, expect, it } from 'vitest';
import { KubeError } from '../../kube/errors.ts';
import { forbidden, gate, HeldConfigMaps, INSTALLATION } from './config-maps.fixture.ts';
import { RecordedPrincipals } from './recorded-principals.ts';

/** Uids whose first digit is the same stand in one ConfigMap. */
const [A, B, C] = ['1a', '1b', '2c'] as const;
const { signal } = new AbortController();
const everything = () => true;

let kube: HeldConfigMaps;
let principals: RecordedPrincipals;

beforeEach(() => {
  kube = new HeldConfigMaps();
  principals = new RecordedPrincipals(kube.parts);
});

async function recorded(uid: string, principalId: string, at = 1): Promise<void> {
  principals.shown(principalId, uid, at);
  await principals.record(uid, principalId, signal);
}

/** What the next process makes of what stands there. */
async function restarted(lives: (uid: string) => boolean = everything): Promise<RecordedPrincipals> {
  const next = new RecordedPrincipals(kube.parts);
  await next.load(lives, signal);
  return next;
}

describe('a record', () => {
  it('outlives the process', async () => {
    await recorded(A, 'p1');
    expect(principals.of(A)).toBe('p1');
    const next = await restarted();
    expect([next.of(A), next.lastOf(A), next.holdersOf('p1')]).toEqual(['p1', 'p1', [A]]);
  });

  it('of another installation, in a ConfigMap of another name or of two objects counts for nobody', async () => {
    kube.put('azid-principals-1', { [A]: 'p1 elsewhere' });
    kube.put('azid-principals-2', { [C]: `p3 ${INSTALLATION}` });
    kube.put('restored', { [B]: `p2 ${INSTALLATION}` });
    kube.put('azid-principals-3', { '3d': `p3 ${INSTALLATION}` });
    const next = await restarted();
    expect([A, B, C, '3d'].map((uid) => next.of(uid) ?? next.lastOf(uid))).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    // Azure tells of the last two.
    expect(next.holdersOf('p3').toSorted()).toEqual([C, '3d']);
    next.shown('p3', C, 1);
    expect(next.of(C)).toBe('p3');
  });

  it('is not made once another was shown as the owner', async () => {
    principals.shown('p1', A, 1);
    principals.shown('p1', B, 2);
    await principals.record(A, 'p1', signal);
    expect(kube.calls).toEqual([]);
  });

  it('is made in a ConfigMap that somebody else made, which is azid’s from then on', async () => {
    kube.put('azid-principals-1', { clientId: 'x' }, { labels: {}, ownerReferences: [] as never });
    await recorded(A, 'p1');
    expect(kube.maps.get('azid-principals-1')?.metadata.ownerReferences).toBeUndefined();
    expect((await restarted()).of(A)).toBe('p1');
  });

  it('that is refused is none, says what is missing, and can be made later', async () => {
    kube.before = () => Promise.reject(forbidden());
    const refusal = await recorded(A, 'p1').catch((error) => error);
    expect(refusal).toBeInstanceOf(KubeError);
    expect(refusal).toMatchObject({
      status: 403,
      message: expect.stringMatching(
        /azid-system\/azid-principals-1.*forbidden.*deploy\/kustomize\/base\/rbac\.yaml/,
      ),
    });
    expect([principals.of(A), principals.lastOf(A)]).toEqual([undefined, 'p1']);
    kube.before = () => {};
    await principals.record(A, 'p1', signal);
    expect(principals.of(A)).toBe('p1');
  });

  it('of a namespace that is missing is not taken for an object that is gone', async () => {
    kube.before = () => Promise.reject(new KubeError('none', { status: 404, reason: 'NotFound' }));
    await expect(recorded(A, 'p1')).rejects.toMatchObject({ status: 404, reason: 'NamespaceNotFound' });
  });
});

describe('withdrawn', () => {
  it('is what stands there for one object, and nothing of others', async () => {
    await recorded(A, 'p1');
    await recorded(B, 'p2');
    await principals.withdraw('p1', [A], 2, signal);
    expect([principals.of(A), principals.lastOf(A), principals.holdersOf('p1')]).toEqual([
      undefined,
      undefined,
      [],
    ]);
    expect(kube.records).toEqual({ [B]: 'p2' });
    const next = await restarted();
    expect([next.of(A), next.of(B)]).toEqual([undefined, 'p2']);
  });

  it('is not what the object has by now', async () => {
    await recorded(A, 'p1');
    await recorded(A, 'p2', 2);
    await principals.withdraw('p1', [A], 3, signal);
    expect(kube.records).toEqual({ [A]: 'p2' });
    expect(principals.of(A)).toBe('p2');
  });

  it('is at once what this process knows, though the record cannot be removed; the next write removes it', async () => {
    await recorded(A, 'p1');
    kube.before = () => Promise.reject(forbidden());
    await expect(principals.withdraw('p1', [A], 2, signal)).rejects.toMatchObject({ status: 403 });
    expect([principals.of(A), principals.lastOf(A)]).toEqual([undefined, undefined]);
    // Still to be removed: whoever looks at the identity tries again.
    expect(principals.holdersOf('p1')).toEqual([A]);
    kube.before = () => {};
    await recorded(B, 'p2');
    expect(kube.records).toEqual({ [B]: 'p2' });
  });

  it('is a record whose write failed, as it may have been made', async () => {
    kube.after = () => Promise.reject(new KubeError('no answer', { reason: 'ConnectionFailed' }));
    await expect(recorded(A, 'p1')).rejects.toThrow('no answer');
    expect(principals.of(A)).toBeUndefined();
    kube.after = () => {};
    await recorded(C, 'p1', 2);
    expect(principals.holdersOf('p1').toSorted()).toEqual([A, C]);
    await principals.withdraw('p1', [A], 3, signal);
    expect(kube.records).toEqual({ [C]: 'p1' });
  });

  it('comes after a record that is under way, and before one that was asked for later', async () => {
    await recorded(B, 'p9');
    const { opened, open } = gate();
    let first = true;
    kube.before = () => {
      const wait = first;
      first = false;
      return wait ? opened : undefined;
    };
    const begun = recorded(A, 'p1');
    const withdrawal = principals.withdraw('p1', [A], 2, signal);
    const again = recorded(A, 'p2', 3);
    open();
    await Promise.all([begun, withdrawal, again]);
    expect(kube.records).toEqual({ [A]: 'p2', [B]: 'p9' });
    expect(principals.holdersOf('p2')).toContain(A);
  });
});

describe('of objects that are gone', () => {
  it('goes with the next write', async () => {
    await recorded(A, 'p1');
    await recorded(B, 'p2');
    principals.forget(A);
    expect(principals.holdersOf('p1')).toEqual([]);
    await recorded('1d', 'p4');
    expect(kube.records).toEqual({ [B]: 'p2', '1d': 'p4' });
  });

  it('goes when the object went while another write was under way', async () => {
    await recorded(A, 'p1');
    const { opened, open } = gate();
    kube.before = () => opened;
    const writing = recorded(B, 'p2');
    principals.forget(A);
    open();
    await writing;
    kube.before = () => {};
    await recorded('1d', 'p4');
    expect(kube.records).toEqual({ [B]: 'p2', '1d': 'p4' });
  });

  it('goes when the object went while its own record was written for the first time', async () => {
    const { opened, open } = gate();
    kube.before = () => opened;
    const writing = recorded(A, 'p1');
    principals.forget(A);
    open();
    await writing;
    expect(principals.of(A)).toBeUndefined();
    kube.before = () => {};
    await recorded(B, 'p2');
    expect(kube.records).toEqual({ [B]: 'p2' });
  });

  it('goes when somebody made the ConfigMap at the same moment', async () => {
    principals.shown('p1', A, 1);
    kube.before = () => Promise.reject(forbidden());
    await expect(principals.record(A, 'p1', signal)).rejects.toThrow();
    principals.forget(A);
    kube.before = (call) => {
      if (call.startsWith('create')) kube.put('azid-principals-1', { [A]: `p1 ${INSTALLATION}` });
    };
    await recorded(B, 'p2');
    expect(kube.records).toEqual({ [B]: 'p2' });
  });

  it('is removed at the start, or with the next write where that is refused', async () => {
    kube.put('azid-principals-1', { [A]: `p1 ${INSTALLATION}`, [B]: `p2 ${INSTALLATION}` });
    kube.before = () => Promise.reject(forbidden());
    principals = await restarted((uid) => uid !== A);
    kube.before = () => {};
    expect([principals.of(A), principals.of(B)]).toEqual([undefined, 'p2']);
    await recorded('1d', 'p4');
    expect(kube.records).toEqual({ [B]: 'p2', '1d': 'p4' });
  });
});

describe('where other processes record as well', () => {
  const shared = async (lives: (uid: string) => boolean = everything) => {
    const next = new RecordedPrincipals({ ...kube.parts, shared: true });
    await next.load(lives, signal);
    return next;
  };

  it('nothing is removed of an object that this one has yet to see', async () => {
    kube.put('azid-principals-1', { [A]: `p1 ${INSTALLATION}`, [B]: `p2 ${INSTALLATION}` });
    const next = await shared((uid) => uid !== A);
    expect([next.of(A), next.of(B)]).toEqual([undefined, 'p2']);
    next.shown('p4', '1d', 1);
    await next.record('1d', 'p4', signal);
    expect(kube.records).toEqual({ [A]: 'p1', [B]: 'p2', '1d': 'p4' });
  });

  it('what it takes over is read anew: what it knew of that counts no more', async () => {
    kube.put('azid-principals-1', { [A]: `p1 ${INSTALLATION}`, [B]: `p2 ${INSTALLATION}` });
    const next = await shared();
    kube.put('azid-principals-1', { [A]: `p9 ${INSTALLATION}` });
    await next.reload(new Set([A, B]), signal);
    expect([next.of(A), next.of(B), next.holdersOf('p1'), next.holdersOf('p2')]).toEqual([
      'p9',
      undefined,
      [],
      [],
    ]);
  });

  it('what it lets go stays on record for whoever has it next', async () => {
    principals = await shared();
    await recorded(A, 'p1');
    principals.handOver(A);
    expect([principals.of(A), principals.lastOf(A)]).toEqual([undefined, undefined]);
    await recorded(B, 'p2');
    expect(kube.records).toEqual({ [A]: 'p1', [B]: 'p2' });
  });

  it.each(['handed over', 'taken over again'])(
    'a removal that failed is not made up for once the object was %s',
    async (how) => {
      principals = await shared();
      await recorded(A, 'p1');
      kube.before = (call) => {
        if (call.startsWith('patch')) throw forbidden();
      };
      await expect(principals.withdraw('p1', [A], 2, signal)).rejects.toThrow();
      kube.before = () => {};
      if (how === 'handed over') principals.handOver(A);
      kube.put('azid-principals-1', { [A]: `p9 ${INSTALLATION}` });
      if (how === 'taken over again') await principals.reload(new Set([A]), signal);
      await recorded(B, 'p2');
      expect(kube.records).toEqual({ [A]: 'p9', [B]: 'p2' });
    },
  );
});
