import { beforeEach, describe, expect, it } from 'vitest';
import { AzureError } from '../../azure/arm/errors.ts';
import type { FailedAction } from '../decision.ts';
import { DONE, doing, ReconcilerWorld, type Step } from './reconciler.fixture.ts';

/** Several things that are taken away: one that is refused keeps none of the others. */

let world: ReconcilerWorld;
let there: Set<string>;
let tried: string[];
const locked = new Set<string>();
const refusal = new AzureError({ status: 409, code: 'ScopeLocked', message: 'locked', method: 'DELETE' });

beforeEach(() => {
  world = new ReconcilerWorld();
  world.put();
  there = new Set(['a', 'b', 'c']);
  tried = [];
  locked.clear();
  world.remove = (id) => {
    tried.push(id);
    if (locked.has(id)) throw refusal;
    there.delete(id);
  };
});

const refusedIds = (failed: FailedAction<Step> | undefined) =>
  (failed ? [failed, ...(failed.others ?? [])] : []).flatMap(({ action }) =>
    action.type === 'remove' ? action.id : [],
  );
/** Takes away what is there, but for what was refused; then says what it was told. */
function takingAway() {
  const told: string[][] = [];
  world.decide = (_, failed) => {
    const refused = refusedIds(failed);
    told.push(refused);
    const rest = [...there].filter((id) => !refused.includes(id));
    return rest.length > 0 ? doing(...rest.map((id): Step => ({ type: 'remove', id }))) : DONE;
  };
  return told;
}

describe('removals', () => {
  it('go on behind one that is refused, and each is tried once', async () => {
    locked.add('a').add('c');
    const told = takingAway();
    await world.reconciler.reconcile(world.request());
    expect(tried).toEqual(['a', 'b', 'c']);
    expect(told.at(-1)).toEqual(['a', 'c']);
  });

  it('end what was decided with them all the same: it was to follow them', async () => {
    locked.add('a');
    world.decide = (_, failed) =>
      failed
        ? DONE
        : doing({ type: 'remove', id: 'a' }, { type: 'write', what: 'x' }, { type: 'remove', id: 'b' });
    await world.reconciler.reconcile(world.request());
    expect(world.written).toEqual([]);
    expect(tried).toEqual(['a', 'b']);
  });

  it('that are refused stay so until the reconcile ends, whatever else is done', async () => {
    locked.add('a');
    there = new Set(['a']);
    let saved = false;
    const told: string[][] = [];
    world.decide = (_, failed) => {
      const refused = refusedIds(failed);
      told.push(refused);
      if (refused.length === 0) return doing({ type: 'remove', id: 'a' });
      if (saved) return DONE;
      saved = true;
      return doing({ type: 'saveStatus', status: {}, why: 'something' });
    };
    await world.reconciler.reconcile(world.request());
    expect(tried).toEqual(['a']);
    expect(told.at(-1)).toEqual(['a']);
  });

  it('are tried anew by the next reconcile', async () => {
    locked.add('a');
    takingAway();
    await world.reconciler.reconcile(world.request());
    await world.reconciler.reconcile(world.request());
    expect(tried).toEqual(['a', 'b', 'c', 'a']);
  });

  it('do not wait for no answer one after the other: who says nothing to the first says nothing to the rest', async () => {
    world.remove = (id) => {
      tried.push(id);
      world.clock.advance(60_000);
      throw new AzureError({ code: 'Timeout', message: 'no answer', ambiguous: true, method: 'DELETE' });
    };
    const told = takingAway();
    await world.reconciler.reconcile(world.request());
    expect(tried).toEqual(['a']);
    expect(told.at(-1)).toEqual(['a', 'b', 'c']);
  });
});
