import { expect, it } from 'vitest';
import { callerOf } from '../../src/hints/foreign-texts.ts';
import type { Hint } from '../../src/hints/hint.ts';
import { HostStage, identityIdOf, RG1, SUB, VMS, vmId } from '../support/kinds/hosts.ts';
import type { World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/**
 * A hint is what finds a change: no list comes for a day, so nothing else does. What finds it costs few reads, and what is not true
 * costs no write.
 */
let world: World;
let stage: HostStage;
useWorld(
  async (ground) => {
    world = ground.world;
    stage = new HostStage(ground.cluster, world);
    await stage.prepare({ federation: [{ issuers: ['https://issuer.example.org/a'], subjects: ['job:*'] }] });
  },
  { operator: { resyncIntervalMs: 24 * 3600_000 } },
);

const DAY = 24 * 3600_000;
const LAG = 2000;
const EVER = "eventTimestamp ge '2020-01-01T00:00:00Z' and eventTimestamp le '2999-01-01T00:00:00Z'";

function hint(id: string, more: Partial<Hint> = {}): void {
  const [operator] = world.operators;
  operator?.hints?.take({
    source: 'event',
    id,
    operation: 'of no interest',
    change: 'write',
    result: 'Succeeded',
    at: world.clock.now(),
    ...more,
  });
}

const VERSIONS: readonly (readonly [RegExp, string])[] = [
  [/managedidentity/i, '2024-11-30'],
  [/authorization/i, '2022-04-01'],
  [/insights/i, '2015-04-01'],
  [/compute/i, '2024-07-01'],
];

function answer(method: 'GET' | 'PUT' | 'PATCH' | 'DELETE', id: string, body?: object, query = '') {
  const version = VERSIONS.find(([of]) => of.test(id))?.[1];
  return world.azure.control.arm({
    method,
    path: `${id}?api-version=${version}${query}`,
    ...(body && { body }),
  });
}

/** Someone else's call, of which azid is told as Azure spells it. */
async function byOthers(method: 'PUT' | 'PATCH' | 'DELETE', id: string, body?: object): Promise<void> {
  expect((await answer(method, id, body)).status).toBeLessThan(300);
  world.azure.control.settle();
  hint(id.replace('/resourceGroups/', '/resourcegroups/'), {
    change: method === 'DELETE' ? 'delete' : 'write',
  });
}

const reads = (since: number) =>
  stage
    .requests(since)
    .filter(({ method }) => method === 'GET')
    .map(({ path }) => path.split('?')[0]?.split('/').at(-1));
const writes = (since: number) =>
  stage
    .requests(since)
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path }) => `${method} ${path.split('?')[0]?.split('/').at(-1)}`);

/** What happens at `change` is mended long before a list could show it. */
async function soon(
  change: () => Promise<void>,
  what: string,
  mended: () => boolean | Promise<boolean>,
): Promise<void> {
  await world.pass(10 * LAG);
  expect(await mended()).toBe(true);
  const at = world.clock.monotonic();
  await change();
  await world.until(what, () => mended());
  expect(world.clock.monotonic() - at).toBeLessThan(DAY / 100);
}

it('an identity that somebody edited, and one that somebody deleted', async () => {
  await world.start();
  await stage.identity('web', { tags: { app: 'shop' } });
  const id = identityIdOf('web');
  const inAzure = () => world.azure.control.identities().find((each) => each.name === 'web');
  await stage.reach(
    () => stage.userIdentity('web'),
    'web',
    ({ status }) => status?.principalId !== undefined,
  );
  await soon(
    () => byOthers('PATCH', id, { tags: { ...inAzure()?.tags, app: 'other' } }),
    'the tag to be back',
    () => inAzure()?.tags.app === 'shop',
  );
  await soon(
    () => byOthers('DELETE', id),
    'the identity to be back',
    () => inAzure() !== undefined,
  );
});

it('a grant that somebody removed', async () => {
  await world.start();
  await stage.grantSystem('read', { principal: { identityRef: { name: 'app' } } });
  const { status } = await stage.granted('read');
  const id = status?.assignmentId ?? '';
  await soon(
    () => byOthers('DELETE', id),
    'the assignment to be back',
    async () => (await answer('GET', id)).status === 200,
  );
});

it('a credential that somebody changed', async () => {
  await world.start();
  await stage.credential('ci');
  await stage.credentialReady('ci');
  const { body } = await answer('GET', `${identityIdOf('app')}/federatedIdentityCredentials`);
  const [{ id, properties }] = (body as { value: [{ id: string; properties: { subject: string } }] }).value;
  const now = async () =>
    ((await answer('GET', id)).body as { properties: { subject: string } }).properties.subject;
  await soon(
    () => byOthers('PUT', id, { properties: { ...properties, subject: 'job:evil' } }),
    'the subject to be back',
    async () => (await now()) === properties.subject,
  );
});

it('a machine whose identity somebody took away, and one that was made anew', async () => {
  stage.createVm('vm1');
  await world.start();
  await stage.attach('vm1');
  await stage.attached('vm1');
  await soon(
    () => byOthers('PATCH', vmId('vm1'), { identity: { type: 'None' } }),
    'the identity to be attached again',
    () => stage.on(vmId('vm1')).includes('app'),
  );
  await soon(
    async () => {
      world.azure.control.recycleHost({ id: vmId('vm1') });
      hint(vmId('vm1'), { change: 'delete' });
      hint(vmId('vm1'));
    },
    'the new machine to have it',
    () => stage.on(vmId('vm1')).includes('app'),
  );
});

it('a machine that appears under a selector, and all that goes with a group', async () => {
  const tags = { role: 'worker' };
  stage.createVm('vm1', { tags });
  await world.start();
  await stage.attach('fleet', { target: { selector: { subscriptionId: SUB.slice(15), type: VMS, tags } } });
  await stage.attached('fleet', ({ status }) => status?.attached === 1);
  await world.pass(10 * LAG);
  stage.createVm('vm2', { tags });
  hint(vmId('vm2'));
  await stage.attached('fleet', ({ status }) => status?.attached === 2);
  expect(world.clock.monotonic()).toBeLessThan(DAY);
  await world.pass(10 * LAG);
  world.azure.control.deleteHost({ id: vmId('vm1') });
  world.azure.control.deleteHost({ id: vmId('vm2') });
  hint(RG1, { change: 'delete' });
  await stage.attached('fleet', ({ status }) => status?.matched === 0);
  expect(world.clock.monotonic()).toBeLessThan(DAY);
});

it('what is not true costs a read or two of what it names, and no write', async () => {
  stage.createVm('vm1');
  await world.start();
  await stage.attach('vm1');
  await stage.attached('vm1');
  await world.pass(10 * LAG);
  const since = stage.mark;
  for (let n = 0; n < 500; n++) {
    hint(vmId('vm1'), { change: n % 2 ? 'delete' : 'write' });
    hint(identityIdOf('app'), { change: 'delete' });
    hint('/subscriptions/99999999-2222-4333-8444-555555555555/resourceGroups/x', { change: 'delete' });
    hint(`${RG1}/providers/Microsoft.Web/sites/${n}`);
    hint('no id');
  }
  await world.pass(10 * LAG);
  expect(reads(since).sort()).toEqual(['app', 'app', 'vm1', 'vm1']);
  expect(writes(since)).toEqual([]);
});

it('what Azure reports of azid’s own writes costs nothing', async () => {
  stage.createVm('vm1');
  await world.start();
  await stage.attach('vm1');
  await stage.attached('vm1');
  await world.pass(10 * LAG);
  const since = stage.mark;
  const path = `${SUB}/providers/Microsoft.Insights/eventtypes/management/values`;
  const { body } = await answer('GET', path, undefined, `&$filter=${encodeURIComponent(EVER)}`);
  const { value } = body as { value: { resourceId: string; correlationId: string; claims: unknown }[] };
  expect(value.length).toBeGreaterThan(3);
  for (const { resourceId, correlationId, claims } of value) {
    const caller = callerOf(claims);
    hint(resourceId, { correlationId, ...(caller && { caller }) });
  }
  await world.pass(10 * LAG);
  expect(stage.requests(since)).toEqual([]);
  // By the correlation id alone it may be anybody's: it is read, and nothing is written.
  for (const { resourceId, correlationId } of value) hint(resourceId, { correlationId });
  await world.pass(10 * LAG);
  expect(reads(since)).toContain('vm1');
  expect(writes(since)).toEqual([]);
});
