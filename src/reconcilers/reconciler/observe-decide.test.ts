import { expect, it } from 'vitest';
import type { ManagedObject } from '../../api/schema/common.ts';
import type { CommonAction, Decision, Failure } from '../decision.ts';
import type { LiveReads, ReconcileContext } from '../kind.ts';
import { withNeeds } from '../kind.ts';
import { observeAndDecide } from './rounds.ts';

type Action = CommonAction<object>;
const object = { metadata: { name: 'x' } } as ManagedObject;
const context = {} as ReconcileContext;
const DONE: Decision<Action, object> = {
  actions: [],
  status: {},
  summary: { state: 'ready', reason: 'Ready', message: '', nextMs: 1 },
};

/** Two things in Azure: the second is of interest once the first was seen live, and cannot be had. */
function kindOf() {
  const calls: string[] = [];
  const read = (thing: string, live: LiveReads) =>
    live.wants(thing) ? live.once(thing, async () => void calls.push(`read ${thing}`)) : undefined;
  return {
    calls,
    kind: {
      async observe(_object: ManagedObject, _context: ReconcileContext, live: LiveReads) {
        calls.push('observe');
        await read('first', live);
        await read('second', live);
        return { first: live.wants('first'), second: false };
      },
      decide: withNeeds(
        (_object: ManagedObject, _facts: { first: boolean }, failed?: { failure: Failure }) => {
          calls.push(failed ? `decide after ${failed.failure.reason}` : 'decide');
          return DONE;
        },
        (_object, { first }) => (first ? ['second'] : ['first']),
      ),
    },
  };
}

it('observes live what a decision rests on, each thing once, and decides again until nothing new is wanted', async () => {
  const { kind, calls } = kindOf();
  const { facts } = await observeAndDecide(kind, object, context);
  expect(facts).toEqual({ first: true, second: false });
  expect(calls).toEqual([
    ...['observe', 'decide'],
    ...['observe', 'read first', 'decide'],
    ...['observe', 'read second', 'decide'],
  ]);
});

it('decides nothing on a cache after a failure either: what takes the place of what failed is observed live', async () => {
  const calls: string[] = [];
  const failure = { reason: 'Forbidden' } as Failure;
  const kind = {
    async observe(_object: ManagedObject, _context: ReconcileContext, live: LiveReads) {
      if (live.wants('second')) await live.once('second', async () => void calls.push('read second'));
      return {};
    },
    decide(_object: ManagedObject, _facts: object, failed?: { failure: Failure }) {
      calls.push(failed ? 'decide after it' : 'decide');
      return failed ? { ...DONE, needsLive: ['second'] } : DONE;
    },
  };
  await observeAndDecide(kind, object, context, { action: { type: 'addFinalizer' }, failure });
  expect(calls).toEqual(['decide', 'decide after it', 'read second', 'decide', 'decide after it']);
});

it('asks what must be live as if nothing had failed, and decides on what failed at the end', async () => {
  const { kind, calls } = kindOf();
  const failure = { reason: 'Throttled' } as Failure;
  await observeAndDecide(kind, object, context, { action: { type: 'addFinalizer' }, failure });
  expect(calls.filter((each) => each.startsWith('decide'))).toEqual([
    'decide',
    'decide',
    'decide',
    'decide after Throttled',
  ]);
});
