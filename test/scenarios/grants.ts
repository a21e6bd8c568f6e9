import {
  apply,
  armId,
  azure,
  controller,
  expectThat,
  grant,
  groupId,
  identity,
  nextResync,
  remove,
  roleGrantRef,
  type Scenario,
  type State,
  type Step,
  settle,
  tenant,
  uai,
  wait,
} from '../support/crash/scenario.ts';
import { SUBSCRIPTION } from '../support/testbed.ts';

/** Grants from the first apply to the last delete, and what they follow. */

const team = tenant({ grants: [{ roles: ['Reader'], scopes: [`/subscriptions/${SUBSCRIPTION}`] }] });
const web = apply(identity('web'));
const read = (spec = {}) => apply(grant('read', spec));
const granted = (...names: string[]) =>
  expectThat(`${names.join(' and ')} to be granted`, (state) => names.every((name) => state.granted(name)));
const goneFrom = (what: string, that: (state: State) => boolean) => expectThat(`${what} to be gone`, that);

export const grants: readonly Scenario[] = [
  {
    name: 'grant',
    given: [team],
    steps: [web, read({ description: 'For the shop.' }), granted('read')],
  },
  {
    name: 'grant while Azure lags',
    preset: 'honest',
    given: [team],
    steps: [web, read(), granted('read')],
  },
  {
    name: 'revoke',
    given: [team, web, read(), granted('read')],
    steps: [
      remove(roleGrantRef('read')),
      goneFrom('the grant', (state) => !state.grant('read') && state.assignments.length === 0),
    ],
  },
];

/** More than the longest of the ends below, and what azid then waits for. */
const UNTIL_ENDED_MS = 28 * 60_000;
const temporary = tenant({
  grants: [{ roles: ['Reader'], scopes: [`/subscriptions/${SUBSCRIPTION}`], maxDuration: '2h' }],
});
const ended = expectThat(
  'the assignment to be revoked, and its end forgotten',
  (state) => state.assignments.length === 0 && state.expiries.length === 0,
);
const edited = (body: object): Step => ({ do: 'patch', at: roleGrantRef('read'), body });

/** Grants with an end, which binds whatever becomes of them. */
export const grantsEnding: readonly Scenario[] = [
  {
    name: 'retained until its end, while Azure lags',
    long: true,
    preset: 'honest',
    endsAfterMs: UNTIL_ENDED_MS,
    given: [temporary, web],
    steps: [
      read({ expiresAt: '$in 20m', deletionPolicy: 'Retain' }),
      granted('read'),
      remove(roleGrantRef('read')),
      expectThat('the object to go', (state) => !state.grant('read') && state.assignments.length === 1),
      wait(UNTIL_ENDED_MS),
      ended,
    ],
  },
  {
    name: 'suspended and asked for longer before its end',
    long: true,
    given: [temporary, web, read({ expiresAt: '$in 20m' }), granted('read')],
    steps: [
      edited({ spec: { suspend: true, expiresAt: null } }),
      wait(UNTIL_ENDED_MS),
      ended,
      expectThat('it not to be called granted', (state) => {
        const conditions = state.grant('read')?.status?.conditions ?? [];
        return conditions.some(({ type, reason }) => type === 'Ready' && reason === 'PolicyDenied');
      }),
    ],
  },
  {
    name: 'shared until two ends',
    long: true,
    endsAfterMs: UNTIL_ENDED_MS,
    given: [temporary, web],
    steps: [
      read({ expiresAt: '$in 20m', deletionPolicy: 'Retain' }),
      apply(grant('also', { expiresAt: '$in 25m' })),
      granted('read', 'also'),
      remove(roleGrantRef('read')),
      settle,
      wait(UNTIL_ENDED_MS),
      ended,
    ],
  },
];

/** Grants among others: their identity, their sharers, the scope they leave. */
export const grantsFollowing: readonly Scenario[] = [
  {
    name: 'a grant that moves to another scope',
    given: [team, web, read(), granted('read')],
    steps: [
      read({ scope: groupId('rg2') }),
      expectThat('the new one alone', (state) => state.granted('read') && state.assignments.length === 1),
    ],
  },
  {
    name: 'a grant follows a recycled identity',
    given: [team, web, read(), granted('read')],
    steps: [
      azure('deleteIdentity', { id: armId('web') }),
      nextResync,
      expectThat(
        'the grant to have the new principal, and the old assignment to be gone',
        (state) =>
          state.inSync('web') &&
          state.granted('read') &&
          state.assignments.map(({ principalId }) => principalId).join() ===
            state.identity('web')?.principalId,
      ),
    ],
  },
  {
    name: 'shared, then given back by one after the other',
    outlives: {
      at: /roleAssignments/,
      because:
        'a PUT of a dead process that lands after the last owner went makes the assignment again: Azure has no precondition; it carries the mark, and no owner, so it is the orphan sweep’s',
    },
    given: [team, web, read(), apply(grant('also')), granted('read', 'also')],
    steps: [
      remove(roleGrantRef('read')),
      expectThat('the other to have it', (state) => !state.grant('read') && state.granted('also')),
      remove(roleGrantRef('also')),
      goneFrom('both', (state) => !state.grant('also') && state.assignments.length === 0),
    ],
  },
  {
    name: 'grant and identity deleted at once',
    given: [team, web, read(), granted('read')],
    steps: [
      remove(uai('web')),
      remove(roleGrantRef('read')),
      goneFrom(
        'everything',
        (state) => !state.object('web') && !state.grant('read') && state.assignments.length === 0,
      ),
    ],
  },
  {
    name: 'revoked while the controller is down',
    given: [team, web, read(), granted('read')],
    steps: [
      controller('stopped'),
      remove(roleGrantRef('read')),
      controller('started'),
      goneFrom('the grant', (state) => !state.grant('read') && state.assignments.length === 0),
    ],
  },
];
