import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NAME, TRUST } from './facts.fixture.ts';
import { CALL_LIMIT_MS, CredentialWorld, credentialOn, LAG_MS, WEB } from './observe.fixture.ts';

/** What a FederatedIdentityCredential's reconcile reads, on real stores, caches and clients. */

let world: CredentialWorld;
beforeEach(async () => {
  world = await CredentialWorld.start();
});
afterEach(() => world[Symbol.asyncDispose]());

const MINUTE = 60_000;
const ID = credentialOn(WEB);
const LIST = 'LIST credentials of web';
const types = ({ actions }: { readonly actions: readonly { readonly type: string }[] }) =>
  actions.map(({ type }) => type);
const standing = () => ({
  observedGeneration: 1,
  id: ID,
  identityId: WEB,
  principalId: world.stores.identities.get('team-a/web')?.status?.principalId ?? '',
  ...TRUST,
  ledger: [ID],
});
const REQUESTED = { annotations: { 'azid.dev/reconcile-requested-at': 'now' } } as const;

describe('a credential that stands as declared', () => {
  beforeEach(async () => {
    await world.arm('PUT', ID);
    await world.relisted();
    world.clock.advance(MINUTE);
  });

  it('costs no call', async () => {
    const { facts, decision, calls } = await world.see(world.declare({}, standing()));
    expect(calls).toEqual([]);
    expect(facts.identity).toMatchObject({ state: 'owned', id: WEB, live: false });
    expect(facts.credentials).toMatchObject({
      state: 'known',
      live: false,
      credentials: [{ id: ID, ...TRUST }],
    });
    expect(decision.summary).toMatchObject({ state: 'ready', reason: 'Ready' });
  });

  it('is read where a user asked: identity and credentials, each once', async () => {
    const { facts, calls } = await world.see(world.declare({}, standing(), REQUESTED));
    expect(calls).toEqual(['GET web', LIST]);
    expect(facts).toMatchObject({ identity: { live: true }, credentials: { live: true } });
  });

  it('is changed on what Azure itself says, whatever a cache holds: what somebody took away meanwhile is made, not put back', async () => {
    await world.arm('DELETE', ID);
    const edited = world.declare({ subject: 'job:deploy' }, standing());
    const { facts, decision, calls } = await world.see(edited);
    expect(calls).toEqual(expect.arrayContaining(['GET web', LIST]));
    expect(facts.credentials).toMatchObject({ state: 'known', live: true, credentials: [] });
    expect(decision.actions).toContainEqual(
      expect.objectContaining({
        type: 'putCredential',
        event: expect.objectContaining({ action: 'Create' }),
      }),
    );
  });

  it('that a list of another reconcile lacks is read again: what a cache doubts proves nothing', async () => {
    await world.arm('DELETE', ID);
    await world.relisted();
    const { facts, calls } = await world.see(world.declare({}, standing()));
    expect(calls).toContain(LIST);
    expect(facts.credentials).toMatchObject({ state: 'known', live: true, credentials: [] });
  });

  it('that its own list lacks is asked for by name: only then it is gone', async () => {
    await world.arm('DELETE', ID);
    const { facts, decision, calls } = await world.see(world.declare({}, standing(), REQUESTED));
    expect(calls).toEqual(['GET web', LIST, `GET web/${NAME}`]);
    expect(facts.credentials).toMatchObject({ state: 'known', live: true, credentials: [] });
    expect(types(decision)).toContain('putCredential');
  });

  it('that its own list lacks and a GET shows is there, and nothing is written', async () => {
    // A replica that lags: the list is short, the credential is not.
    world.failing.set(LIST, { status: 200, headers: {}, body: { value: [] } });
    const { facts, decision, calls } = await world.see(world.declare({}, standing(), REQUESTED));
    expect(calls).toEqual(['GET web', LIST, `GET web/${NAME}`]);
    expect(facts.credentials).toMatchObject({ state: 'known', credentials: [{ id: ID }] });
    expect(types(decision)).toEqual([]);
  });
});

it('an identity whose credentials nobody read yet is listed', async () => {
  await world.arm('PUT', ID);
  const { facts, calls } = await world.see(world.declare({}, standing()));
  expect(calls).toEqual([LIST]);
  expect(facts.credentials).toMatchObject({ state: 'known', live: true });
});

it('what this reconcile read itself is as live as a read made now, but not before a write that Azure refused', async () => {
  const context = world.context();
  const object = world.declare({ subject: 'job:deploy' });
  const first = await world.see(object, context);
  expect(types(first.decision)).toContain('putCredential');
  world.clock.advance(1_000);
  const again = await world.see(object, context);
  expect(again.calls.filter((each) => each === LIST)).toEqual([]);
  world.failing.set('PUT', {
    status: 409,
    headers: {},
    body: { error: { code: 'Conflict', message: 'another has the pair' } },
  });
  await world.arm('PUT', credentialOn(WEB, 'by-hand'), { ...TRUST, subject: 'job:deploy' });
  expect(await world.perform(object, first.decision)).toBeInstanceOf(Error);
  // Why it was refused can be seen by now.
  const refused = await world.see(object, context);
  expect(refused.calls).toContain(LIST);
  expect(refused.decision.summary).toMatchObject({ state: 'ready', reason: 'ExistsUnmanaged' });
});

describe('nothing is asked on behalf of a namespace', () => {
  it('that may not have the credential', async () => {
    world.allow('release:*');
    const { facts, calls } = await world.see(world.declare());
    expect(calls).toEqual([]);
    expect(facts.identity).toMatchObject({ state: 'waiting' });
    expect(facts.credentials).toBeUndefined();
  });

  it('whose identity is not there, or not its own', async () => {
    const missing = await world.see(world.declare({ identityRef: { name: 'none' } }));
    expect(missing.facts.identity.state).toBe('waiting');
    world.azure.control.tagIdentity({ id: WEB, tags: {} });
    const stripped = await world.see(world.declare({}, {}, REQUESTED));
    expect(stripped.facts.identity.state).not.toBe('owned');
    expect([...missing.calls, ...stripped.calls]).not.toContain(LIST);
  });
});

describe('a deletion', () => {
  const GOING = { deletionTimestamp: '2026-11-23T09:59:00Z' } as const;

  it('goes by the ledger where its name proves it, and reads nothing', async () => {
    world.allow('release:*');
    const { decision, calls } = await world.see(world.declare({}, standing(), GOING));
    expect(calls).toEqual([]);
    expect(types(decision)).toContain('deleteCredential');
  });

  it('whose ledger is lost, or names what is another’s, asks Azure, with or without a policy', async () => {
    world.allow('release:*');
    await world.arm('PUT', ID);
    const other = credentialOn(WEB, 'of-another');
    for (const status of [{}, { ...standing(), ledger: [other] }]) {
      const { facts, decision } = await world.see(world.declare({}, status, GOING));
      expect(facts).toMatchObject({ identity: { live: true }, credentials: { live: true } });
      expect(decision.actions).toContainEqual(expect.objectContaining({ type: 'deleteCredential', id: ID }));
      expect(decision.actions).not.toContainEqual(expect.objectContaining({ id: other }));
    }
  });
});

describe('a write whose end nobody saw', () => {
  const ambiguous = Object.assign(new Error('connection lost'), { code: 'ECONNRESET' });
  /** The PUT that is due, and what the status then says. */
  const writing = async (answer?: typeof ambiguous) => {
    const object = world.declare();
    const { decision } = await world.see(object);
    if (answer) world.failing.set('PUT', answer);
    await world.perform(object, decision);
    world.failing.clear();
    const status = { ...standing(), writeStartedAt: decision.status.writeStartedAt };
    return world.declare({}, status as ReturnType<typeof standing>);
  };

  it('of a process that is gone may come for as long as the call could last, and then Azure’s lag', async () => {
    const object = await writing();
    world.restart();
    expect((await world.see(object)).facts.openWriteMs).toBe(CALL_LIMIT_MS + LAG_MS);
    world.clock.advance(CALL_LIMIT_MS + LAG_MS - 1);
    expect((await world.see(object)).facts.openWriteMs).toBe(1);
    world.clock.advance(1);
    expect((await world.see(object)).facts.openWriteMs).toBe(0);
  });

  it('of this process, answered by nobody, may come as well', async () => {
    expect((await world.see(await writing(ambiguous))).facts.openWriteMs).toBe(CALL_LIMIT_MS + LAG_MS);
  });

  it('is none where this process saw it succeed, or be refused', async () => {
    expect((await world.see(await writing())).facts.openWriteMs).toBe(0);
    const object = world.declare({ subject: 'job:deploy' }, standing());
    const { decision } = await world.see(object);
    world.failing.set('PUT', { status: 403, headers: {}, body: { error: { code: 'AuthorizationFailed' } } });
    expect(await world.perform(object, decision)).toBeInstanceOf(Error);
    const begun = decision.status.writeStartedAt as string;
    const refused = world.declare({ subject: 'job:deploy' }, { ...standing(), writeStartedAt: begun });
    expect((await world.see(refused)).facts.openWriteMs).toBe(0);
  });
});

describe('who else is on the identity', () => {
  const rival = (spec: object, conditions: readonly object[] = []) => {
    world.declare(spec, { conditions } as never, {
      name: 'rival',
      creationTimestamp: '2026-10-01T00:00:00Z',
    });
    return world.see(world.declare());
  };
  const refusedByAzure = {
    type: 'Stalled',
    status: 'True',
    reason: 'InvalidSubject',
    message: '',
    observedGeneration: 1,
    lastTransitionTime: '2026-11-23T09:00:00Z',
  };

  it('and older, goes first for the same pair', async () => {
    const { facts, decision } = await rival({});
    expect(facts.siblings).toMatchObject([
      { key: 'team-a/rival', mayWrite: true, deleting: false, trust: TRUST },
    ]);
    expect(types(decision)).not.toContain('putCredential');
  });

  it.each([
    { title: 'but suspended', spec: { suspend: true }, conditions: [] },
    { title: 'but refused by Azure', spec: {}, conditions: [refusedByAzure] },
    { title: 'but denied by the policies', spec: { subject: 'release:x' }, conditions: [] },
  ])('$title, holds nobody', async ({ spec, conditions }) => {
    const { facts, decision } = await rival(spec, conditions);
    expect(facts.siblings).toMatchObject([{ key: 'team-a/rival', mayWrite: false }]);
    expect(types(decision)).toContain('putCredential');
  });

  it('is not the object itself, nor who is on another identity', async () => {
    world.declare({ identityRef: { name: 'other' } }, {}, { name: 'elsewhere' });
    expect((await world.see(world.declare())).facts.siblings).toEqual([]);
  });
});

describe('what cannot be read', () => {
  it('is reported as such, and nothing is written', async () => {
    world.failing.set(LIST, { status: 403, headers: {}, body: { error: { code: 'AuthorizationFailed' } } });
    const { facts, decision } = await world.see(world.declare());
    expect(facts.credentials).toMatchObject({ state: 'unreadable', failure: { kind: 'stalled' } });
    expect(types(decision)).not.toContain('putCredential');
  });

  it('because the identity went meanwhile, is no list without credentials', async () => {
    const error = { code: 'ParentResourceNotFound', message: 'gone' };
    world.failing.set(LIST, { status: 404, headers: {}, body: { error } });
    const { facts, decision } = await world.see(world.declare({}, standing()));
    expect(facts.credentials).toEqual({ state: 'identityGone' });
    expect(types(decision)).not.toContain('putCredential');
  });
});
