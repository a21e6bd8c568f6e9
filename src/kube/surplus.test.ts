import { expect, it } from 'vitest';
import { surplusOf } from './apply.ts';

const owns = (type: string) => type === 'Ready' || type === 'Confirmed';
const ready = { type: 'Ready', status: 'True' };

it.each<[string, object, object, object | undefined]>([
  ['nothing more', { a: 1, list: [1, 2] }, { a: 1, list: [1, 2] }, undefined],
  ['a member that is not wanted', { a: 1, b: 2 }, { a: 1 }, { b: null }],
  ['a member of a member', { place: { x: 1, y: 2 } }, { place: { x: 1 } }, { place: { y: null } }],
  ['more items of a list, or others first', { list: [2, 1, 3] }, { list: [1, 2] }, { list: [1, 2] }],
  ['a whole list', { list: [1] }, {}, { list: null }],
  ['the default that the API server puts in', { observedGeneration: -1 }, {}, undefined],
  [
    'an own condition that is not wanted',
    { conditions: [ready, { type: 'Confirmed' }] },
    { conditions: [ready] },
    { conditions: [ready] },
  ],
  [
    'an own condition that says something else, beside another manager’s',
    { conditions: [{ type: 'Theirs' }, { ...ready, message: 'x' }] },
    { conditions: [ready] },
    { conditions: [{ type: 'Theirs' }, ready] },
  ],
  ['another manager’s condition alone', { conditions: [{ type: 'Theirs' }] }, {}, undefined],
])('what is left over: %s', (_, actual, wanted, patch) => {
  expect(surplusOf(actual as never, wanted as never, owns)).toEqual(patch);
});
