import {
  apply,
  armId,
  azure,
  controller,
  expectThat,
  identity,
  nextResync,
  patch,
  remove,
  type Scenario,
  tenant,
  uai,
} from '../support/crash/scenario.ts';

/** An identity from the first apply to the last delete. */

const web = (spec = {}) => apply(identity('web', spec));
const ready = expectThat('web to be in sync', (state) => state.inSync('web'));
const gone = expectThat(
  'web to be gone from both sides',
  (state) => !state.object('web') && !state.identity('web'),
);

export const life: readonly Scenario[] = [
  {
    name: 'create',
    given: [tenant()],
    steps: [web({ tags: { app: 'shop' } }), ready],
  },
  {
    name: 'create while Azure lags',
    preset: 'honest',
    // Always, and not for three in ten as by default.
    knobs: { propagation: { readAfterWriteMs: 4_000, listLagMs: 15_000 } },
    given: [tenant()],
    steps: [web({ tags: { app: 'shop' } }), ready],
  },
  {
    name: 'delete',
    given: [tenant(), web({ output: { configMap: { name: 'web-id' } } }), ready],
    steps: [remove(uai('web')), gone],
  },
  {
    name: 'deleted while the controller is down',
    given: [tenant(), web(), ready],
    steps: [controller('stopped'), remove(uai('web')), controller('started'), gone],
  },
  {
    name: 'edited and deleted at once',
    given: [tenant(), web({ tags: { app: 'shop' } }), ready],
    steps: [patch('web', { spec: { tags: { app: 'news' } } }), remove(uai('web')), gone],
  },
  {
    name: 'gone in Azure, then deleted',
    given: [tenant(), web(), ready],
    steps: [azure('deleteIdentity', { id: armId('web') }), remove(uai('web')), nextResync, gone],
  },
  {
    name: 'retained, then taken back',
    given: [tenant(), web({ deletionPolicy: 'Retain' }), ready],
    steps: [
      remove(uai('web')),
      expectThat(
        'the identity to be kept and marked',
        (state) => !state.object('web') && state.identity('web')?.tags['azid-retained'] !== undefined,
      ),
      web(),
      ready,
    ],
  },
];
