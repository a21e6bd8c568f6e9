import {
  apply,
  armId,
  azure,
  expectThat,
  identity,
  nextResync,
  patch,
  type Scenario,
  settle,
  tenant,
} from '../support/crash/scenario.ts';

/** Edits of the spec, and what others do to an identity in Azure. */

const web = (spec = {}) => apply(identity('web', spec));
const ready = expectThat('web to be in sync', (state) => state.inSync('web'));
const given = [tenant(), web({ tags: { app: 'shop', tier: 'gold' } }), ready];
const tags = (what: string, wanted: Readonly<Record<string, string | undefined>>) =>
  expectThat(what, (state) =>
    Object.entries(wanted).every(([name, value]) => state.identity('web')?.tags[name] === value),
  );

export const upkeep: readonly Scenario[] = [
  {
    name: 'update tags and isolation scope',
    given,
    steps: [
      patch('web', { spec: { tags: { app: 'news', team: 'a' }, isolationScope: 'Regional' } }),
      tags('the tags to be set', { app: 'news', team: 'a', tier: 'gold' }),
      expectThat('the scope to be set', (state) => state.identity('web')?.isolationScope === 'Regional'),
      ready,
    ],
  },
  {
    name: 'remove a tag',
    given,
    steps: [
      patch('web', { spec: { tags: { tier: null } } }),
      tags('the tag to go', { app: 'shop', tier: undefined }),
      ready,
    ],
  },
  {
    name: 'two edits in a row',
    given,
    steps: [
      patch('web', { spec: { tags: { app: 'news', extra: '1' } } }),
      patch('web', { spec: { tags: { extra: null } } }),
      tags('only the last edit to count', { app: 'news', tier: 'gold', extra: undefined }),
      ready,
    ],
  },
  {
    name: 'drift of tags and marks',
    given,
    steps: [
      azure('tagIdentity', { id: armId('web'), tags: { app: 'changed', theirs: 'kept' } }),
      nextResync,
      tags('the drift to be mended', { app: 'shop', tier: 'gold', theirs: 'kept' }),
      ready,
    ],
  },
  {
    name: 'deleted behind the back',
    given,
    steps: [azure('deleteIdentity', { id: armId('web') }), nextResync, ready],
  },
  {
    name: 'recycled',
    given,
    steps: [azure('recycleIdentity', { id: armId('web') }), nextResync, ready],
  },
  {
    name: 'group deleted and made again',
    given,
    steps: [
      azure('deleteResourceGroup', { name: 'rg1' }),
      nextResync,
      expectThat(
        'the missing group to be named',
        (state) => state.ready('web') === 'False/ResourceGroupNotFound',
      ),
      azure('createResourceGroup', { name: 'rg1' }),
      ready,
    ],
  },
  {
    name: 'finalizer stripped',
    given,
    steps: [
      patch('web', { metadata: { finalizers: [] } }),
      settle,
      expectThat(
        'the finalizer to be back',
        (state) => state.object('web')?.metadata.finalizers?.length === 1,
      ),
      ready,
    ],
  },
];
