import { describe, expect, it, test } from 'vitest';
import { callerOf } from './foreign-texts.ts';

const SOAP = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims';
const OBJECT_ID = 'http://schemas.microsoft.com/identity/claims/objectidentifier';

describe('who made a call, by the claims of their token', () => {
  test.each<[string, Record<string, unknown>, unknown]>([
    [
      'a user, by the name they sign in with, and the application they used',
      { [`${SOAP}/upn`]: 'alice@contoso.com', name: 'Alice', [OBJECT_ID]: 'a-1', appid: 'portal' },
      { name: 'alice@contoso.com', objectId: 'a-1', appId: 'portal' },
    ],
    ['by an older claim', { unique_name: 'live.com#bob@example.org' }, { name: 'live.com#bob@example.org' }],
    [
      'an application',
      { appid: 'app-1', [OBJECT_ID]: 'o-1', idtyp: 'app' },
      { objectId: 'o-1', appId: 'app-1' },
    ],
    [
      'an application by the claims of version 2',
      { azp: 'app-1', oid: 'o-1' },
      { objectId: 'o-1', appId: 'app-1' },
    ],
    [
      'only what names the caller',
      { ipaddr: '203.0.113.7', groups: 'g', uti: 't', oid: 'o-1' },
      { objectId: 'o-1' },
    ],
    ['nobody', { ipaddr: '203.0.113.7' }, undefined],
    ['values of another type', { upn: 7, oid: ['o'], appid: { a: 1 } }, undefined],
    ['empty ones', { upn: ' ', oid: '', appid: '\n' }, undefined],
  ])('%s', (_, claims, caller) => {
    expect(callerOf(claims)).toEqual(caller);
  });

  test.each([undefined, null, 'alice', 7, []])('%j names no caller', (claims) => {
    expect(callerOf(claims)).toBeUndefined();
  });

  it('what cannot be seen is left out, and a long name is cut', () => {
    expect(callerOf({ upn: 'al\u202eice\n@contoso\u0000.com' })).toEqual({ name: 'alice@contoso.com' });
    expect(callerOf({ upn: 'a'.repeat(10_000) })?.name).toHaveLength(256);
  });

  it('claims of the prototype are none', () => {
    expect(callerOf(Object.create({ upn: 'alice@contoso.com' }))).toBeUndefined();
  });
});
