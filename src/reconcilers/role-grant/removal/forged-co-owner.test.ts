import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RoleGrantSpec } from '../../../api/role-grant.ts';
import { assignmentId } from '../../../azure/azure-role-assignment.ts';
import { assignmentNames } from '../../../azure/names/assignment-name.ts';
import { createRandom } from '../../../simulator/random.ts';
import { meta, put } from '../../stores.fixture.ts';
import { INSTALLATION, NOW } from '../facts.fixture.ts';
import type { GrantDecision, RoleGrant } from '../facts.ts';
import { GrantWorld, READER_GUID, RG, SUB } from '../observe.fixture.ts';

/**
 * A grant that no policy allows, whose spec means what another has, and whose ledger was forged while no azid ran: it takes nothing,
 * keeps nothing, and no write to Azure comes of it. What was really given to a grant that is denied by now is still its own.
 */

const MINUTE = 60_000;
const past = (minutes: number) => new Date(NOW - minutes * MINUTE).toISOString();
const mark = (key: string, more = '') => `[azid ${INSTALLATION}: ${key}${more}]`;
const CONDITION = { expression: "@Resource[a:b] StringEquals 'x'", version: '2.0' } as const;
const GOING = { deletionTimestamp: past(1) } as const;

let world: GrantWorld;
/** Principal of identity `web`, and its assignment. */
let web: string;
let theirs: string;
beforeEach(async () => {
  world = await GrantWorld.start();
  web = world.identity('web');
  theirs = assignmentId(
    RG,
    assignmentNames(INSTALLATION, { scope: RG, role: READER_GUID, principalId: web })[0] ?? '',
  );
});
afterEach(() => world[Symbol.asyncDispose]());

async function standsFor(description: string): Promise<void> {
  await world.put(theirs, web, READER_GUID, description);
  await world.listed();
  // Before the clock goes on: whether anything was given to one that goes, only a complete list tells.
  const list = () => world.caches.assignments.completeness(RG);
  await vi.waitFor(() => expect(list()).toMatchObject({ state: 'complete' }));
  world.clock.advance(MINUTE);
}

const had = () => ({ observedGeneration: 1, assignmentId: theirs, principalId: web, ledger: [theirs] });
/** Policies allow identities of the namespace `shop` to be granted something, nobody by id, and `other` nothing. */
const byId = () => ({ principal: { id: web, type: 'ServicePrincipal' } }) as const;
const forged = (
  namespace: string,
  spec: Partial<RoleGrantSpec> = {},
  metadata: Partial<RoleGrant['metadata']> = {},
) => world.grant('thief', { ...byId(), ...spec }, had(), { namespace, ...metadata });

const inAzure = ({ actions }: GrantDecision) =>
  actions.filter(({ type }) => ['putAssignment', 'deleteAssignment', 'recordEnd'].includes(type));

const places: [string, string][] = [
  ['where policies allow others something', 'shop'],
  ['where no policy allows anything', 'other'],
];
const specs: [string, Partial<RoleGrantSpec>][] = [
  ['asks for the same', {}],
  ['asks for the same with a condition', { condition: CONDITION }],
  ['asks for the same until a time', { expiresAt: new Date(NOW + 60 * MINUTE).toISOString() }],
  ['is suspended', { suspend: true }],
  ['names no role that is known', { role: { name: 'Nonsense' } }],
];
const ages: [string, number][] = [
  ['older', 9_000],
  ['younger', 5],
];
const thieves = places.flatMap(([place, namespace]) =>
  specs.flatMap(([what, spec]) =>
    ages.map(([age, minutes]) => ({ title: `${age}, ${what}, ${place}`, namespace, spec, minutes })),
  ),
);

describe('a denied grant with a forged ledger', () => {
  it.each(thieves)('changes, keeps and takes nothing: $title', async ({ namespace, spec, minutes }) => {
    await standsFor(mark('shop/read'));
    const thief = (more: Partial<RoleGrant['metadata']> = {}) =>
      forged(namespace, spec, { creationTimestamp: past(minutes), ...more });
    const read = (more: Partial<RoleGrant['metadata']> = {}) =>
      world.grant('read', {}, had(), { creationTimestamp: past(60), ...more });
    let object = thief();
    expect(await world.decided(read())).toMatchObject({
      actions: [],
      summary: { state: 'ready', reason: 'Granted' },
    });
    // The ledger that was forged goes at once, also while the object is suspended, and nothing else is written.
    const mended = await world.decided(object);
    expect(mended.actions).toMatchObject([
      { type: 'saveStatus', status: { ledger: [], assignmentId: undefined } },
      { type: 'recordEvent', event: { reason: 'LeftBehind' } },
    ]);
    expect(mended.binds).toBe(true);
    // No assignment stays beyond who had it.
    expect(inAzure(await world.decided(read(GOING)))).toMatchObject([
      { type: 'deleteAssignment', id: theirs },
    ]);
    // What was left by one that is gone is not taken along either.
    const left = world.stores.grants.get('shop/read');
    if (left) world.stores.grants.recordDelete(left);
    const gone = await world.decided(thief(GOING));
    expect(gone.actions.map(({ type }) => type)).toEqual(['recordEvent', 'removeFinalizer']);
    object = world.grant('thief', { ...byId(), ...spec }, { ledger: [] }, { namespace });
    expect((await world.decided(object)).actions).toEqual([]);
  });
});

describe('a grant that was given its assignment, and is denied by now', () => {
  const denied = (more: Partial<RoleGrant['metadata']> = {}) =>
    world.grant('denied', byId(), had(), { namespace: 'other', creationTimestamp: past(90), ...more });
  const allowed = (status: RoleGrant['status'], more: Partial<RoleGrant['metadata']> = {}) =>
    world.grant('read', {}, status, { creationTimestamp: past(60), ...more });

  it('keeps it', async () => {
    await standsFor(mark('other/denied'));
    const { decision, calls } = await world.see(denied());
    expect(decision).toMatchObject({
      actions: [],
      summary: { state: 'stalled', reason: 'PolicyDenied' },
      status: { ledger: [theirs], assignmentId: theirs },
    });
    expect(calls).toEqual([]);
  });

  it.each([
    ['by the mark', mark('other/denied')],
    ['where nobody is written on it', 'by hand'],
    ['as one of several, the first of whom is gone', mark('shop/gone', ' and 1 more')],
  ])('takes it along: %s', async (_, description) => {
    await standsFor(description);
    expect(inAzure(await world.decided(denied(GOING)))).toMatchObject([
      { type: 'deleteAssignment', id: theirs },
    ]);
  });

  it('takes it along as one of several, the first of whom azid is done with, though another’s finalizer keeps that one', async () => {
    await standsFor(mark('shop/first', ' and 1 more'));
    const first = (finalizers: string[]) =>
      world.grant('first', {}, {}, { creationTimestamp: past(99), ...GOING, finalizers });
    // As long as azid is not done with it, it takes the assignment away itself.
    first(['azid.dev/finalizer', 'example.com/hold']);
    expect(inAzure(await world.decided(denied(GOING)))).toEqual([]);
    first(['example.com/hold']);
    expect(inAzure(await world.decided(denied(GOING)))).toMatchObject([
      { type: 'deleteAssignment', id: theirs },
    ]);
  });

  it('takes it along by the record of its end, whoever is written on it', async () => {
    await standsFor(mark('shop/gone'));
    const name = theirs.split('/').at(-1) ?? '';
    put(world.stores.expiries, {
      metadata: meta(name, { namespace: 'azid-system' }),
      spec: {
        assignmentId: theirs,
        owners: [{ namespace: 'other', name: 'denied', uid: 'uid-other-denied' }],
      },
    });
    expect(inAzure(await world.decided(denied(GOING)))).toMatchObject([
      { type: 'deleteAssignment', id: theirs },
    ]);
  });

  it('leaves it to one that may have it, ledger or not', async () => {
    await standsFor(mark('other/denied', ' and 1 more'));
    for (const status of [had(), {}]) {
      allowed(status);
      expect(inAzure(await world.decided(denied(GOING)))).toEqual([]);
    }
  });

  it('has it for as long as it lives, whoever else goes', async () => {
    await standsFor(mark('other/denied', ' and 1 more'));
    denied();
    expect(inAzure(await world.decided(allowed(had(), GOING)))).toEqual([]);
  });

  it('leaves it to the one that is written on it, as long as that one lives', async () => {
    await standsFor(mark('shop/read', ' and 1 more'));
    allowed(had());
    expect((await world.decided(denied())).actions).toMatchObject([
      { type: 'saveStatus', status: { ledger: [] } },
      { type: 'recordEvent' },
    ]);
  });
});

describe('whatever grants there are', () => {
  interface Row {
    readonly name: string;
    readonly namespace: string;
    readonly allowed: boolean;
    readonly spec: Partial<RoleGrantSpec>;
    readonly has: boolean;
    readonly recorded: boolean;
    readonly age: number;
    readonly going: boolean;
  }

  /** What each of them does in Azure. */
  async function decisions(rows: readonly Row[], marked: string, has: (row: Row) => boolean) {
    const { grants, expiries } = world.stores;
    for (const object of grants.values()) grants.take({ type: 'delete', object });
    for (const object of expiries.values()) expiries.take({ type: 'delete', object });
    const owners = rows.filter(({ recorded }) => recorded);
    if (owners.length > 0)
      put(world.stores.expiries, {
        metadata: meta(theirs.split('/').at(-1) ?? '', { namespace: 'azid-system' }),
        spec: {
          assignmentId: theirs,
          owners: owners.map(({ name, namespace }) => ({ namespace, name, uid: `uid-${namespace}-${name}` })),
        },
      });
    const objects = rows.map((row) =>
      world.grant(row.name, row.spec, has(row) ? had() : { observedGeneration: 1 }, {
        namespace: row.namespace,
        creationTimestamp: past(row.age),
        // Each reads what is written on the assignment now.
        annotations: { 'azid.dev/reconcile-requested-at': 'now' },
        ...(row.going && GOING),
      }),
    );
    await standsFor(marked);
    const made = new Map<string, ReturnType<typeof inAzure>>();
    for (const [at, object] of objects.entries())
      made.set(rows[at]?.name ?? '', inAzure(await world.decided(object)));
    return made;
  }

  it.each([1, 2, 3, 4, 5, 6])('a forged ledger changes nothing in Azure (seed %i)', async (seed) => {
    const random = createRandom(seed);
    const coin = (share = 0.5) => random.next() < share;
    for (let round = 0; round < 12; round++) {
      const rows = Array.from({ length: 2 + Math.floor(random.next() * 3) }, (_, at): Row => {
        const allowed = coin();
        return {
          name: `g${at}`,
          namespace: allowed || coin() ? 'shop' : 'other',
          allowed,
          spec: {
            ...(allowed ? {} : byId()),
            ...(coin(0.2) && { condition: CONDITION }),
            ...(coin(0.2) && { suspend: true }),
          },
          has: coin(0.7),
          recorded: coin(0.15),
          age: 10 + Math.floor(random.next() * 1_000),
          going: coin(0.3),
        };
      });
      // Of those that have it somebody is written on it; of a set without one, a grant that is gone.
      const first = rows.find(({ has, going }) => has && !going);
      const key = first ? `${first.namespace}/${first.name}` : 'shop/gone';
      const description = mark(key, first && coin(0.3) ? ' and 1 more' : '');
      const isForged = (row: Row) => !row.allowed && !row.recorded && row !== first;
      const without = await decisions(rows, description, (row) => row.has && !isForged(row));
      const withIt = await decisions(rows, description, (row) => row.has || isForged(row));
      const reported = JSON.stringify({ rows, description });
      for (const row of rows) {
        expect(withIt.get(row.name), `${row.name} of ${reported}`).toEqual(without.get(row.name));
        if (isForged(row)) expect(withIt.get(row.name), `${row.name} of ${reported}`).toEqual([]);
        // What a grant that lives, may have it and asks for it as it stands needs is never deleted.
        const isNeeded = rows.some(
          (each) =>
            each !== row &&
            each.allowed &&
            !each.going &&
            each.spec.suspend !== true &&
            each.spec.condition === undefined &&
            !rows.some(({ spec }) => spec.condition !== undefined),
        );
        const deleted = withIt.get(row.name)?.some(({ type }) => type === 'deleteAssignment');
        if (isNeeded) expect(deleted, `${row.name} of ${reported}`).toBe(false);
      }
    }
  });
});

it('who may have it by a policy of today needs no mark', async () => {
  await standsFor(mark('shop/read'));
  world.allow('other', [{ roles: ['Reader'], scopes: [SUB], principals: { ids: [web] } }]);
  forged('other');
  const decision = await world.decided(world.grant('read', {}, had(), GOING));
  expect(inAzure(decision)).toEqual([]);
});
