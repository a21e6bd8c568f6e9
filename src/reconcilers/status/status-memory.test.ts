import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { RoleGrant } from '../../api/role-grant.ts';
import { meta } from '../stores.fixture.ts';
import { OWN_CONDITIONS, StatusMemory } from './status-memory.ts';

const grant = (status?: object) =>
  ({ metadata: meta('read'), spec: {}, ...(status && { status }) }) as unknown as RoleGrant;
const condition = (type: string, status = 'True') => ({
  type,
  status,
  reason: 'X',
  message: '',
  lastTransitionTime: '2026-11-28T10:00:00Z',
});
const own = { observedGeneration: 1, principalId: 'p1', conditions: [condition('Ready')] };

function met(status: object | undefined = own, told: string[] = []) {
  const memory = new StatusMemory<RoleGrant>(({ metadata }) => told.push(metadata.name));
  memory.meet(grant(status));
  return memory;
}

describe('a status that somebody else wrote', () => {
  it.each<[string, object | undefined, boolean]>([
    [
      'as azid left it, its members in another order',
      { conditions: [condition('Ready')], principalId: 'p1', observedGeneration: 1 },
      false,
    ],
    ['another value', { ...own, principalId: 'p2' }, true],
    ['a member more', { ...own, identityId: '/x' }, true],
    ['a member less', { observedGeneration: 1, conditions: own.conditions }, true],
    ['none at all', undefined, true],
    ['what the API server makes of none', { observedGeneration: -1 }, true],
    [
      'a condition of azid’s types more',
      { ...own, conditions: [...own.conditions, condition('DetachConfirmed')] },
      true,
    ],
    ['an empty list more, which the API server does not keep', { ...own, ledger: [] }, false],
    [
      'another manager’s condition more',
      { ...own, conditions: [condition('Theirs'), ...own.conditions] },
      false,
    ],
  ])('%s', (_, status, expected) => {
    const told: string[] = [];
    const memory = met(own, told);
    const shown = memory.shown(grant(status));
    expect(memory.altered(shown) !== undefined).toBe(expected);
    expect(told).toEqual(expected ? ['read'] : []);
    if (expected) {
      expect(shown.status).toEqual(own);
      expect(memory.altered(shown)?.status).toEqual(status);
    }
  });

  it('is not one that no reconcile has met, nor azid’s own while its answer is under way', () => {
    const isAltered = (memory: StatusMemory<RoleGrant>, status: object) =>
      memory.altered(memory.shown(grant(status))) !== undefined;
    expect(isAltered(new StatusMemory<RoleGrant>(), own)).toBe(false);
    const memory = met();
    const next = { ...own, principalId: 'p2' };
    memory.begin(grant(own), next);
    expect(isAltered(memory, next)).toBe(false);
    expect(isAltered(memory, own)).toBe(false);
    expect(isAltered(memory, { ...own, principalId: 'p3' })).toBe(true);
    memory.failed(grant(own));
    expect(isAltered(memory, next)).toBe(true);
    memory.wrote(grant(next));
    expect(isAltered(memory, next)).toBe(false);
    expect(isAltered(memory, own)).toBe(true);
  });

  it('nor azid’s own with an empty list in it, which the watch shows without the list before the answer comes', () => {
    const told: string[] = [];
    const memory = met({ ...own, ledger: ['/a'] }, told);
    memory.begin(grant(own), { ...own, principalId: 'p2', ledger: [] });
    const shown = grant({ ...own, principalId: 'p2' });
    expect(memory.shown(shown)).toBe(shown);
    expect(told).toEqual([]);
  });

  it('is shown as azid’s own, with other managers’ conditions as they are now', () => {
    const memory = met({ ...own, conditions: [condition('Ready'), condition('Theirs')] });
    const forged = grant({
      principalId: 'p2',
      conditions: [condition('Theirs', 'False'), condition('Ready', 'False')],
    });
    expect(memory.shown(forged).status).toEqual({
      ...own,
      conditions: [condition('Ready'), condition('Theirs', 'False')],
    });
  });

  it('is one also before any reconcile has met the object, which the store shows first', () => {
    const memory = new StatusMemory<RoleGrant>();
    memory.shown(grant());
    const shown = memory.shown(grant({ ...own, principalId: 'p2' }));
    expect(shown.status ?? {}).toEqual({});
    expect(memory.altered(shown)?.status).toMatchObject({ principalId: 'p2' });
  });

  it('stays one when the answer to an earlier write comes after it', () => {
    const memory = met();
    const at = (version: number, status: object) => {
      const object = grant(status);
      return { ...object, metadata: { ...object.metadata, resourceVersion: `${version}` } };
    };
    const next = { ...own, principalId: 'p2' };
    memory.begin(grant(own), next);
    const forged = memory.shown(at(2_000_002, { ...own, principalId: 'forged' }));
    memory.wrote(at(2_000_001, next));
    const altered = memory.altered(forged);
    expect(altered?.status).toMatchObject({ principalId: 'forged' });
    expect(altered && memory.own(altered)).toEqual(next);
    memory.wrote(at(2_000_003, next));
    expect(memory.altered(forged)).toBeUndefined();
  });

  it('is not known of what is gone, nor of an object that took its place', () => {
    const other = (uid: string) => {
      const object = grant({ ...own, principalId: uid });
      return { ...object, metadata: { ...object.metadata, uid } };
    };
    const memory = met();
    memory.gone('shop/read');
    expect(memory.shown(other('uid-read')).status).toMatchObject({ principalId: 'uid-read' });
    memory.shown(other('uid-2'));
    expect(memory.shown(grant(own)).status).toEqual(own);
  });

  it('of an object made again under the name is not about the one before', () => {
    const memory = met();
    memory.forget('uid-read');
    const other = grant({ ...own, principalId: 'p2' });
    expect(memory.shown(other)).toBe(other);
  });
});

describe('a status that this process did not write', () => {
  const sound = { observedGeneration: 1, conditions: own.conditions };
  const read = (status: object | undefined) =>
    status === undefined || !('principalId' in status) ? status : sound;

  it('is shown without what is not believed of it, and that is to be written away', () => {
    const told: string[] = [];
    const memory = new StatusMemory<RoleGrant>(({ metadata }) => told.push(metadata.name), read);
    const shown = memory.shown(grant(own));
    expect(shown.status).toEqual(sound);
    expect(memory.altered(shown)?.status).toEqual(own);
    expect(memory.own(shown)).toEqual(sound);
    expect(told).toEqual(['read']);
  });

  it('nor is it believed where it was met before it was shown', () => {
    const memory = new StatusMemory<RoleGrant>(() => {}, read);
    memory.meet(grant(own));
    expect(memory.shown(grant(own)).status).toEqual(sound);
  });

  it('is azid’s own as it stands where all of it is believed', () => {
    const memory = new StatusMemory<RoleGrant>(() => {}, read);
    const object = grant(sound);
    expect(memory.shown(object)).toBe(object);
    expect(memory.altered(object)).toBeUndefined();
  });
});

it('every condition that the documentation has a heading for is azid’s own', () => {
  const text = readFileSync(new URL('../../../docs/conditions.md', import.meta.url), 'utf8');
  const named = [...text.matchAll(/^#+ The condition ([A-Z]\w+)$/gm)].map(([, type]) => type);
  expect(named.length).toBeGreaterThan(3);
  for (const type of named) expect(OWN_CONDITIONS).toContain(type);
});

describe('of an object that another process writes', () => {
  it('what that one wrote is shown as it stands, again and again, and nothing is kept of it', () => {
    const memory = new StatusMemory<RoleGrant>();
    for (const principalId of ['p1', 'p2']) {
      const object = grant({ ...own, principalId });
      expect(memory.ofAnother(object)).toBe(object);
    }
    expect(memory.size).toBe(0);
  });

  it('but for what is not believed of any status that this one did not write', () => {
    const memory = new StatusMemory<RoleGrant>(undefined, (status) => ({ ...status, principalId: 'read' }));
    expect(memory.ofAnother(grant(own)).status).toMatchObject({ principalId: 'read' });
  });

  it('nothing is remembered once it has been let go: what stands there when it comes back is believed anew', () => {
    const told: string[] = [];
    const memory = met(own, told);
    memory.forgetNamespace('elsewhere');
    expect(memory.size).toBe(1);
    memory.forgetNamespace('shop');
    expect(memory.size).toBe(0);
    expect(memory.shown(grant({ ...own, principalId: 'p2' })).status).toMatchObject({ principalId: 'p2' });
    expect(told).toEqual([]);
  });
});
