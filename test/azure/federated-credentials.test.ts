import { describe, expect, test } from 'vitest';
import type { AzureObserver } from '../../src/azure/arm/arm-calls.ts';
import { classify } from '../../src/azure/arm/classify.ts';
import { type AzureFederatedCredential, credentialId } from '../../src/azure/azure-federated-credential.ts';
import { type RigOptions, startRig } from './rig.ts';

const edit = { priority: 'edit' } as const;
const body = (subject = 'one') => ({
  issuer: 'https://issuer.example/',
  subject,
  audience: 'api://AzureADTokenExchange',
});

async function setup(options: RigOptions = {}) {
  const rig = await startRig(options);
  for (const name of ['id1', 'id2']) await rig.azure.control.createIdentity({ name, resourceGroup: 'rg1' });
  return { ...rig, identity: rig.id('id1') };
}

/** The error of a call that must fail. */
const failure = (call: Promise<unknown>) =>
  call.then(
    () => expect.fail('expected a failure'),
    (error: unknown) => error,
  );

describe('one credential', () => {
  test('is made, read, changed and deleted', async () => {
    await using rig = await setup();
    const { credentials, identity } = rig;
    const made = await credentials.put(identity, 'web', body(), edit);
    expect(made).toMatchObject({
      created: true,
      credential: {
        name: 'web',
        issuer: 'https://issuer.example/',
        subject: 'one',
        audiences: [body().audience],
      },
    });
    expect(made.credential.key).toBe(credentialId(identity, 'web').toLowerCase());
    expect(await credentials.put(identity, 'web', body('two'), edit)).toMatchObject({
      created: false,
      credential: { subject: 'two' },
    });
    expect(await credentials.get(identity.toUpperCase(), 'WEB', edit)).toMatchObject({
      found: true,
      credential: { subject: 'two', key: made.credential.key },
    });
    expect(await credentials.delete(identity, 'web', edit)).toMatchObject({ result: 'deleted' });
    expect(await credentials.delete(identity, 'web', edit)).toMatchObject({ result: 'absent' });
    expect(await credentials.get(identity, 'web', edit)).toMatchObject({ found: false, missing: 'resource' });
  });

  test('of an identity that is gone is absent, and cannot be made', async () => {
    await using rig = await setup();
    const gone = rig.id('nobody');
    expect(await rig.credentials.get(gone, 'web', edit)).toMatchObject({ found: false, missing: 'parent' });
    expect(await rig.credentials.list(gone, edit)).toMatchObject({ found: false });
    expect(await rig.credentials.delete(gone, 'web', edit)).toMatchObject({ result: 'absent' });
    expect(classify(await failure(rig.credentials.put(gone, 'web', body(), edit)))).toMatchObject({
      kind: 'notFound',
      what: 'parent',
    });
  });

  test('with an issuer and subject that are taken stalls and says so', async () => {
    await using rig = await setup();
    await rig.credentials.put(rig.identity, 'web', body(), edit);
    expect(classify(await failure(rig.credentials.put(rig.identity, 'api', body(), edit)))).toMatchObject({
      kind: 'stalled',
      reason: 'CredentialExists',
    });
  });

  test.each(['ab', '-web', 'a.b.c', 'x'.repeat(121)])('named %s never leaves', async (name) => {
    await using rig = await setup();
    await expect(rig.credentials.put(rig.identity, name, body(), edit)).rejects.toThrow(
      'Expected the name of a federated credential to match',
    );
    expect(rig.calls()).toEqual([]);
  });
});

test('a list holds all of one identity and of no other, every page of it', async () => {
  await using rig = await setup();
  for (const name of ['aaa', 'bbb', 'ccc']) await rig.credentials.put(rig.identity, name, body(name), edit);
  await rig.credentials.put(rig.id('id2'), 'ddd', body(), edit);
  await rig.azure.control.setKnobs({ paging: { pageSize: 2 } });
  const list = await rig.credentials.list(rig.identity, edit);
  expect(list.found && list.credentials.map(({ name }) => name)).toEqual(['aaa', 'bbb', 'ccc']);
  expect(rig.calls('GET')).toHaveLength(2);
  expect(rig.calls('GET')[0]?.path).toContain('$top=100');
});

test('a list that azid may not have is no empty one', async () => {
  await using rig = await setup({ role: undefined });
  expect(classify(await failure(rig.credentials.list(rig.identity, edit)))).toMatchObject({
    kind: 'stalled',
    reason: 'AuthorizationFailed',
  });
});

describe('writes beneath one identity', () => {
  /** Each write takes a while; the simulator refuses a second one under the same identity meanwhile. */
  async function slow(options: RigOptions = {}) {
    const rig = await setup(options);
    await rig.azure.control.setKnobs({
      latencyMs: { 'federatedCredentials.createOrUpdate': 30, 'federatedCredentials.delete': 30 },
    });
    return rig;
  }

  test('run one at a time, the most urgent first, and Azure never refuses one', async () => {
    await using rig = await slow();
    const done: string[] = [];
    const put = async (name: string, priority: 'edit' | 'resync') => {
      await rig.credentials.put(rig.identity, name, body(name), { priority });
      done.push(name);
    };
    const remove = async () => {
      await rig.credentials.delete(rig.identity, 'nothing', { priority: 'event' });
      done.push('delete');
    };
    const late = Array.from({ length: 8 }, (_, n) => put(`late-${n}`, 'resync'));
    const ended = await Promise.allSettled([...late, remove(), put('urgent', 'edit')]);
    expect(ended.filter(({ status }) => status === 'rejected')).toEqual([]);
    expect(done.slice(0, 3)).toEqual(['late-0', 'urgent', 'delete']);
    expect(rig.calls().filter(({ status }) => status === 409)).toEqual([]);
  });

  test('do not wait for those of another identity', async () => {
    const both = Promise.withResolvers<void>();
    let inFlight = 0;
    await using rig = await slow({
      intercept: async (request, next) => {
        if (request.method !== 'PUT') return await next();
        inFlight += 1;
        if (inFlight === 2) both.resolve();
        await both.promise; // The first one ends only after the second has begun.
        return await next();
      },
    });
    const puts = [rig.identity, rig.id('id2')].map((id) => rig.credentials.put(id, 'web', body(), edit));
    expect(await Promise.all(puts)).toMatchObject([{ created: true }, { created: true }]);
  });

  test('go on after one that failed, and leave out one that was given up', async () => {
    await using rig = await slow();
    const effect = { kind: 'status', status: 500 } as const;
    await rig.azure.control.addFault({ method: 'PUT', count: 1, effect });
    const given = new AbortController();
    const put = (name: string, signal?: AbortSignal) =>
      rig.credentials.put(rig.identity, name, body(name), { ...edit, signal }).then(
        () => 'done',
        (error: unknown) => classify(error).kind,
      );
    const ended = Promise.all([put('bad'), put('dropped', given.signal), put('good')]);
    given.abort();
    expect(await ended).toEqual(['transient', 'aborted', 'done']);
    expect(rig.calls('PUT')).toHaveLength(2);
  });
});

test('the observer hears of reads, writes, deletions and writes without an answer', async () => {
  await using rig = await setup();
  const seen: unknown[] = [];
  const observer: AzureObserver<AzureFederatedCredential> = {
    recordGet: (id, found?: AzureFederatedCredential) => seen.push(['get', id, found?.subject]),
    recordWrite: ({ subject }) => seen.push(['write', subject]),
    recordDelete: (id) => seen.push(['delete', id]),
    recordWriteAttempt: (id) => seen.push(['attempt', id]),
  };
  rig.credentials.observedBy(observer);
  const { credentials, identity } = rig;
  const id = credentialId(identity, 'web');
  await credentials.get(identity, 'web', edit);
  await rig.azure.control.addFault({ method: 'PUT', count: 1, effect: { kind: 'reset', when: 'after' } });
  await failure(credentials.put(identity, 'web', body(), edit));
  await credentials.put(identity, 'web', body(), edit);
  await credentials.get(identity, 'web', edit);
  await rig.azure.control.addFault({ method: 'DELETE', count: 1, effect: { kind: 'status', status: 500 } });
  await failure(credentials.delete(identity, 'web', edit));
  await credentials.delete(identity, 'web', edit);
  expect(seen).toEqual([
    ['get', id, undefined],
    ['attempt', id],
    ['write', 'one'],
    ['get', id, 'one'],
    ['attempt', id],
    ['delete', id],
  ]);
});
