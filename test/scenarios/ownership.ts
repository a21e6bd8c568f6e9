import {
  apply,
  armId,
  azure,
  expectThat,
  identity,
  patch,
  policyRef,
  remove,
  type Scenario,
  settle,
  tenant,
  uai,
} from '../support/crash/scenario.ts';

/** Whose an identity is, and who may have it. */

const web = (spec = {}) => apply(identity('web', spec));
const ready = expectThat('web to be in sync', (state) => state.inSync('web'));
const theirs = azure('createIdentity', { name: 'web', resourceGroup: 'rg1', tags: { theirs: '1' } });
const edit = patch('web', { spec: { tags: { app: 'shop' } } });
const edited = expectThat('the edit to be done', (state) => state.identity('web')?.tags.app === 'shop');

export const ownership: readonly Scenario[] = [
  {
    name: 'adopt',
    given: [tenant({ adoption: { identityIds: [armId('web')] } }), theirs],
    steps: [
      web({ adoption: 'Adopt', tags: { app: 'shop' } }),
      expectThat('their tag to stay', (state) => state.identity('web')?.tags.theirs === '1'),
      ready,
      edited,
    ],
  },
  {
    name: 'refuse to adopt',
    given: [tenant(), theirs],
    steps: [
      web({ tags: { app: 'shop' } }),
      expectThat('AlreadyExists', (state) => state.ready('web') === 'False/AlreadyExists'),
      remove(uai('web')),
      expectThat('theirs untouched', ({ azure: [one] }) => Object.keys(one?.tags ?? {}).length === 1),
      expectThat('the object to be gone', (state) => !state.object('web')),
    ],
  },
  {
    name: 'two objects for one identity, the first deleted',
    given: [tenant(), web(), ready],
    steps: [
      apply(identity('second', { name: 'web' })),
      expectThat('the second to wait', (state) => state.ready('second') === 'False/OwnedByAnother'),
      remove(uai('web')),
      expectThat(
        'the second to have an identity of its own',
        (state) =>
          state.ready('second') === 'True/Ready' &&
          state.object('second')?.status?.principalId === state.identity('web')?.principalId,
      ),
    ],
  },
  {
    name: 'policy removed and put back',
    given: [tenant(), web(), ready],
    steps: [
      remove(policyRef),
      settle,
      edit,
      expectThat('PolicyDenied', (state) => state.ready('web') === 'False/PolicyDenied'),
      tenant(),
      edited,
      ready,
    ],
  },
  {
    name: 'suspend, edit, resume',
    given: [tenant(), web(), ready],
    steps: [
      patch('web', { spec: { suspend: true } }),
      settle,
      edit,
      expectThat('nothing to be written', (state) => state.identity('web')?.tags.app === undefined),
      patch('web', { spec: { suspend: false } }),
      edited,
      ready,
    ],
  },
];
