import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assignmentId } from '../../azure/azure-role-assignment.ts';
import { assignmentNames } from '../../azure/names/assignment-name.ts';
import { INSTALLATION, NOW } from './facts.fixture.ts';
import { GrantWorld, READER_GUID, RG } from './observe.fixture.ts';

/** A grant whose status was written while no azid ran, or by one whose clock was wrong. */

let world: GrantWorld;
let own: string;
beforeEach(async () => {
  world = await GrantWorld.start();
  const principalId = world.identity('web');
  const [name = ''] = assignmentNames(INSTALLATION, { scope: RG, role: READER_GUID, principalId });
  own = assignmentId(RG, name);
  await world.listed();
});
afterEach(() => world[Symbol.asyncDispose]());

const MINUTE = 60_000;
const GOING = { deletionTimestamp: new Date(NOW - MINUTE).toISOString() } as const;
const types = (actions: readonly { readonly type: string }[]) => actions.map(({ type }) => type);

describe('a status with what is no id', () => {
  const subscription = '/subscriptions/11111111-2222-4333-8444-555555555555';
  const fields = {
    identityId: { identityId: 'x', principalId: 'x' },
    assignmentId: { assignmentId: 'x' },
    ledger: { ledger: ['x'] },
    'identityId of a subscription': { identityId: subscription, principalId: 'x' },
    writeStartedAt: { writeStartedAt: 'x' },
  };
  for (const [name, forged] of Object.entries(fields))
    for (const [what, spec, metadata] of [
      ['lives', {}, {}],
      ['waits', { principal: { identityRef: { name: 'nowhere' } } }, {}],
      ['goes', {}, GOING],
      ['goes, its identity gone', { principal: { identityRef: { name: 'nowhere' } } }, GOING],
    ] as const)
      it(`does not keep a grant that ${what} from being reconciled: ${name}`, async () => {
        const status = { ledger: [own], observedGeneration: 1, ...forged };
        await expect(world.see(world.grant('read', spec, status, metadata))).resolves.toBeDefined();
      });
});

describe('a time of the status that lies ahead', () => {
  const AHEAD = '2099-01-01T00:00:00Z';
  const later = async (object: Parameters<GrantWorld['see']>[0]) => {
    await world.see(object);
    world.clock.advance(10 * MINUTE);
    const { actions, summary } = (await world.see(object)).decision;
    return { actions: types(actions), summary: JSON.stringify(summary) };
  };

  it('of a write that began keeps nothing from being granted for longer than such a write may take', async () => {
    const object = world.grant('read', {}, { writeStartedAt: AHEAD, ledger: [own] });
    const { actions, summary } = await later(object);
    expect(actions, summary).toContain('putAssignment');
  });

  it('but until then it may still take effect', async () => {
    const object = world.grant('read', {}, { writeStartedAt: AHEAD, ledger: [own] }, GOING);
    expect(types((await world.see(object)).decision.actions)).toEqual([]);
  });

  it('nor the object from its end', async () => {
    const object = world.grant('read', {}, { writeStartedAt: AHEAD, ledger: [own] }, GOING);
    const { actions, summary } = await later(object);
    expect(actions, summary).toContain('removeFinalizer');
  });

  it('nor one of the last write', async () => {
    const status = { assignmentId: own, lastWriteTime: AHEAD, ledger: [own] };
    const { actions, summary } = await later(world.grant('read', {}, status, GOING));
    expect(actions, summary).toContain('removeFinalizer');
  });
});
