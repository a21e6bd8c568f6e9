import { beforeEach, describe, expect, it } from 'vitest';
import { KubeError } from '../../kube/errors.ts';
import type { Condition } from '../../kube/types.ts';
import { DONE, doing, ReconcilerWorld, writing } from './reconciler.fixture.ts';

/** What Kubernetes refuses azid on the way stands on the object, whatever was to be written. */

let world: ReconcilerWorld;
const condition = () =>
  ((world.store.get('shop/web')?.status?.conditions ?? []) as Condition[]).find(
    ({ type }) => type === 'Ready',
  );
const refusing = (status: number, reason: string) => {
  world.meanwhile = () => {
    throw new KubeError('configmaps "x" is forbidden: exceeded quota', { status, reason });
  };
};
const request = (attempt = 1) => world.reconciler.reconcile(world.request({ attempt }));

beforeEach(() => {
  world = new ReconcilerWorld();
  world.put({ uid: 'uid', generation: 2 });
  world.decide = () => doing(writing('more'));
});

describe('a write that the API server refuses', () => {
  it.each([
    [403, 'Forbidden', /exceeded quota; give azid the right \(deploy\/kustomize\/base\/rbac\.yaml\)/],
    [422, 'Invalid', /exceeded quota; mend what the answer names/],
    [404, 'NamespaceNotFound', /exceeded quota/],
  ])('with %s %s is told, and tried again', async (status, reason, message) => {
    refusing(status, reason);
    expect(await request()).toMatchObject({ type: 'retry', reason: 'KubernetesRefused' });
    expect(condition()).toMatchObject({
      status: 'False',
      reason: 'KubernetesRefused',
      message: expect.stringMatching(message),
    });
  });

  it('is reported no more once it is taken', async () => {
    refusing(403, 'Forbidden');
    await request();
    world.meanwhile = () => {
      world.decide = () => DONE;
    };
    // The scope of the fake Azure lets one write through in 50 seconds.
    const again = request(2);
    world.clock.advance(60_000);
    await again;
    expect(condition()).toMatchObject({ status: 'True', reason: 'Ready' });
  });

  it('is reported on an object that is being deleted, which stays', async () => {
    world.put({ uid: 'uid', deletionTimestamp: '2026-11-29T00:00:00Z', finalizers: ['azid.dev/finalizer'] });
    refusing(403, 'Forbidden');
    expect(await request()).toMatchObject({ type: 'retry' });
    expect(condition()).toMatchObject({ status: 'False', reason: 'KubernetesRefused' });
  });

  it('with an error of the server is reported when it lasts', async () => {
    refusing(500, 'InternalError');
    await expect(request(1)).rejects.toThrow('exceeded quota');
    expect(condition()?.status).toBe('True');
    const third = request(3);
    world.clock.advance(60_000);
    expect(await third).toMatchObject({ type: 'retry', reason: 'KubernetesRefused' });
    expect(condition()?.message).toContain('see whether an admission webhook fails');
  });

  it('that is the status itself is left to the log', async () => {
    refusing(403, 'Forbidden');
    world.onApply = () => {
      throw new KubeError('no', { status: 403, reason: 'Forbidden' });
    };
    await expect(request()).rejects.toThrow('exceeded quota');
  });
});

it('what somebody else changed meanwhile is no refusal', async () => {
  refusing(409, 'Conflict');
  expect(await request()).toMatchObject({ type: 'retry', reason: 'ObjectChanged' });
  expect(condition()?.status).toBe('True');
});
