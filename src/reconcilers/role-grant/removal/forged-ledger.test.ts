import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RoleGrantSpec } from '../../../api/role-grant.ts';
import { assignmentId } from '../../../azure/azure-role-assignment.ts';
import { assignmentNames } from '../../../azure/names/assignment-name.ts';
import { deletionBlocked } from '../../status/blocked.fixture.ts';
import { meta, put } from '../../stores.fixture.ts';
import { INSTALLATION, NOW } from '../facts.fixture.ts';
import type { RoleGrant } from '../facts.ts';
import { CONTRIBUTOR_GUID, GrantWorld, READER_GUID, RG, SUB, unavailable } from '../observe.fixture.ts';

/**
 * A ledger forged while no azid runs is all that azid has when it starts, as nothing is in its memory then. It takes no assignment
 * from whoever has it, and keeps none beyond whoever had it.
 */

const RG2 = `${SUB}/resourceGroups/rg2`;
const MINUTE = 60_000;
const nameOf = (principalId: string, scope = RG, role = READER_GUID) =>
  assignmentNames(INSTALLATION, { scope, role, principalId })[0] ?? '';
const idOf = (principalId: string, scope = RG, role = READER_GUID) =>
  assignmentId(scope, nameOf(principalId, scope, role));
const mark = (key: string) => `[azid ${INSTALLATION}: ${key}]`;

let world: GrantWorld;
/** Principals of the identities `web` of the victim and `else` of the forger. */
let web: string;
let other: string;
/** The assignment that grant shop/read has. */
let theirs: string;
beforeEach(async () => {
  world = await GrantWorld.start();
  web = world.identity('web');
  other = world.identity('else');
  theirs = idOf(web);
  await world.put(theirs, web, READER_GUID, mark('shop/read'));
});
afterEach(() => world[Symbol.asyncDispose]());

const standing = () => ({
  observedGeneration: 1,
  assignmentId: theirs,
  principalId: web,
  ledger: [theirs],
});
const REFUSED = {
  type: 'Stalled',
  status: 'True',
  reason: 'RejectedByAzure',
  message: '',
  lastTransitionTime: '',
  observedGeneration: 1,
} as const;

/** How azid finds the grant that really has the assignment. */
const victims: [string, () => Promise<void>][] = [
  ['as it was', async () => void world.grant('read', {}, standing())],
  ['its status emptied', async () => void world.grant('read')],
  ['its status told to be refused', async () => void world.grant('read', {}, { conditions: [REFUSED] })],
  [
    'its status that of another',
    async () => void world.grant('read', {}, { ...standing(), assignmentId: undefined, ledger: [] }),
  ],
  [
    'its status emptied, while its identity cannot be read',
    async () => {
      world.grant('read');
      const object = world.stores.identities.get('shop/web');
      // Another place than Azure's: nothing that is in the cache tells of it.
      if (object) world.stores.identities.recordDelete(object);
    },
  ],
  [
    'its status emptied, while its role cannot be read',
    async () => {
      world.grant('read', { role: { name: 'Nonsense' } });
    },
  ],
];

/** What the forger’s own spec asks for, and how its object stands. */
const wanted: [string, () => Partial<RoleGrantSpec>, () => Promise<string>][] = [
  [
    'another scope',
    () => ({ scope: RG2, principal: { identityRef: { name: 'else' } } }),
    async () => idOf(other, RG2),
  ],
  ['another principal', () => ({ principal: { identityRef: { name: 'else' } } }), async () => idOf(other)],
  [
    'another role',
    () => ({ role: { id: CONTRIBUTOR_GUID }, principal: { identityRef: { name: 'else' } } }),
    async () => idOf(other, RG, CONTRIBUTOR_GUID),
  ],
  [
    'another principal by id',
    () => ({ principal: { id: other, type: 'ServicePrincipal' } }),
    async () => idOf(other),
  ],
  [
    'an identity that there is not',
    () => ({ scope: RG2, principal: { identityRef: { name: 'none' } } }),
    async () => idOf(other),
  ],
];
const lives: [string, Partial<RoleGrantSpec>, Partial<RoleGrant['metadata']>][] = [
  ['lives', {}, {}],
  ['goes', {}, { deletionTimestamp: new Date(NOW - MINUTE).toISOString() }],
  ['has ended', { expiresAt: new Date(NOW - MINUTE).toISOString() }, {}],
];
/** Each two of the three meet. */
const attacks = victims.flatMap((victim, row) =>
  wanted.flatMap((want, column) =>
    lives
      .filter((_, at) => at === (row + column) % lives.length)
      .map((life) => [victim, want, life] as const),
  ),
);

describe('an assignment that a forged ledger names is not taken away', () => {
  it.each(
    attacks.map(([victim, want, life]) => ({
      title: `from a grant ${victim[0]}, by one that asks for ${want[0]} and ${life[0]}`,
      victim,
      want,
      life,
    })),
  )('$title', async ({ victim: [, prepare], want: [, spec, own], life: [, more, metadata] }) => {
    world.allow('shop', [{ roles: ['Reader', 'Contributor'], scopes: [SUB], principals: { ids: [other] } }]);
    await prepare();
    const mine = await own();
    const [scope = '', name = ''] = mine.split('/providers/Microsoft.Authorization/roleAssignments/');
    if (!name.startsWith('undefined'))
      await world.put(
        mine,
        other,
        scope === RG && mine === idOf(other, RG, CONTRIBUTOR_GUID) ? CONTRIBUTOR_GUID : READER_GUID,
        mark('shop/thief'),
      );
    await world.listed();
    world.clock.advance(MINUTE);
    const status = { ledger: [mine, theirs], assignmentId: mine, principalId: other };
    const thief = world.grant('thief', { ...spec(), ...more }, status, metadata);
    const decision = await world.decided(thief);
    const deleted = decision.actions.flatMap((action) =>
      action.type === 'deleteAssignment' ? action.id : [],
    );
    expect(deleted).not.toContain(theirs);
  });
});

describe('what another team retained for a principal that no cache shows', () => {
  const principal = '99999999-0000-4000-8000-000000000009';
  const retained = idOf(principal);
  const nowhere = { principal: { identityRef: { name: 'nowhere' } } } as const;
  const byId = { principal: { id: principal, type: 'ServicePrincipal' } } as const;
  const again = { principal: { identityRef: { name: 'else' } } } as const;
  const GONE = { deletionTimestamp: new Date(NOW - MINUTE).toISOString() };
  const ended = { expiresAt: new Date(NOW - MINUTE).toISOString() };
  const dead = {
    assignmentId: retained,
    principalId: principal,
    identityId: `${RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/gone`,
  };
  const forgers: [string, Partial<RoleGrantSpec>, RoleGrant['status'], Partial<RoleGrant['metadata']>][] = [
    ['goes', {}, {}, { deletionTimestamp: new Date(NOW - MINUTE).toISOString() }],
    ['has ended', ended, {}, {}],
    ['claims the principal of an identity that is gone', {}, dead, {}],
    ['names it by its id, which no policy allows, and goes', byId, {}, GONE],
    ['refers to an identity that was made again', again, { ...dead, ledger: [retained] }, {}],
    ['refers to an identity that was made again, and goes', again, dead, GONE],
  ];
  const shown: [string, string, string][] = [
    ['a group, the mark whole', 'Group', mark('other/readers')],
    ['a group that several grants had', 'Group', mark('other/readers and 1 more')],
    ['a group, its mark overwritten', 'Group', 'by hand'],
    ['a user, its mark overwritten', 'User', 'by hand'],
    ['an app, the mark whole', 'ServicePrincipal', mark('other/readers')],
    [
      'an app that several grants had, the first of whom is gone',
      'ServicePrincipal',
      mark('other/gone and 1 more'),
    ],
    [
      'an app that several grants had, the first of whom lives',
      'ServicePrincipal',
      mark('other/readers and 1 more'),
    ],
    ['an app, its mark overwritten', 'ServicePrincipal', 'by hand'],
    ['an app, its mark taken off', 'ServicePrincipal', ''],
  ];

  it.each(
    shown.flatMap(([what, type, description]) =>
      forgers.map(([who, spec, status, metadata]) => ({
        title: `${what}: is not taken by a forged ledger of one that ${who}`,
        type,
        description,
        spec,
        status,
        metadata,
      })),
    ),
  )('$title', async ({ type, description, spec, status, metadata }) => {
    world.allow('shop', [{ roles: ['Reader'], scopes: [SUB], principals: { ids: [other] } }]);
    world.grant(
      'readers',
      { principal: { id: principal, type: 'ServicePrincipal' } },
      {},
      { namespace: 'other' },
    );
    await world.put(retained, principal, READER_GUID, description, type);
    await world.listed();
    const forged = { ledger: [retained], observedGeneration: 1, ...status };
    const thief = world.grant('thief', { ...nowhere, ...spec }, forged, metadata);
    const { actions } = await world.decided(thief);
    expect(actions.map((action) => action.type)).not.toContain('deleteAssignment');
  });
});

/** Specs that cannot mean the assignment, of which it cannot be told what they do mean. */
const claims: [string, () => Partial<RoleGrantSpec>][] = [
  ['another scope', () => ({ scope: RG2, role: { name: 'Nonsense' } })],
  [
    'another role by id',
    () => ({ role: { id: CONTRIBUTOR_GUID }, principal: { identityRef: { name: 'none' } } }),
  ],
  [
    'another role by name',
    () => ({ role: { name: 'Contributor' }, principal: { identityRef: { name: 'none' } } }),
  ],
  [
    'another principal by id',
    () => ({ role: { name: 'Nonsense' }, principal: { id: other, type: 'ServicePrincipal' } }),
  ],
  [
    'the identity of another',
    () => ({ role: { name: 'Nonsense' }, principal: { identityRef: { name: 'else' } } }),
  ],
  ['an identity that there is not', () => ({ principal: { identityRef: { name: 'none' } } })],
  ['what is no scope', () => ({ scope: `${SUB}/resourceGroups`, role: { name: 'Nonsense' } })],
];

describe('an assignment that a forged status claims goes with whoever had it', () => {
  beforeEach(() => world.listed());
  const decided = async () => {
    world.clock.advance(MINUTE);
    const deletionTimestamp = new Date(NOW).toISOString();
    return (await world.decided(world.grant('read', {}, standing(), { deletionTimestamp }))).actions;
  };

  it.each(claims)('the claim of one that asks for %s', async (_, spec) => {
    world.grant('thief', spec(), standing());
    expect(await decided()).toMatchObject([{ type: 'deleteAssignment', id: theirs }]);
  });

  it.each<[string, Partial<RoleGrantSpec>]>([
    ['asks for it', {}],
    ['may ask for it: its role cannot be told just now', { role: { name: 'Nonsense' } }],
  ])('but it stays for one that %s', async (_, spec) => {
    world.grant('sharer', spec, standing());
    expect(await decided()).toMatchObject([{ type: 'removeFinalizer' }]);
  });

  it('and for one that is written on it, though its status was emptied and its role is not known', async () => {
    await world.put(theirs, web, READER_GUID, mark('shop/sharer'));
    await world.listed();
    world.grant('sharer', { role: { name: 'Nonsense' } });
    expect(await decided()).toMatchObject([{ type: 'removeFinalizer' }]);
  });
});

describe('what was the object’s own is taken away', () => {
  const moved = (status: RoleGrant['status'], spec: Partial<RoleGrantSpec> = { scope: RG2 }) =>
    world.grant('read', spec, { ...status, assignmentId: theirs, principalId: web });
  const decided = async (object: RoleGrant) => {
    await world.listed();
    world.clock.advance(MINUTE);
    return (await world.decided(object)).actions;
  };
  beforeEach(() => world.put(idOf(web, RG2), web, READER_GUID, mark('shop/read')));

  it('by the mark on it', async () => {
    expect(await decided(moved({ ledger: [theirs] }))).toMatchObject([
      { type: 'deleteAssignment', id: theirs },
    ]);
  });

  it('by the record of its end, whatever the mark says', async () => {
    await world.put(theirs, web, READER_GUID, 'by hand');
    put(world.stores.expiries, {
      metadata: meta(nameOf(web), { namespace: 'azid-system' }),
      spec: { assignmentId: theirs, owners: [{ namespace: 'shop', name: 'read', uid: 'uid-shop-read' }] },
    });
    expect(await decided(moved({ ledger: [theirs] }))).toMatchObject([
      { type: 'deleteAssignment', id: theirs },
    ]);
  });

  it('of an identity that was made again since this process saw it granted, whatever the mark says by now', async () => {
    await world.listed();
    world.clock.advance(MINUTE);
    const status = { ledger: [theirs], assignmentId: theirs, principalId: web };
    await world.decided(world.grant('read', {}, status));
    const again = world.recycle('web');
    await world.put(theirs, web, READER_GUID, 'by hand');
    await world.put(idOf(again), again, READER_GUID, mark('shop/read'));
    await world.relisted();
    const ledger = [theirs, idOf(again)];
    const { actions } = await world.decided(world.grant('read', {}, { ...status, ledger }));
    expect(actions).toMatchObject([{ type: 'deleteAssignment', id: theirs }]);
  });

  it('of an identity that was made again, where another grant of the same identity is written on it first', async () => {
    const gone = 'aaaaaaaa-0000-4000-8000-00000000dead';
    world.grant('first', {}, {}, { creationTimestamp: '2026-11-01T10:00:00Z' });
    for (const [id, principalId] of [
      [theirs, web],
      [idOf(gone), gone],
    ] as const)
      await world.put(id, principalId, READER_GUID, mark('shop/first and 1 more'));
    const object = world.grant('read', {}, { ledger: [idOf(gone), theirs], assignmentId: theirs });
    expect(await decided(object)).toMatchObject([{ type: 'deleteAssignment', id: idOf(gone) }]);
  });

  it('but not by what it grants alone: a principal that nothing shows may be an app’s', async () => {
    const gone = 'aaaaaaaa-0000-4000-8000-00000000dead';
    await world.put(idOf(gone), gone, READER_GUID, 'by hand');
    const object = world.grant('read', {}, { ledger: [idOf(gone), theirs], assignmentId: theirs });
    expect(await decided(object)).toMatchObject([
      { type: 'saveStatus', status: { ledger: [theirs] } },
      { type: 'recordEvent', event: { reason: 'LeftBehind', message: expect.stringContaining(idOf(gone)) } },
    ]);
  });

  it('by a policy that allows it today, where it is an app’s and nobody is written on it', async () => {
    const app = '99999999-0000-4000-8000-000000000009';
    await world.put(idOf(app), app, READER_GUID, 'by hand');
    const going = { deletionTimestamp: new Date(NOW).toISOString() };
    const byId = { principal: { id: app, type: 'ServicePrincipal' } } as const;
    const object = world.grant('read', byId, { ledger: [idOf(app)] }, going);
    world.allow('shop', [{ roles: ['Reader'], scopes: [SUB], principals: { ids: [app] } }]);
    expect(await decided(object)).toMatchObject([{ type: 'deleteAssignment', id: idOf(app) }]);
  });

  it('once Azure has shown the identity: until then it waits, and forgets nothing, but not for ever', async () => {
    await world.put(theirs, web, READER_GUID, 'by hand');
    world.caches.assignments.use('somebody', [SUB]);
    await world.caches.assignments.whenLoaded(SUB);
    await world.caches.roles.cache.whenLoaded(SUB);
    world.clock.advance(MINUTE);
    const GOING = { deletionTimestamp: new Date(NOW).toISOString() };
    const status = { ledger: [theirs], assignmentId: theirs, principalId: web };
    world.failing.set('userAssignedIdentities', unavailable);
    const living = await world.decided(world.grant('read', {}, status));
    expect(living).toMatchObject({ actions: [], status: { ledger: [theirs] } });
    const held = await world.decided(world.grant('read', {}, status, GOING));
    expect(held).toMatchObject({
      actions: [],
      status: { ledger: [theirs] },
      summary: {
        state: 'deleting',
        message: expect.stringContaining('Azure has yet to show the identity'),
      },
      conditions: [{ type: 'DeletionBlocked', status: 'True', reason: 'OwnerNotTold' }],
    });
    const blocked = deletionBlocked(world.clock.now() - 2 * 3_600_000, 'OwnerNotTold');
    const over = await world.decided(world.grant('read', {}, { ...status, conditions: [blocked] }, GOING));
    expect(over.actions).toMatchObject([
      { type: 'recordEvent', event: { reason: 'LeftBehind', message: expect.stringContaining(theirs) } },
      { type: 'removeFinalizer' },
    ]);
    world.failing.clear();
    expect(await decided(world.grant('read', {}, status, GOING))).toMatchObject([
      { type: 'deleteAssignment', id: theirs },
    ]);
  });

  it('but what nothing proves is left, and reported once', async () => {
    await world.put(theirs, web, READER_GUID, 'by hand');
    const actions = await decided(moved({ ledger: [idOf(web, RG2), theirs] }));
    expect(actions).toMatchObject([
      { type: 'saveStatus', status: { ledger: [idOf(web, RG2)] } },
      { type: 'recordEvent', event: { reason: 'LeftBehind', message: expect.stringContaining(theirs) } },
    ]);
  });

  it('nothing is forgotten before Azure itself was asked', async () => {
    await world.put(theirs, web, READER_GUID, 'by hand');
    await world.listed();
    await world.put(theirs, web, READER_GUID, mark('shop/read'));
    world.clock.advance(MINUTE);
    const object = moved({ ledger: [idOf(web, RG2), theirs] });
    expect((await world.decided(object)).actions).toMatchObject([{ type: 'deleteAssignment', id: theirs }]);
    world.failing.set(`roleAssignments/${nameOf(web)}`, unavailable);
    world.clock.advance(MINUTE);
    expect((await world.decided(object)).actions).toEqual([]);
  });
});
