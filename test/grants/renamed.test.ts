import { describe, expect, it } from 'vitest';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import { GrantStage, NAMESPACE } from '../support/kinds/grants.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/** An assignment when what its objects rest on cannot be told for a moment, as after a start. */

let cluster: Cluster;
let world: World;
let stage: GrantStage;
useWorld(async (own) => {
  ({ cluster, world } = own);
  stage = new GrantStage(cluster, world);
  await stage.prepare();
});

const deleted = () => stage.writes().filter((write) => write.startsWith('DELETE'));

describe('a grant that was renamed: its assignment stays', () => {
  it('control: with Azure well', async () => {
    await stage.grantedAndAway();
    await stage.delete('read');
    await stage.declare('anew');
    await world.start();
    await stage.gone('read');
    await stage.ready('anew');
    expect(deleted()).toEqual([]);
  });

  it('while its identity has yet to come back, as from a backup', async () => {
    await stage.grantedAndAway();
    const identity = `${NAMESPACE}/web`;
    await cluster.patch(userAssignedIdentity.resource, identity, { metadata: { finalizers: null } });
    await stage.deleteIdentity('web');
    await stage.delete('read');
    await stage.declare('anew');
    await world.start();
    await stage.reach('read', 'waiting for the other', ({ status }) =>
      (status?.conditions ?? []).some(
        ({ type, reason }) => type === 'DeletionBlocked' && reason === 'ClaimantNotTold',
      ),
    );
    await stage.identity('web');
    await stage.gone('read');
    await stage.ready('anew');
    expect(deleted()).toEqual([]);
  });

  it('while Azure does not show the identity for a moment', async () => {
    await stage.grantedAndAway();
    await stage.delete('read');
    await stage.declare('anew');
    stage.refuseReads('/userAssignedIdentities', 6);
    await world.start();
    await stage.gone('read');
    await stage.ready('anew');
    expect(deleted()).toEqual([]);
  });
});
