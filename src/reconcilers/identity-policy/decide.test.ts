import { expect, it } from 'vitest';
import { RECHECK_INSIDE_MS, RECHECK_OUTSIDE_MS } from '../decision.ts';
import { policy } from '../user-assigned-identity/facts.fixture.ts';
import { decide } from './index.ts';

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

it('is not simply accepted while parts of it name nothing: each is named, and the rest stays in force', () => {
  const mine = policy({
    grants: [{ roles: ['Redaer'], scopes: ['/'], maxDuration: '0h' }],
    namespaces: { names: ['team-a'] },
  });
  const roles = [{ roleName: 'Reader', type: 'BuiltInRole', guid: 'acdd72a7' }];
  const { summary } = decide(mine, { policies: [mine], namespaces, roles });
  expect(summary).toMatchObject({ state: 'stalled', reason: 'PartlyInvalid' });
  expect(summary).toMatchObject({
    message:
      "spec.grants[0].roles[0]: 'Redaer' is the name of no built-in role: did you mean Reader?; spec.grants[0].maxDuration: '0h' lets nobody have anything; what is listed allows nothing, the rest is in force for 1 namespace",
  });
});

it('says which namespaces are not there yet, and that names of roles were not checked', () => {
  const mine = policy({
    grants: [{ roles: ['Redaer'], scopes: ['/'] }],
    namespaces: { names: ['team-a', 'taem-b'] },
  });
  const rolesUnread = 'the roles at / cannot be read: no right';
  expect(decide(mine, { policies: [mine], namespaces, rolesUnread }).summary).toMatchObject({
    state: 'ready',
    reason: 'Accepted',
    message:
      'in force for 1 namespace; not there yet: namespace taem-b; the names of roles are not checked yet: the roles at / cannot be read: no right',
  });
});

it('reports all that is wrong at once: a contradiction hides neither words that name nothing nor what is not there yet', () => {
  const spec = {
    defaults: { location: 'westeurope' },
    grants: [{ roles: ['Redaer'], scopes: ['/'] }],
    namespaces: { names: ['team-a', 'taem-b'] },
  };
  const mine = policy(spec, 'mine');
  const other = policy({ defaults: { location: 'northeurope' } }, 'other');
  const roles = [{ roleName: 'Reader', type: 'BuiltInRole', guid: 'acdd72a7' }];
  expect(decide(mine, { policies: [mine, other], namespaces, roles }).summary).toMatchObject({
    state: 'stalled',
    reason: 'PolicyConflict',
    message:
      "the IdentityPolicies of namespace team-a contradict each other: defaults.location is 'westeurope' in mine and 'northeurope' in other; make them agree; spec.grants[0].roles[0]: 'Redaer' is the name of no built-in role: did you mean Reader?; what is listed allows nothing; not there yet: namespace taem-b",
  });
  expect(decide(mine, { policies: [mine], namespaces, roles }).summary).toMatchObject({
    reason: 'PartlyInvalid',
    message: expect.stringMatching(/did you mean Reader\?; .*; not there yet: namespace taem-b$/),
  });
});

it('comes back soon where the names of roles could not be read, whatever else is wrong', () => {
  const mine = policy(
    { defaults: { location: 'westeurope' }, grants: [{ roles: ['Redaer'], scopes: ['/'] }] },
    'mine',
  );
  const other = policy({ defaults: { location: 'northeurope' } }, 'other');
  const facts = { policies: [mine, other], namespaces };
  const unread = decide(mine, { ...facts, rolesUnread: 'no right' }).summary;
  expect(unread).toMatchObject({
    message: expect.stringMatching(/make them agree; the names of roles are not checked yet: no right$/),
    recheckMs: RECHECK_OUTSIDE_MS,
  });
  expect(decide(mine, { ...facts, roles: [] }).summary).toMatchObject({ recheckMs: RECHECK_INSIDE_MS });
});
