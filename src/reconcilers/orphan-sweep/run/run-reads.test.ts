import { describe, expect, it } from 'vitest';
import { AzureError } from '../../../azure/arm/errors.ts';
import { type RunReadsDeps, readRun } from './reads.ts';

const SWEPT = [{ scope: '/subscriptions/a', subscriptionId: 'a', without: [] }];
const CONTEXT = { priority: 'resync', signal: new AbortController().signal } as const;
const refused = (status: number, code: string) => () => {
  throw new AzureError({ status, code, message: 'no' });
};

function deps(change: object = {}): RunReadsDeps {
  return {
    identityCache: { age: () => 0, relist: async () => {}, byIndex: () => [] },
    assignmentCache: { age: () => 0, relist: async () => {}, present: () => [] },
    hostCache: { byIndex: () => [] },
    resourceGraph: { attachedIdentities: async () => new Map([['/id', ['/vm']]]) },
    permissions: { at: async () => ({ allows: () => true }) },
    installationId: 'i',
    stores: { orphanRecords: { values: () => [] }, expiries: { byIndex: () => [] } },
    ...change,
  } as unknown as RunReadsDeps;
}

describe('what a run reads', () => {
  it('is whole where Azure answers, and lists are made anew where they are older', async () => {
    const listed: string[] = [];
    const relist = async (area: string) => void listed.push(area);
    const old = { age: () => 10 * 60_000, relist, byIndex: () => [], present: () => [] };
    const read = await readRun(SWEPT, CONTEXT, deps({ identityCache: old, assignmentCache: old }));
    expect(read.attached).toEqual({ state: 'read', of: new Map([['/id', ['/vm']]]) });
    expect(listed).toEqual(['a', '/subscriptions/a']);
    expect(read.unlisted.size).toBe(0);
  });

  it('is unread where Resource Graph fails, and where azid may not read all there is', async () => {
    const failing = { resourceGraph: { attachedIdentities: refused(403, 'AuthorizationFailed') } };
    expect((await readRun(SWEPT, CONTEXT, deps(failing))).attached).toMatchObject({ state: 'unread' });
    const blind = { permissions: { at: async () => ({ allows: (action: string) => action !== '*/read' }) } };
    expect((await readRun(SWEPT, CONTEXT, deps(blind))).attached).toMatchObject({
      state: 'unread',
      why: expect.stringContaining('Reader'),
    });
    const unknown = { permissions: { at: refused(403, 'AuthorizationFailed') } };
    expect((await readRun(SWEPT, CONTEXT, deps(unknown))).attached).toMatchObject({ state: 'unread' });
  });

  it('tells which subscription could not be listed, and holds back where Azure asks for a pause', async () => {
    const old = { age: () => undefined, byIndex: () => [], present: () => [] };
    const failing = { ...old, relist: refused(403, 'AuthorizationFailed') };
    expect([...(await readRun(SWEPT, CONTEXT, deps({ identityCache: failing }))).unlisted.keys()]).toEqual([
      'a',
    ]);
    const paused = { ...old, relist: refused(429, 'TooManyRequests') };
    await expect(readRun(SWEPT, CONTEXT, deps({ identityCache: paused }))).rejects.toThrow();
  });
});
