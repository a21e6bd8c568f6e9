import { describe, expect, it } from 'vitest';
import type { UserAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import { configMaps } from '../../src/kube/builtin.ts';
import { RG2, useStage } from '../support/stage.ts';
import { conditionOf } from '../support/status/conformance.ts';

/** Marks that are stripped are put back by the object that Azure last showed as the owner, whoever had the identity before. */
const stage = useStage();

const records = async () => {
  const maps = await stage.cluster.list(configMaps);
  const kept = maps.filter(({ metadata }) => metadata.labels?.['azid.dev/record'] === 'principals');
  return Object.assign({}, ...kept.map(({ data }) => data)) as Record<string, string>;
};
const strip = (name: string) => stage.world.azure.control.tagIdentity({ id: stage.id(name), tags: {} });

async function made(): Promise<UserAssignedIdentity> {
  await stage.declare('first', { name: 'shared' });
  return stage.ready('first');
}

describe('an identity that another object got with permission', () => {
  /** The first object, which may not have it any more, and one of another namespace that adopted it. */
  async function takenOver() {
    const heir = `${stage.namespace}-heir`;
    const operator = await stage.world.start();
    const first = await made();
    await stage.policy(stage.namespace, { identities: { scopes: [RG2] } });
    await stage.reach(
      'first',
      'stalled',
      'denied',
      (object) => conditionOf(object, 'Stalled')?.reason === 'PolicyDenied',
    );
    strip('shared');
    await stage.makeNamespace(heir);
    await stage.policy(heir, {
      namespaces: { names: [heir] },
      adoption: { identityIds: [stage.id('shared')] },
    });
    await stage.declare('second', { name: 'shared', adoption: 'Adopt' }, heir);
    const second = await stage.ready(`${heir}/second`);
    return { operator, heir, first, second };
  }

  it('is on record for that one alone, and its marks are put back for that one by a process that never saw them', async () => {
    const { operator, heir, second } = await takenOver();
    const principalId = stage.inAzure('shared')?.principalId;
    expect(Object.entries(await records()).map(([uid, text]) => [uid, text.split(' ')[0]])).toEqual([
      [second.metadata.uid, principalId],
    ]);
    await stage.world.kill(operator);
    strip('shared');
    // The first may have it again, and is the older one.
    await stage.policy(stage.namespace);
    const before = stage.mark;
    await stage.world.start();
    await stage.stalled('first', 'OwnedByAnother');
    await stage.world.until(
      'the marks to be back',
      () => stage.inAzure('shared')?.tags['azid-owner-uid'] === second.metadata.uid,
    );
    await stage.ready(`${heir}/second`);
    await stage.settled(60_000);
    expect(stage.writes(before)).toEqual(['PATCH shared']);
  });

  it('is not taken back by the first one once the other one is gone, whether it ran then or not', async () => {
    const { operator, heir } = await takenOver();
    await stage.world.kill(operator);
    await stage.world.start();
    await stage.declare('second', { name: 'shared', adoption: 'Adopt', deletionPolicy: 'Retain' }, heir);
    await stage.ready(`${heir}/second`);
    await stage.delete(`${heir}/second`);
    await stage.gone(`${heir}/second`);
    await stage.policy(stage.namespace);
    await stage.stalled('first', 'AlreadyExists');
    strip('shared');
    const before = stage.mark;
    await stage.annotate('first', { 'azid.dev/reconcile-requested-at': 'now' });
    await stage.settled(60_000);
    expect(await stage.stalled('first', 'AlreadyExists')).toContain('spec.adoption: Adopt');
    expect(stage.writes(before)).toEqual([]);
  });
});

describe('an identity that another installation got', () => {
  const tags = {
    'azid-installation': '0b8f4f0e-1d9c-4b7e-9a51-6a1f0f6f7c11',
    'azid-owner': 'theirs/web',
    'azid-owner-uid': 'x',
  };

  it.each([
    ['one that may have it', {}],
    ['one that may not', { identities: { scopes: [RG2] } }],
  ])('is on record no more, for %s', async (_, policy) => {
    const operator = await stage.world.start();
    await made();
    await stage.world.kill(operator);
    await stage.policy(stage.namespace, policy);
    stage.world.azure.control.tagIdentity({ id: stage.id('shared'), tags });
    const next = await stage.world.start();
    await stage.world.until('the record to go', async () => Object.keys(await records()).length === 0);
    await stage.world.kill(next);
    await stage.policy(stage.namespace);
    strip('shared');
    const before = stage.mark;
    await stage.world.start();
    await stage.stalled('first', 'AlreadyExists');
    expect(stage.writes(before)).toEqual([]);
  });
});

describe('a record that the API server refuses', () => {
  const body = {
    apiVersion: 'v1',
    kind: 'Status',
    status: 'Failure',
    reason: 'Forbidden',
    message: 'configmaps is forbidden',
    code: 403,
  };

  it('is reported by the object, with the way out, and made as soon as it may', async () => {
    let refused = true;
    await stage.world.start({
      interceptKube: (request, next) =>
        refused && request.method !== 'GET' && /azid-system\/configmaps/.test(request.path)
          ? Promise.resolve({ status: body.code, headers: {}, body })
          : next(request),
    });
    await stage.declare('web');
    await stage.world.until('the refusal to be told', async () => {
      const object = await stage.get('web');
      return object !== undefined && conditionOf(object, 'Ready')?.reason === 'KubernetesRefused';
    });
    const object = await stage.get('web');
    expect(object && conditionOf(object, 'Ready')?.message).toMatch(
      /azid-system\/azid-principals-.*configmaps is forbidden.*deploy\/kustomize\/base\/rbac\.yaml/,
    );
    refused = false;
    const { metadata } = await stage.ready('web');
    expect(Object.keys(await records())).toEqual([metadata.uid]);
    expect(stage.writes()).toEqual(['PUT web']);
  });
});
