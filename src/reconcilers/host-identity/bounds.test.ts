import { describe, expect, it } from 'vitest';
import { AzureError } from '../../azure/arm/errors.ts';
import { Elapsed } from '../../runtime/time/elapsed.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { MAX_OWNERS } from '../hosts/ledger/lines.ts';
import type { ReconcileContext } from '../kind.ts';
import { decide } from './decide.ts';
import {
  alive,
  at,
  attached,
  capability,
  dead,
  entry,
  facts,
  fresh,
  host,
  keyOf,
  linked,
  MINUTE,
  NOW,
  object,
  owner,
  refusal,
  releases,
  SELF,
  seen,
  wants,
  wantsSystem,
} from './facts.fixture.ts';
import type { HostDecision } from './facts.ts';
import { pollOperation } from './write/last-write.ts';
import { HostMemory } from './write/memory.ts';

/** What must neither go on for ever nor grow without end, and what must not be touched though an object asks for it. */

const again = ({ summary }: HostDecision) => ('againMs' in summary ? summary.againMs : undefined);
const writes = ({ actions }: HostDecision) => actions.filter(({ type }) => type === 'writeIdentity');

describe('an identity that may be tried again, and waits for something else', () => {
  const problem = { reason: 'MissingAssignRight', message: 'no', attempts: 1, notBefore: at(-10 * MINUTE) };
  const refused = object({ entries: [entry('app', { state: 'Refused', problem })] });

  it('is not reconciled every second while its host has no turn', () => {
    const claims = [wants('app', { hasSlot: false })];
    const decision = decide(refused, facts({ host: seen(host()), identities: alive('app'), claims }));
    expect(decision.actions).toEqual([]);
    expect(again(decision)).toBe(5 * MINUTE);
  });

  it('is not reconciled every second while its object is suspended', () => {
    const claims = [wants('app', { paused: true })];
    const world = facts({ host: seen(host([dead('app')])), identities: alive('app'), claims });
    expect(again(decide(refused, world))).toBe(5 * MINUTE);
  });
});

describe('what would go on for ever', () => {
  const changed = refusal({ adds: [keyOf('app')] }, { kind: 'transient', reason: 'ChangedMeanwhile' });
  const attaching = object({ entries: [entry('app', { state: 'Attaching' })] });
  const world = facts({ host: seen(host()), identities: alive('app'), refusal: changed });

  it('a write that is refused as outdated is repeated at once, and backs off after some', () => {
    expect(writes(decide(attaching, { ...world, writes: 1 }))).toHaveLength(1);
    const last = decide(attaching, { ...world, writes: 4 });
    expect(writes(last)).toEqual([]);
    expect(last.summary.state).toBe('retrying');
  });

  it('a write that an identity keeps from being taken takes that one off, and is not repeated without', () => {
    const inTheWay = refusal({ adds: [keyOf('app')] }, linked('old'));
    const gone = new Map([...alive('app'), [keyOf('old'), { state: 'absent' }]] as const);
    const here = host([dead('old')]);
    const claims = [wants('old', { paused: true }), wants('app')];
    const ledger = (owned: boolean) =>
      object({ entries: [entry('old', { owned }), entry('app', { state: 'Attaching' })] });
    const common = facts({ host: seen(here), identities: gone, refusal: inTheWay, claims });
    const next = decide(ledger(true), { ...common, writes: 1 });
    expect(writes(next)).toMatchObject([{ asked: { adds: [keyOf('app')], removes: [keyOf('old')] } }]);
    expect(writes(decide(ledger(true), { ...common, writes: 3 }))).toEqual([]);
    const foreign = decide(ledger(false), { ...common, writes: 1 });
    expect(writes(foreign)).toEqual([]);
    expect(foreign.summary).toMatchObject({ state: 'stalled', reason: 'DeadIdentityOnHost' });
  });

  it('an operation that nobody knows of is given up after an hour', async () => {
    const poll = async () => {
      throw new AzureError({ status: 500, code: 'InternalServerError', message: 'no' });
    };
    const look = (startedAt: string) => {
      const operation = { url: 'https://arm/op', style: 'asyncOperation', startedAt } as const;
      const clock = new FakeClock(NOW);
      const deps = { hosts: { poll }, clock, elapsed: new Elapsed(clock), memory: new HostMemory() };
      return pollOperation(object({ operation }), { reconcileId: 'r' } as ReconcileContext, deps);
    };
    expect(await look(at(-59 * MINUTE))).toMatchObject({ state: 'unreadable' });
    expect(await look(at(-61 * MINUTE))).toEqual({ state: 'over' });
  });
});

describe('hundreds of objects that want the same', () => {
  const many = Array.from({ length: 300 }, (_, index) => wants('app', {}, `attach-${index}`));

  it('leave a ledger that the API server takes, and what they want is there', () => {
    const decision = decide(fresh(), facts({ claims: many, identities: alive('app'), host: seen(host()) }));
    expect(decision.status.entries?.[0]?.owners).toHaveLength(MAX_OWNERS);
    expect(writes(decision)).toHaveLength(1);
  });

  it('keep it when those that are written down let go, and take their places', () => {
    const owners = many.slice(0, MAX_OWNERS).map((each) => each.owner);
    const left = [...owners.map(({ name }) => releases(name)), ...many.slice(MAX_OWNERS)];
    const decision = decide(object({ entries: [entry('app', { owners })] }), facts({ claims: left }));
    expect(writes(decision)).toEqual([]);
    expect(decision.status.entries?.[0]?.owners[0]?.name).toBe(`attach-${MAX_OWNERS}`);
  });
});

describe('a resource that can only be put back as a whole', () => {
  const type = 'Microsoft.Logic/workflows';
  const shown = seen(host([attached('app')], { type }));
  const adopting = (allowReplace: boolean) =>
    decide(
      fresh(),
      facts({
        type,
        capability: capability(type),
        host: shown,
        claims: [wants('app', { adopt: true, allowReplace })],
      }),
    ).status.entries?.[0]?.owned;

  it('has identities taken over only by who allows that', () => {
    expect(adopting(false)).toBe(false);
    expect(adopting(true)).toBe(true);
  });
});

describe('azid’s own identity, where it is that of the resource it runs on', () => {
  const own = { system: true, principalId: SELF };
  const sai = { kind: 'SystemAssignedIdentity', uid: 'uid-own' } as const;

  it('is nobody’s to have', () => {
    const decision = decide(
      fresh(),
      facts({ claims: [wantsSystem({ adopt: true })], host: seen(host([], { own })) }),
    );
    expect(decision.status.systemAssigned).toMatchObject({ state: 'Refused', owned: false });
    expect(decision.status.systemAssigned?.problem?.reason).toBe('ReservedIdentity');
  });

  it('is never switched off', () => {
    const owners = [owner('own', sai)];
    const line = { state: 'Attached', owned: true, owners, credential: 'azid', since: at(0) } as const;
    const ledger = object({ entries: [], systemAssigned: { ...line, principalId: SELF } });
    const claims = [releases('own', { kind: 'SystemAssignedIdentity' })];
    expect(writes(decide(ledger, facts({ claims, host: seen(host([], { own })) })))).toEqual([]);
  });
});
