import { describe, expect, it, test } from 'vitest';
import { isSame, laterOf, readSignIn } from './sign-in.ts';

const RG = '/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/RG1';
const APP = `${RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/App`;

const row = (given: Record<string, unknown> = {}) => ({
  id: '99999999-0000-4000-8000-000000000001',
  signInCount: 9,
  firstSignInDateTime: '2026-11-28T06:18:55Z',
  ipAddress: '203.0.113.7',
  resourceDisplayName: 'Azure Key Vault',
  servicePrincipalId: '',
  status: { errorCode: 0, failureReason: null },
  managedServiceIdentity: {
    msiType: 'userAssigned',
    associatedResourceId: APP,
    federatedTokenId: 'arn:aws:iam::123456789012:role/Secret',
  },
  ...given,
});

describe('a row', () => {
  it('shows when, for what and how, and neither addresses nor ids of tokens', () => {
    const read = readSignIn(row());
    expect(read).toEqual({
      id: APP.toLowerCase(),
      principalId: undefined,
      at: Date.parse('2026-11-28T06:18:55Z'),
      signIn: { time: '2026-11-28T06:18:55Z', resource: 'Azure Key Vault', result: 'Succeeded' },
    });
    expect(JSON.stringify(read)).not.toMatch(/203\.0|arn:|99999999/);
  });

  test.each<[string, Record<string, unknown>, object]>([
    ['that failed', { status: { errorCode: 70011 } }, { signIn: { result: 'Failed' } }],
    ['without a status', { status: null }, { signIn: { result: 'Succeeded' } }],
    [
      'by the principal alone',
      { managedServiceIdentity: null, servicePrincipalId: 'AAAAAAAA-0000-4000-8000-000000000001' },
      { id: undefined, principalId: 'aaaaaaaa-0000-4000-8000-000000000001' },
    ],
    [
      'with a resource that hides something',
      { resourceDisplayName: 'Key\u202eVault\n' },
      { signIn: { resource: 'KeyVault' } },
    ],
    [
      'with a fraction of a second',
      { firstSignInDateTime: '2026-11-28T06:18:55.999Z' },
      { signIn: { time: '2026-11-28T06:18:55Z' } },
    ],
  ])('%s', (_, given, expected) => {
    expect(readSignIn(row(given))).toMatchObject(expected);
  });

  it('has room for so much of a name', () => {
    expect(readSignIn(row({ resourceDisplayName: 'x'.repeat(5_000) }))?.signIn.resource).toHaveLength(256);
    expect(readSignIn(row({ resourceDisplayName: null }))?.signIn).not.toHaveProperty('resource');
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['a text', 'row'],
    ['an array', []],
    ['no time', row({ firstSignInDateTime: undefined })],
    ['a time that is none', row({ firstSignInDateTime: 'today' })],
    ['nobody', row({ managedServiceIdentity: { associatedResourceId: '' } })],
    ['a status that is a text', row({ status: 'ok' })],
  ])('%s is none', (_, value) => {
    expect(readSignIn(value)).toBeUndefined();
  });
});

describe('of two the later one', () => {
  const at = (time: string, resource = 'a') => ({ time, resource, result: 'Succeeded' }) as const;
  const [old, late] = [at('2026-11-27T00:00:00Z'), at('2026-11-28T00:00:00Z')];

  it('whichever came first', () => {
    expect(laterOf(old, late)).toBe(late);
    expect(laterOf(late, old)).toBe(late);
    expect(laterOf(undefined, old)).toBe(old);
    expect(laterOf(old, undefined)).toBe(old);
    expect(laterOf(undefined, undefined)).toBeUndefined();
  });

  it('of one moment always the same', () => {
    const [a, b] = [at('2026-11-27T00:00:00Z', 'a'), at('2026-11-27T00:00:00Z', 'b')];
    expect(laterOf(a, b)).toBe(laterOf(b, a));
    expect(isSame(a, { ...a })).toBe(true);
    expect(isSame(a, b)).toBe(false);
    expect(isSame(a, undefined)).toBe(false);
  });
});
