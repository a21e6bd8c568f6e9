import { describe, expect, it } from 'vitest';
import { credentialName } from '../azure/names/credential-name.ts';
import { ownerMarks, retainedMarks, type Tags } from '../azure/names/identity-marks.ts';
import { armKey } from '../azure/names/resource-id.ts';
import { type Known, type KubeThing, PlainObjects } from './objects.fixture.ts';
import { assignmentOwner, credentialOwner, identityOwner } from './owners.ts';
import { INSTALLATION, idOf, MARKS, OTHER, PRINCIPAL, SCOPE, shownAssignment, WEB } from './sweep.fixture.ts';

const known = (objects: readonly Partial<KubeThing>[] = [], change: Partial<Known> = {}) =>
  new PlainObjects({
    installationId: INSTALLATION,
    objects: objects.map((each, n) => ({
      kind: 'UserAssignedIdentity',
      namespace: 'shop',
      name: `other-${n}`,
      uid: `uid-${n}`,
      ...each,
    })),
    ...change,
  });

const KEY = armKey(idOf('web'));
const shown = (tags: Tags = MARKS) => ({ key: KEY, principalId: PRINCIPAL, clientId: 'client', tags });
const without = (name: string): Tags => ({ ...MARKS, [name]: '' });

describe('whose an identity is', () => {
  const ownerOf = (tags?: Tags, ...of: Parameters<typeof known>) =>
    identityOwner(shown(tags), INSTALLATION, known(...of));

  it('gone, when its marks name it whole and no object is, was or wants that', () => {
    expect(ownerOf()).toEqual({ state: 'gone', owner: 'shop/web', uid: 'uid-web' });
    expect(ownerOf(MARKS, [{ namespace: 'else', name: 'web' }])).toEqual({
      state: 'gone',
      owner: 'shop/web',
      uid: 'uid-web',
    });
  });

  it.each<[string, Partial<KubeThing>, string]>([
    ['its object', { name: 'web', uid: 'UID-WEB' }, 'UserAssignedIdentity shop/web'],
    [
      'one of its uid that was renamed by an edit of the marks',
      { namespace: 'b', uid: 'uid-web' },
      'UserAssignedIdentity b/other-0',
    ],
    [
      'one made anew under its name, which takes it back',
      { name: 'web', uid: 'uid-2' },
      'UserAssignedIdentity shop/web',
    ],
    ['one of another name that wants its id', { ids: [idOf('WEB')] }, 'UserAssignedIdentity shop/other-0'],
    [
      'one for which its principal is on record',
      { principalId: PRINCIPAL },
      'UserAssignedIdentity shop/other-0',
    ],
    [
      'a grant that names its principal',
      { kind: 'RoleGrant', principalId: PRINCIPAL },
      'RoleGrant shop/other-0',
    ],
    [
      'a host in whose ledger it is',
      { kind: 'HostIdentity', namespace: 'azid-system', ids: [idOf('web')] },
      'HostIdentity azid-system/other-0',
    ],
    [
      'an attachment that waits for its object',
      { kind: 'IdentityAttachment', identityRef: 'web' },
      'IdentityAttachment shop/other-0',
    ],
  ])('lives through %s', (_, object, by) => {
    expect(ownerOf(MARKS, [object])).toEqual({ state: 'living', by });
  });

  it.each<[string, Tags, string]>([
    ['no installation', without('azid-installation'), 'not all are there'],
    ['no owner', without('azid-owner'), 'azid-owner is missing'],
    ['no uid', without('azid-owner-uid'), 'azid-owner-uid is missing'],
    ['one mark', { 'azid-installation': INSTALLATION }, 'not all are there'],
    ['none', { team: 'shop' }, 'no mark of azid'],
    ['a hashed owner', ownerMarks({ ...WEB, name: 'n'.repeat(253) }), 'too long for a tag'],
    [
      'an owner that is no name',
      { ...MARKS, 'azid-owner': 'web' },
      "expected its tag azid-owner to be namespace/name, got 'web'",
    ],
  ])('cannot be told with %s', (_, tags, why) => {
    expect(ownerOf(tags)).toEqual({ state: 'unknown', why: expect.stringContaining(why) });
  });

  it('is another installation’s, even if it was retained there or an object wants it', () => {
    const theirs = { state: 'otherInstallation', installationId: OTHER };
    expect(ownerOf(ownerMarks({ ...WEB, installationId: OTHER }))).toEqual(theirs);
    expect(ownerOf(retainedMarks({ ...WEB, installationId: OTHER }), [{ ids: [idOf('web')] }])).toEqual(
      theirs,
    );
  });

  it('is retained by its marks or by a record', () => {
    const retained = { state: 'retained', owner: 'shop/web' };
    expect(ownerOf(retainedMarks(WEB))).toEqual(retained);
    expect(ownerOf({ ...MARKS, 'AZID-RETAINED': 'shop/web' })).toEqual(retained);
    expect(ownerOf(MARKS, [], { retained: new Map([[WEB.uid, { owner: 'shop/web' }]]) })).toEqual(retained);
  });

  it('is not retained by a record of another that stood under its id before', () => {
    const records = new Map([
      ['uid-before', { owner: 'shop/web' }],
      [KEY, { owner: 'shop/web' }],
    ]);
    expect(ownerOf(MARKS, [], { retained: records })).toMatchObject({ state: 'gone', owner: 'shop/web' });
  });

  it('cannot be told in a namespace not seen, or of two with the same marks', () => {
    expect(ownerOf(MARKS, [], { unseen: new Set(['shop']) })).toEqual({
      state: 'unknown',
      why: 'namespace shop was not seen yet',
    });
    const marked = new Map([
      [KEY, 'uid-web'],
      ['/copy', 'UID-WEB'],
    ]);
    expect(ownerOf(MARKS, [], { marked })).toEqual({
      state: 'unknown',
      why: expect.stringContaining('/copy carries the same marks'),
    });
  });
});

describe('whose an assignment is', () => {
  const ownerOf = (change: Parameters<typeof shownAssignment>[0] = {}, ...of: Parameters<typeof known>) =>
    assignmentOwner(shownAssignment(change), INSTALLATION, known(...of));

  it('gone, when its name proves azid and its description names an object that is gone', () => {
    expect(ownerOf()).toEqual({ state: 'gone', owner: 'shop/read' });
    expect(ownerOf({ description: `x [azid ${INSTALLATION}: shop/read and 2 more]` })).toEqual({
      state: 'gone',
      owner: 'shop/read',
    });
  });

  it.each<[string, Partial<KubeThing>]>([
    ['has it in its ledger', { ids: [shownAssignment().id] }],
    ['is named by its description', { name: 'read' }],
    ['may mean it', { anyAt: SCOPE.toUpperCase() }],
  ])('that of a grant that %s', (_, grant) => {
    expect(ownerOf({}, [{ kind: 'RoleGrant', ...grant }])).toMatchObject({ state: 'living' });
  });

  it.each<[string, Parameters<typeof shownAssignment>[0]]>([
    ['a name that azid did not give', { name: '11111111-2222-5333-8444-555555555555' }],
    ['no description', { description: undefined }],
    ['somebody’s text', { description: 'for the shop' }],
    ['another installation’s mark', { description: `[azid ${OTHER}: shop/read]` }],
    ['a mark without namespace', { description: `[azid ${INSTALLATION}: read]` }],
  ])('cannot be told with %s', (_, change) => {
    expect(ownerOf(change)).toMatchObject({ state: 'unknown' });
  });

  it('cannot be told in a namespace not seen, nor of what was there when the records began', () => {
    expect(ownerOf({}, [], { unseen: new Set(['shop']) })).toMatchObject({ state: 'unknown' });
    const retained = new Map([[shownAssignment().key, { owner: 'shop/read', unproven: true }]]);
    expect(ownerOf({}, [], { retained })).toMatchObject({ state: 'unknown' });
  });

  it('is retained by the record, whatever its description says', () => {
    const retained = new Map([[shownAssignment().key, { owner: 'shop/read' }]]);
    expect(ownerOf({}, [], { retained })).toEqual({ state: 'retained', owner: 'shop/read' });
    expect(ownerOf({ description: undefined }, [], { retained })).toEqual({
      state: 'retained',
      owner: 'shop/read',
    });
  });
});

describe('whose a credential is', () => {
  const name = credentialName(INSTALLATION, { namespace: 'shop', name: 'ci' });
  const key = armKey(`${idOf('web')}/federatedIdentityCredentials/${name}`);
  const ownerOf = (named = name, ...of: Parameters<typeof known>) =>
    credentialOwner({ key, name: named }, INSTALLATION, known(...of));

  it('gone, when no object’s name makes its own', () => {
    expect(ownerOf()).toEqual({ state: 'gone', owner: 'shop/ci' });
    const other = { kind: 'FederatedIdentityCredential', name: 'cd' };
    expect(ownerOf(name, [other])).toEqual({ state: 'gone', owner: 'shop/ci' });
  });

  it('names its object, unless the readable part is not all of that', () => {
    const of = (namespace: string, called: string) =>
      ownerOf(credentialName(INSTALLATION, { namespace, name: called }));
    expect(of('team-a', 'build-main')).toEqual({ state: 'gone', owner: 'team-a/build-main' });
    expect(of('team', 'a.b')).toEqual({ state: 'gone', owner: 'team-a-b' });
    expect(of('team', 'n'.repeat(200))).toMatchObject({ owner: expect.stringMatching(/^team-n+$/) });
  });

  it('that of the object whose name makes its own, on whichever identity, or that has it in its ledger', () => {
    const kind = 'FederatedIdentityCredential';
    expect(ownerOf(name.toUpperCase(), [{ kind, name: 'ci' }])).toMatchObject({ state: 'living' });
    expect(ownerOf(name, [{ kind, name: 'cd', ids: [key] }])).toMatchObject({ state: 'living' });
  });

  it('cannot be told of a foreign name, another installation’s, or while a namespace was not seen', () => {
    expect(ownerOf('aks-binding')).toMatchObject({ state: 'unknown' });
    expect(ownerOf(credentialName(OTHER, { namespace: 'shop', name: 'ci' }))).toMatchObject({
      state: 'unknown',
    });
    expect(ownerOf(name, [], { unseen: new Set(['shop']) })).toMatchObject({ state: 'unknown' });
    const untold = credentialName(INSTALLATION, { namespace: 'team', name: 'a.b' });
    expect(ownerOf(untold, [], { unseen: new Set(['elsewhere']) })).toMatchObject({ state: 'unknown' });
    expect(ownerOf(name, [], { unseen: new Set(['elsewhere']) })).toMatchObject({ state: 'gone' });
    const unproven = new Map([[key, { owner: 'shop/ci', unproven: true }]]);
    expect(ownerOf(name, [], { retained: unproven })).toMatchObject({ state: 'unknown' });
  });

  it('is retained by the record', () => {
    const retained = new Map([[key, { owner: 'shop/ci' }]]);
    expect(ownerOf(name, [], { retained })).toEqual({ state: 'retained', owner: 'shop/ci' });
  });
});
