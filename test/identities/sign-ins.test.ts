import { describe, expect, it } from 'vitest';
import { systemAssignedIdentity } from '../../src/api/system-assigned-identity.ts';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import type { Fields, Log } from '../../src/runtime/log.ts';
import { Journal } from '../support/journal.ts';
import { HostStage, identityIdOf, vmId } from '../support/kinds/hosts.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/** When an identity last signed in stands on its object, where azid is told to ask. */
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let cluster: Cluster;
let world: World;
let stage: HostStage;
useWorld(async (own) => {
  ({ cluster, world } = own);
  stage = new HostStage(cluster, world);
  await stage.prepare();
});

const controllerId = () =>
  world.azure.control.identities({}).find(({ id }) => id.endsWith('azid-controller'))?.principalId ?? '';
const allow = () => world.azure.control.allowGraph({ principalId: controllerId() });
const identity = () => cluster.get(userAssignedIdentity.resource, `${stage.namespace}/app`);
const system = () => cluster.get(systemAssignedIdentity.resource, `${stage.namespace}/vm1`);
const asked = () =>
  world.azure.requests().filter(({ operation }) => operation === 'graph.signIns.summarized');

/** A workload on the machine gets a token, as the identity or as the machine itself. */
async function use(resource: string, as?: string): Promise<void> {
  const { endpoint } = await world.azure.control.openMetadata({ id: vmId('vm1') });
  const who = as === undefined ? '' : `&msi_res_id=${encodeURIComponent(as)}`;
  const url = `${endpoint}/metadata/identity/oauth2/token?api-version=2018-02-01&resource=${resource}${who}`;
  const answer = await fetch(url, { headers: { metadata: 'true' } });
  expect(answer.status, await answer.text()).toBe(200);
}

async function attached(): Promise<void> {
  stage.createVm('vm1');
  await stage.attach('vm1');
  await stage.attached('vm1');
}

describe('with --sign-ins', () => {
  it('the object of an identity shows its last sign-in, one question an hour for all', async () => {
    allow();
    const journal = new Journal();
    const { interceptKube, interceptArm } = journal;
    await world.start({ signIns: true, interceptKube, interceptArm });
    await attached();
    await stage.system('vm1');
    await stage.systemReady('vm1');
    await world.pass(10 * MINUTE);
    expect((await identity())?.status).not.toHaveProperty('lastSignIn');
    await use('https://vault.azure.net', identityIdOf('app'));
    await world.pass(HOUR);
    const told = (await identity())?.status?.lastSignIn;
    expect(told).toEqual({
      time: expect.stringMatching(/^2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      resource: 'https://vault.azure.net',
      result: 'Succeeded',
    });
    // Nobody is known to have signed in as the machine itself.
    expect((await system())?.status).not.toHaveProperty('lastSignIn');
    await use('https://storage.azure.com');
    await world.pass(HOUR);
    expect((await system())?.status?.lastSignIn).toMatchObject({ resource: 'https://storage.azure.com' });
    expect((await identity())?.status?.lastSignIn).toEqual(told);

    const [questions, writes] = [asked().length, journal.writes.length];
    await world.pass(6 * HOUR);
    expect(asked().length - questions).toBe(6);
    expect(journal.writes.slice(writes)).toEqual([]);
  });

  it('it stays over a restart, and where the log has nothing any more; without the flag it goes', async () => {
    allow();
    const first = await world.start({ signIns: true });
    await attached();
    await use('https://vault.azure.net', identityIdOf('app'));
    await world.until('the sign-in', async () => (await identity())?.status?.lastSignIn !== undefined);
    const told = (await identity())?.status?.lastSignIn;
    await world.stop(first);
    world.azure.control.addFault({
      operation: 'graph.signIns.summarized',
      effect: { kind: 'status', status: 503 },
    });
    const second = await world.start({ signIns: true });
    await world.pass(2 * HOUR);
    expect((await identity())?.status?.lastSignIn).toEqual(told);
    await world.stop(second);
    await world.start();
    await world.until('the field to go', async () => !('lastSignIn' in ((await identity())?.status ?? {})));
  });

  it('a missing permission is said once, with the remedy, and nothing else fails', async () => {
    const warnings: Fields[] = [];
    const log: Log = {
      debug() {},
      info() {},
      warn: (fields, message) => {
        if (message.includes('sign-ins')) warnings.push(fields);
      },
      error() {},
      child: () => log,
    };
    await world.start({ signIns: true, log });
    await attached();
    await world.pass(5 * HOUR);
    expect(warnings).toMatchObject([
      { reason: 'MissingPermission', remedy: expect.stringContaining('AuditLog.Read.All') },
    ]);
    expect(asked().length).toBeLessThanOrEqual(7);
    allow();
    await use('https://vault.azure.net', identityIdOf('app'));
    await world.pass(2 * HOUR);
    expect((await identity())?.status?.lastSignIn).toMatchObject({ result: 'Succeeded' });
  });
});

it('without --sign-ins nothing is asked and the field is absent', async () => {
  allow();
  await world.start();
  await attached();
  await use('https://vault.azure.net', identityIdOf('app'));
  await world.pass(3 * HOUR);
  expect(asked()).toEqual([]);
  expect((await identity())?.status).not.toHaveProperty('lastSignIn');
});
