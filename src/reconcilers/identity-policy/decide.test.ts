import { expect, it } from 'vitest';
import { policy } from '../user-assigned-identity/facts.fixture.ts';
import { decide } from './decide.ts';

const namespaces = [
  { name: 'team-a', labels: {} },
  { name: 'team-b', labels: {} },
];

it('counts the namespaces a policy selects', () => {
  const mine = policy({ namespaces: { selector: {} } });
  expect(decide(mine, { policies: [mine], namespaces })).toMatchObject({
    status: { namespaces: 2 },
    summary: { state: 'ready', reason: 'Accepted', message: 'in force for 2 namespaces' },
  });
});

it('names the other policy, the field and the namespace of a contradiction', () => {
  const mine = policy({ defaults: { location: 'westeurope' } }, 'mine');
  const other = policy({ namespaces: { selector: {} }, defaults: { location: 'northeurope' } }, 'other');
  const decision = decide(mine, { policies: [mine, other], namespaces });
  expect(decision.summary).toMatchObject({
    state: 'stalled',
    reason: 'PolicyConflict',
    message: expect.stringMatching(
      /namespace team-a .*defaults.location is 'westeurope' in mine and 'northeurope' in other/,
    ),
  });
});

it('is not to blame for a contradiction between two others', () => {
  const a = policy({ defaults: { location: 'westeurope' } }, 'a');
  const b = policy({ defaults: { location: 'northeurope' } }, 'b');
  const mine = policy({}, 'mine');
  expect(decide(mine, { policies: [a, b, mine], namespaces }).summary.state).toBe('ready');
});
