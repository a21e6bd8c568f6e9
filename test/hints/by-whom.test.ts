import { describe, expect, it } from 'vitest';
import type { ActivityEntry } from '../../src/api/schema/activity.ts';
import { callerOf } from '../../src/hints/foreign-texts.ts';
import type { Hint } from '../../src/hints/hint.ts';
import { conditionOf, HostStage, identityIdOf, RG1, SUB, vmId } from '../support/kinds/hosts.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/**
 * Who changed it, on the object: what somebody else does in the simulated Azure stands in its Activity Log with a caller, and azid is
 * told of it as by an event, or minutes later.
 */
let cluster: Cluster;
let world: World;
let stage: HostStage;
useWorld(
  async (ground) => {
    ({ cluster, world } = ground);
    stage = new HostStage(cluster, world);
    await stage.prepare({ federation: [{ issuers: ['https://issuer.example.org/a'], subjects: ['job:*'] }] });
  },
  { operator: { resyncIntervalMs: 24 * 3600_000 } },
);

const DAY = 24 * 3_600_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const LAG = 2_000;
const ALICE = { name: 'alice@contoso.com' };
const EVER = "eventTimestamp ge '2020-01-01T00:00:00Z' and eventTimestamp le '2999-01-01T00:00:00Z'";
const VERSIONS: readonly (readonly [RegExp, string])[] = [
  [/managedidentity/i, '2024-11-30'],
  [/authorization/i, '2022-04-01'],
  [/insights/i, '2015-04-01'],
  [/compute/i, '2024-07-01'],
];

interface Record {
  readonly resourceId: string;
  readonly correlationId: string;
  readonly operationName: { readonly value: string };
  readonly status: { readonly value: string };
  readonly eventTimestamp: string;
  readonly claims: unknown;
}

async function arm(method: 'GET' | 'PUT' | 'PATCH' | 'DELETE', id: string, body?: object, query = '') {
  const version = VERSIONS.find(([of]) => of.test(id))?.[1];
  const path = `${id}?api-version=${version}${query}`;
  const answer = await world.azure.control.arm({ method, path, ...(body && { body }) });
  expect(answer.status).toBeLessThan(300);
  return answer.body;
}

/** What the Activity Log has by now, the oldest first: ends of calls. */
async function records(): Promise<readonly Record[]> {
  const path = `${SUB}/providers/Microsoft.Insights/eventtypes/management/values`;
  const { value } = (await arm('GET', path, undefined, `&$filter=${encodeURIComponent(EVER)}`)) as {
    value: Record[];
  };
  return value.filter(({ status }) => status.value === 'Succeeded').reverse();
}

function tell(record: Record, more: Partial<Hint> = {}): void {
  const operation = record.operationName.value;
  const caller = callerOf(record.claims);
  const [operator] = world.operators;
  operator?.hints?.take({
    source: 'event',
    id: record.resourceId,
    operation,
    change: operation.endsWith('/delete') ? 'delete' : 'write',
    result: 'Succeeded',
    at: Date.parse(record.eventTimestamp),
    correlationId: record.correlationId,
    ...(caller && { caller }),
    ...more,
  });
}

/** Someone else's call, as the log has it once it is written there. */
async function byOthers(method: 'PUT' | 'PATCH' | 'DELETE', id: string, body?: object): Promise<Record> {
  const before = new Set((await records()).map(({ correlationId }) => correlationId));
  await arm(method, id, body);
  world.azure.control.settle();
  let found: Record | undefined;
  await world.until('a record of it', async () => {
    found = (await records()).find(
      ({ correlationId, resourceId }) =>
        !before.has(correlationId) && resourceId.toLowerCase() === id.toLowerCase(),
    );
    return found !== undefined;
  });
  if (!found) throw new Error('no record');
  return found;
}

interface Shown {
  readonly status?: { readonly activity?: readonly ActivityEntry[] | undefined } | undefined;
}
const activityOf = (object: Shown | undefined) =>
  (object?.status?.activity ?? []).map(
    ({ operation, caller }) => `${operation.split('/').slice(1).join('/')} ${caller}`,
  );
const readyOf = (object: Parameters<typeof conditionOf>[0]) => conditionOf(object, 'Ready')?.message;
/** The credential, once its status names who made a repair necessary. */
const repaired = (name: string) =>
  stage.reach(
    () => stage.credentialOf(name),
    `${name} to name who it was`,
    (each) => readyOf(each)?.includes('put it right') ?? false,
  );
const self = () => {
  const own = world.azure.control.identities().find(({ name }) => name === 'azid-controller');
  return `azid (${own?.principalId})`;
};
const text = (record: Record, verb: string) => {
  const time = record.eventTimestamp.slice(11, 16);
  return `${verb} in Azure by alice@contoso.com at ${time} UTC, correlation id ${record.correlationId}`;
};

describe('whoever', () => {
  it('removed a grant is named by the Event, by Ready and by status.activity', async () => {
    await world.start();
    await stage.grantSystem('read', { principal: { identityRef: { name: 'app' } } });
    const { status } = await stage.granted('read');
    expect(activityOf({ status })).toEqual([`roleAssignments/write ${self()}`]);
    await world.pass(10 * LAG);
    const record = await byOthers('DELETE', status?.assignmentId ?? '');
    tell(record, { caller: ALICE });
    const object = await stage.granted('read', ({ status: now }) => (now?.activity?.length ?? 0) > 2);
    const cause = text(record, 'removed');
    expect(await stage.event('read', 'Regranted')).toContain(`it was ${cause}`);
    expect(readyOf(object)).toContain(`azid put it right after it was ${cause}`);
    expect(activityOf(object)).toEqual([
      `roleAssignments/write ${self()}`,
      'roleAssignments/delete alice@contoso.com',
      `roleAssignments/write ${self()}`,
    ]);
    expect(object.status?.activity).toMatchObject([
      { result: 'Succeeded', repaired: cause },
      { result: 'Succeeded', correlationId: record.correlationId },
      { result: 'Succeeded' },
    ]);
  });

  it('edited an identity likewise, by the application where no user is named', async () => {
    await world.start();
    await stage.identity('web', { tags: { app: 'shop' } });
    const inAzure = () => world.azure.control.identities().find(({ name }) => name === 'web');
    await stage.reach(
      () => stage.userIdentity('web'),
      'web to be ready',
      (object) => conditionOf(object, 'Ready')?.status === 'True',
    );
    await world.pass(10 * LAG);
    const record = await byOthers('PATCH', identityIdOf('web'), { tags: { ...inAzure()?.tags, app: 'x' } });
    tell(record);
    await world.until('the tag to be back', () => inAzure()?.tags.app === 'shop');
    const { appId } = callerOf(record.claims) ?? {};
    const object = await stage.reach(
      () => stage.userIdentity('web'),
      'web to name who it was',
      (each) => readyOf(each)?.includes('put it right') ?? false,
    );
    expect(readyOf(object)).toContain(`last changed in Azure by application ${appId} at`);
    expect(activityOf(object)).toEqual([
      `userAssignedIdentities/write ${self()}`,
      `userAssignedIdentities/write application ${appId}`,
      `userAssignedIdentities/write ${self()}`,
    ]);
  });

  it('changed a credential likewise', async () => {
    await world.start();
    await stage.credential('ci');
    const { status } = await stage.credentialReady('ci');
    await world.pass(10 * LAG);
    const { properties } = (await arm('GET', status?.id ?? '')) as { properties: object };
    const record = await byOthers('PUT', status?.id ?? '', {
      properties: { ...properties, subject: 'job:evil' },
    });
    tell(record, { caller: ALICE });
    expect(await stage.event('ci', 'Repaired')).toContain(text(record, 'last changed'));
    // The Event comes before the status.
    const object = await repaired('ci');
    expect(activityOf(object)[1]).toBe(
      'userAssignedIdentities/federatedIdentityCredentials/write alice@contoso.com',
    );
  });

  it('took an identity off a machine is named by the attachment, and by the ledger; other writes to it by neither', async () => {
    stage.createVm('vm1');
    await world.start();
    await stage.attach('vm1');
    await stage.attached('vm1');
    await world.pass(10 * LAG);
    // It concerns nobody here.
    tell(await byOthers('PATCH', vmId('vm1'), { tags: { owner: 'bob' } }), {
      caller: { name: 'bob@contoso.com' },
    });
    await world.pass(10 * LAG);
    const record = await byOthers('PATCH', vmId('vm1'), { identity: { type: 'None' } });
    tell(record, { caller: ALICE });
    await world.until('the identity to be attached again', () => stage.on(vmId('vm1')).includes('app'));
    const cause = text(record, 'last written to');
    const object = await stage.attached('vm1', (each) => readyOf(each)?.includes('put it right') ?? false);
    expect(readyOf(object)).toContain(cause);
    const expected = [
      `virtualMachines/write ${self()}`,
      'virtualMachines/write alice@contoso.com',
      `virtualMachines/write ${self()}`,
    ];
    expect(activityOf(object)).toEqual(expected);
    expect(object.status?.activity?.every(({ resourceId }) => resourceId === vmId('vm1'))).toBe(true);
    await world.pass(MINUTE);
    const ledger = await stage.ledger(vmId('vm1'));
    expect(activityOf(ledger)).toEqual(expected);
    expect(await stage.event(ledger?.metadata.name ?? '', 'IdentityLost')).toContain(cause);
  });

  it('switched off the identity of a machine is named by its object', async () => {
    stage.createVm('vm1');
    await world.start();
    await stage.system('vm1');
    await stage.systemReady('vm1');
    await world.pass(10 * LAG);
    const record = await byOthers('PATCH', vmId('vm1'), { identity: { type: 'None' } });
    tell(record, { caller: ALICE });
    const object = await stage.systemReady('vm1', (each) => readyOf(each)?.includes('put it right') ?? false);
    expect(activityOf(object)).toContain('virtualMachines/write alice@contoso.com');
    expect(await stage.event('vm1', 'SystemIdentityReplaced')).toContain(text(record, 'last written to'));
  });

  it('is not named where the record names nobody', async () => {
    await world.start();
    await stage.grantSystem('nameless', { principal: { identityRef: { name: 'app' } } });
    const { status } = await stage.granted('nameless');
    await world.pass(10 * LAG);
    tell(await byOthers('DELETE', status?.assignmentId ?? ''), { caller: {} });
    const object = await stage.granted('nameless', ({ status: now }) => (now?.activity?.length ?? 0) > 2);
    expect(await stage.event('nameless', 'Regranted')).not.toContain('it was');
    expect(readyOf(object)).not.toContain('put it right');
    expect(object.status?.activity?.[1]).not.toHaveProperty('caller');
  });

  it('did it before any report is shown by status.activity alone', async () => {
    await world.start({ resyncIntervalMs: 10 * MINUTE });
    await stage.grantSystem('late', { principal: { identityRef: { name: 'app' } } });
    const { status } = await stage.granted('late');
    await world.pass(10 * LAG);
    const record = await byOthers('DELETE', status?.assignmentId ?? '');
    expect(await stage.event('late', 'Regranted')).not.toContain('it was');
    await world.pass(15 * MINUTE);
    tell(record, { source: 'record', caller: ALICE });
    const object = await stage.granted('late', ({ status: now }) => (now?.activity?.length ?? 0) > 2);
    expect(activityOf(object)).toContain('roleAssignments/delete alice@contoso.com');
    expect(readyOf(object)).not.toContain('put it right');
  });
});

describe('the Activity Log alone', () => {
  it('leads to a credential that somebody changed, and shows who did', async () => {
    await world.start({ activityLog: true });
    await stage.credential('ci');
    const { status } = await stage.credentialReady('ci');
    // What the first polls tell is azid's own.
    await world.pass(20 * MINUTE);
    const { properties } = (await arm('GET', status?.id ?? '')) as { properties: object };
    const at = world.clock.monotonic();
    const record = await byOthers('PUT', status?.id ?? '', {
      properties: { ...properties, subject: 'job:evil' },
    });
    const object = await repaired('ci');
    expect(world.clock.monotonic() - at).toBeLessThan(25 * MINUTE);
    const { appId } = callerOf(record.claims) ?? {};
    expect(readyOf(object)).toContain(
      `last changed in Azure by application ${appId} at ${record.eventTimestamp.slice(11, 16)} UTC, correlation id ${record.correlationId}`,
    );
    // Told of it again and again, it stays as it is.
    await world.pass(HOUR);
    const before = statusWrites();
    await world.pass(HOUR);
    expect(statusWrites()).toEqual(before);
    expect(activityOf(await stage.credentialReady('ci'))).toHaveLength(3);
  });
});

it('a settled world is not written to when the log reports all that azid did, to this process and to the next', async () => {
  stage.createVm('vm1');
  const operator = await world.start();
  await stage.identity('web', { tags: { app: 'shop' } });
  await stage.credential('ci');
  await stage.attach('vm1');
  await stage.system('vm1');
  await stage.grantSystem('read', { principal: { identityRef: { name: 'app' } }, scope: RG1 });
  await stage.grantSystem('vm1');
  await stage.credentialReady('ci');
  await stage.attached('vm1');
  await stage.systemReady('vm1');
  await stage.granted('read');
  await stage.granted('vm1');
  // What was granted is known to act after ten minutes: a change that nobody causes.
  await world.pass(20 * MINUTE);
  const before = statusWrites();
  const told = await records();
  expect(told.length).toBeGreaterThan(5);
  const tellAll = async () => {
    for (const record of told) tell(record, { source: 'record' });
    await world.pass(5 * MINUTE);
  };
  await tellAll();
  await tellAll();
  expect(statusWrites()).toEqual(before);
  await world.stop(operator);
  const stopped = statusWrites();
  await world.start();
  await world.pass(MINUTE);
  await tellAll();
  expect(without(statusWrites(), stopped)).toEqual([]);
  expect(world.clock.monotonic()).toBeLessThan(DAY);
});

/** What was written of azid's kinds, by plural. A token of a ServiceAccount is asked for by the test: `AZID_TEST_RIGHTS` in docs/testing.md. */
function statusWrites(): readonly string[] {
  return [...cluster.writes]
    .map(([plural, { ended }]) => `${plural} ${ended}`)
    .filter((line) => !/^(events|leases|configmaps|serviceaccounts) /.test(line));
}
const without = (lines: readonly string[], others: readonly string[]) =>
  lines.filter((line) => !others.includes(line));
