import { describe, expect, it } from 'vitest';
import type { WatchTap } from '../../src/reconcilers/stores.ts';
import { GrantStage } from '../support/kinds/grants.ts';
import { HostStage, vmId } from '../support/kinds/hosts.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/**
 * A new process is answered by an API server that is behind: the first list of one kind lacks what the process before had
 * seen, and its watch has yet to bring it (docs/kubernetes.md section 3). What is not seen is not gone.
 */

let cluster: Cluster;
let world: World;
useWorld(async (own) => {
  ({ cluster, world } = own);
});

const without = (plural: string, ...names: readonly string[]): WatchTap =>
  async function* (resource, events) {
    for await (const event of events)
      yield resource.plural === plural && event.type === 'replace'
        ? { ...event, objects: event.objects.filter(({ metadata }) => !names.includes(metadata.name)) }
        : event;
  };

describe('a list that is behind', () => {
  it('of attachments: nothing is detached from those that the ledger of a resource names', async () => {
    const stage = new HostStage(cluster, world);
    await stage.prepare();
    const first = await world.start();
    stage.createVm('vm1');
    await stage.attach('vm1');
    await stage.attached('vm1');
    await world.stop(first);
    const before = stage.mark;
    await world.start({ tapWatch: without('identityattachments', 'vm1') });
    await world.pass(120_000);
    expect(stage.writes(before)).toEqual([]);
    expect(stage.on(vmId('vm1'))).toEqual(['app']);
  });

  it('of grants: an assignment that an unseen grant shares with one that goes stays', async () => {
    const stage = new GrantStage(cluster, world);
    await stage.prepare();
    await stage.declare('one');
    await stage.declare('two');
    const first = await world.start();
    await stage.ready('one');
    await stage.ready('two');
    const principal = await stage.principal();
    await world.pass(60_000);
    await world.stop(first);
    const before = stage.mark;
    await stage.delete('one');
    await world.start({ tapWatch: without('rolegrants', 'two') });
    await stage.gone('one');
    await world.pass(60_000);
    expect(stage.writes(before).filter((write) => write.startsWith('DELETE'))).toEqual([]);
    expect(await stage.assignments(principal)).toHaveLength(1);
  });

  it('of grants: an identity that an unseen grant refers to is not deleted, nor its assignment', async () => {
    const stage = new GrantStage(cluster, world);
    await stage.prepare();
    await stage.declare('one');
    const first = await world.start();
    await stage.ready('one');
    const principal = await stage.principal();
    await world.stop(first);
    await stage.deleteIdentity('web');
    await world.start({ tapWatch: without('rolegrants', 'one') });
    await world.until('the identity to say what holds it', async () => {
      const { status } = (await stage.getIdentity('web')) ?? {};
      return status?.conditions?.some(({ message }) => message.includes('RoleGrant')) ?? false;
    });
    expect(await stage.assignments(principal)).toHaveLength(1);
  });
});
