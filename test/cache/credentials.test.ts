import { describe, expect, test } from 'vitest';
import { credentialId } from '../../src/azure/azure-federated-credential.ts';
import { AzureCache } from '../../src/cache/azure-cache.ts';
import { credentialDefinition } from '../../src/cache/credentials.ts';
import type { How } from '../../src/cache/store/entry.ts';
import type { RigOptions } from '../azure/rig.ts';
import { minute, startStage, until } from './stage.ts';

const edit = { priority: 'edit' } as const;
const HOUR = 60 * minute;
const body = (subject = 'one') => ({
  issuer: 'https://issuer.example/',
  subject,
  audience: 'api://AzureADTokenExchange',
});

async function setup(options: RigOptions = {}) {
  const stage = await startStage(options);
  const { clock, stopping, credentials, azure } = stage;
  for (const name of ['id1', 'id2']) await azure.control.createIdentity({ name, resourceGroup: 'rg1' });
  const cache = new AzureCache(credentialDefinition({ credentials }), { clock, signal: stopping.signal });
  const changes: [string, How][] = [];
  cache.onChange((key, how) => changes.push([key.split('/').at(-1) ?? '', how]));
  const identity = stage.id('id1');
  /** By the hand of someone else. */
  const arm = async (method: 'PUT' | 'DELETE', name: string, subject = 'one') => {
    const { audience, ...rest } = body(subject);
    const path = `${credentialId(identity, name)}?api-version=2024-11-30`;
    const properties = { ...rest, audiences: [audience] };
    const answer = await azure.control.arm({
      method,
      path,
      ...(method === 'PUT' && { body: { properties } }),
    });
    expect(answer.status).toBeLessThan(300);
  };
  const lists = () => stage.calls('GET').filter(({ path }) => /federatedIdentityCredentials\?/i.test(path));
  const names = () => {
    const held = cache.content(identity);
    return held.state === 'known' ? held.resources.map(({ name }) => name).toSorted() : held.state;
  };
  return {
    ...stage,
    cache,
    changes,
    identity,
    arm,
    lists,
    names,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await cache.stop();
      await azure.stop();
    },
  };
}

describe('reading', () => {
  test('unknown before, then all of that identity and of no other', async () => {
    await using it = await setup();
    for (const name of ['aaa', 'bbb']) await it.arm('PUT', name, name);
    expect(it.cache.content(it.identity)).toEqual({ state: 'unknown' });
    expect(it.cache.observe(credentialId(it.identity, 'aaa'))).toEqual({ state: 'unknown' });
    await it.cache.relist(it.identity.toUpperCase(), 'edit');
    expect(it.names()).toEqual(['aaa', 'bbb']);
    expect(it.cache.content(it.identity)).toMatchObject({
      completeness: { state: 'complete' },
      doubtful: [],
      ageMs: 0,
    });
    expect(it.cache.observe(credentialId(it.identity, 'AAA'))).toMatchObject({
      state: 'present',
      how: 'list',
    });
    expect(it.cache.observe(credentialId(it.identity, 'ccc'))).toEqual({ state: 'suspectAbsent' });
    expect(it.cache.content(it.id('id2'))).toEqual({ state: 'unknown' });
  });

  test('25 who ask at once cost one call, and one who gives up disturbs nobody', async () => {
    await using it = await setup();
    const given = new AbortController();
    const asked = Array.from({ length: 24 }, () => it.cache.relist(it.identity, 'edit'));
    const dropped = it.cache.relist(it.identity, 'edit', { signal: given.signal });
    given.abort(new Error('enough'));
    await expect(dropped).rejects.toThrow('enough');
    await Promise.all(asked);
    expect(it.lists()).toHaveLength(1);
  });

  test('what was first read while lists were behind is read once more after the lag, in rotation', async () => {
    await using it = await setup();
    it.azure.control.setKnobs({ propagation: { listLagMs: 20_000 } });
    it.cache.use(it.identity, [it.identity]);
    await it.arm('PUT', 'aaa');
    await it.cache.relist(it.identity, 'edit');
    expect(it.names()).toEqual([]);
    it.clock.advance(2.5 * minute);
    it.clock.advance(10_000);
    await until('the second read', () => it.names().length === 1);
    await it.quiet();
    expect(it.lists()).toHaveLength(2);
    it.clock.advance(HOUR);
    await it.quiet();
    expect(it.lists()).toHaveLength(2);
  });

  test('one that is released while it is being read leaves nothing behind', async () => {
    await using it = await setup();
    await it.arm('PUT', 'web');
    it.cache.use(it.identity, [it.identity]);
    const read = it.cache.relist(it.identity, 'edit');
    it.cache.use(it.identity, []);
    await read;
    expect(it.cache.content(it.identity)).toEqual({ state: 'unknown' });
    expect(it.cache.observe(credentialId(it.identity, 'web'))).toEqual({ state: 'unknown' });
    expect(it.cache.parts()).toEqual([]);
  });

  test('one that fails is thrown, leaves what was known, and says so', async () => {
    await using it = await setup();
    await it.arm('PUT', 'web');
    await it.cache.relist(it.identity, 'edit');
    await it.azure.control.addFault({ method: 'GET', count: 1, effect: { kind: 'status', status: 503 } });
    await expect(it.cache.relist(it.identity, 'edit')).rejects.toMatchObject({ status: 503 });
    expect(it.names()).toEqual(['web']);
    expect(it.cache.content(it.identity)).toMatchObject({ completeness: { state: 'partial' } });
    await it.cache.relist(it.identity, 'edit');
    expect(it.cache.content(it.identity)).toMatchObject({ completeness: { state: 'complete' } });
  });

  test('without the right to read nothing is known', async () => {
    await using it = await setup({ role: undefined });
    await expect(it.cache.relist(it.identity, 'edit')).rejects.toMatchObject({
      code: 'AuthorizationFailed',
    });
    expect(it.cache.content(it.identity)).toEqual({ state: 'unknown' });
  });

  test('what vanished is first in doubt, and a GET makes it a fact', async () => {
    await using it = await setup();
    await it.arm('PUT', 'web');
    await it.cache.relist(it.identity, 'edit');
    await it.arm('DELETE', 'web');
    it.changes.length = 0;
    it.clock.advance(minute);
    await it.cache.relist(it.identity, 'edit');
    expect(it.cache.content(it.identity)).toMatchObject({ resources: [], doubtful: [{ name: 'web' }] });
    expect(it.changes).toEqual([['web', 'list']]);
    expect(await it.cache.refresh(credentialId(it.identity, 'web'), 'event')).toMatchObject({
      state: 'absent',
    });
    expect(it.cache.content(it.identity)).toMatchObject({ resources: [], doubtful: [] });
  });

  test('an identity that is gone has none, and one that is made again starts with none', async () => {
    await using it = await setup();
    await it.credentials.put(it.identity, 'web', body(), edit);
    await it.cache.relist(it.identity, 'edit');
    await it.azure.control.deleteIdentity({ id: it.identity });
    it.clock.advance(3 * minute);
    await it.cache.relist(it.identity, 'edit');
    expect(it.cache.content(it.identity)).toEqual({ state: 'gone', ageMs: 0 });
    expect(it.cache.observe(credentialId(it.identity, 'web'))).toMatchObject({ state: 'absent' });
    await it.azure.control.createIdentity({ name: 'id1', resourceGroup: 'rg1' });
    await it.credentials.put(it.identity, 'api', body(), edit);
    expect(it.cache.content(it.identity)).toEqual({ state: 'unknown' });
    await it.cache.relist(it.identity, 'edit');
    expect(it.names()).toEqual(['api']);
  });
});

describe('own writes', () => {
  test('are there at once, and a list that lags does not take them back', async () => {
    await using it = await setup();
    await it.cache.relist(it.identity, 'edit');
    await it.azure.control.setKnobs({ propagation: { listLagMs: 110_000 } });
    await it.credentials.put(it.identity, 'web', body(), edit);
    expect(it.names()).toEqual(['web']);
    it.clock.advance(minute);
    await it.cache.relist(it.identity, 'edit');
    expect(it.names()).toEqual(['web']);
    await it.credentials.delete(it.identity, 'web', edit);
    expect(it.names()).toEqual([]);
    it.clock.advance(minute);
    await it.cache.relist(it.identity, 'edit');
    expect(it.names()).toEqual([]);
  });
});

describe('the rotation', () => {
  test('reads each identity in use within 6 h, without anybody asking, and never writes', async () => {
    await using it = await setup();
    for (const name of ['id1', 'id2']) it.cache.use(it.id(name), [it.id(name)]);
    it.clock.advance(10_000);
    await until('the first read', () => it.names() !== 'unknown');
    await it.quiet();
    it.clock.advance(10_000);
    await until('the second read', () => it.cache.content(it.id('id2')).state === 'known');
    await it.quiet();
    expect(it.lists()).toHaveLength(2);
    await it.arm('PUT', 'web');
    it.clock.advance(3 * HOUR);
    await until('the next read', () => it.lists().length === 3);
    await until('the change', () => it.changes.length > 0);
    expect(it.changes).toEqual([['web', 'list']]);
    expect(it.calls().some(({ method }) => method !== 'GET')).toBe(false);
  });

  test('leaves out what is released', async () => {
    await using it = await setup();
    it.cache.use(it.identity, [it.identity]);
    await it.cache.relist(it.identity, 'edit');
    it.cache.use(it.identity, []);
    expect(it.cache.content(it.identity)).toEqual({ state: 'unknown' });
    it.clock.advance(24 * HOUR);
    await it.quiet();
    expect(it.lists()).toHaveLength(1);
  });
});

test('a hint leads to a read at once, and a failing one is tried again', async () => {
  await using it = await setup();
  await it.arm('PUT', 'web');
  await it.azure.control.addFault({ method: 'GET', count: 1, effect: { kind: 'status', status: 503 } });
  it.cache.resyncNow(it.identity);
  it.cache.resyncNow(it.identity.toUpperCase());
  it.clock.advance(1);
  await until('the failure', () => it.calls('GET').some(({ status }) => status === 503));
  await it.quiet();
  it.clock.advance(5000);
  await until('the read', () => it.names() !== 'unknown');
  expect(it.names()).toEqual(['web']);
  expect(it.lists()).toHaveLength(2);
});

test('the signal ends rotation and re-reads and leaves no timer', async () => {
  await using it = await setup();
  it.cache.use(it.identity, [it.identity]);
  it.cache.resyncNow(it.id('id2'));
  it.stopping.abort();
  await it.cache.stop();
  await it.quiet();
  expect(it.clock.untilNext()).toBeUndefined();
});
