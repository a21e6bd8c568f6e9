import {
  apply,
  configMap,
  expectThat,
  identity,
  patch,
  remove,
  type Scenario,
  type State,
  tenant,
} from '../support/crash/scenario.ts';

/** `spec.output.configMap`: what pods read. */

const web = apply(identity('web', { output: { configMap: { name: 'web-id' } } }));
const tells = (state: State, name: string) =>
  state.map(name)?.data?.clientId !== undefined &&
  state.map(name)?.data?.clientId === state.identity('web')?.clientId;
const told = expectThat('web-id to tell the client id', (state) => tells(state, 'web-id'));
const ready = expectThat('web to be in sync', (state) => state.inSync('web'));
const given = [tenant(), web, told, ready];

export const output: readonly Scenario[] = [
  { name: 'create with output', given: [tenant()], steps: [web, told, ready] },
  {
    name: 'output renamed',
    given,
    steps: [
      patch('web', { spec: { output: { configMap: { name: 'other' } } } }),
      expectThat('the other map only', (state) => tells(state, 'other') && !state.map('web-id')),
      ready,
    ],
  },
  {
    name: 'output edited by hand',
    given,
    steps: [{ do: 'patch', at: configMap('web-id'), body: { data: { clientId: 'nonsense' } } }, told, ready],
  },
  {
    name: 'output deleted by hand',
    given,
    steps: [remove(configMap('web-id')), told, ready],
  },
];
