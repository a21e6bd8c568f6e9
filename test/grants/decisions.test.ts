import { expect, it } from 'vitest';
import { roleGrant } from '../../src/api/role-grant.ts';
import { KINDS } from '../../src/operator/registry.ts';
import type { KindDefinition } from '../../src/reconcilers/definition.ts';
import { GrantStage } from '../support/kinds/grants.ts';
import type { World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/** How often is decided for one write: docs/design/2026-11-28-kinds-as-values.md. */

let world: World;
let stage: GrantStage;
useWorld(async (own) => {
  ({ world } = own);
  stage = new GrantStage(own.cluster, world);
  await stage.prepare();
});

it('an edited grant is decided three times: from the caches, from what was read live, and when it is done', async () => {
  const decided: string[][] = [];
  const counted = KINDS.map(
    (kind): KindDefinition =>
      kind.resource.kind !== roleGrant.resource.kind
        ? kind
        : {
            ...kind,
            decide(...given) {
              const decision = kind.decide(...given);
              decided.push(decision.actions.map(({ type }) => type));
              return decision;
            },
          },
  );
  await stage.declare('read', { description: 'Before.' });
  await world.start({ kinds: counted });
  await stage.ready('read');
  await world.pass(5 * 60_000);
  const written = stage.writes().length;
  decided.length = 0;
  await stage.edit('read', 'After.');
  await world.pass(1_000);
  expect(stage.writes().slice(written)).toHaveLength(1);
  expect(decided).toEqual([['putAssignment'], ['putAssignment'], []]);
});
