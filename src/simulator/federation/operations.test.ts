import { ManagedServiceIdentityClient } from '@azure/arm-msi';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { recorder } from '../authorization/stage.fixture.ts';
import { all, clientOptions, refusal, tokenCredential } from '../sdk.fixture.ts';
import { type Simulator, startSimulator } from '../simulator.ts';

const ISSUER = 'https://issuer.example/';
const AUDIENCE = 'api://AzureADTokenExchange';
const TYPE = 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials';

let clock: FakeClock;
let simulator: Simulator;
let client: ManagedServiceIdentityClient;
beforeEach(async () => {
  clock = new FakeClock();
  simulator = await startSimulator({ clock, preset: 'fast' });
  simulator.control.createResourceGroup({ name: 'rg1' });
  simulator.control.createIdentity({ name: 'id1', resourceGroup: 'rg1' });
  client = await connect();
});
afterEach(() => simulator.stop());

const connect = async (caller?: string) =>
  new ManagedServiceIdentityClient(
    await tokenCredential(simulator, caller),
    simulator.subscriptionId,
    clientOptions(simulator),
  );
const body = (subject = 'one', extra = {}) => ({ issuer: ISSUER, subject, audiences: [AUDIENCE], ...extra });
const put = (name: string, given: object = body(), identity = 'id1', options = {}) =>
  client.federatedIdentityCredentials.createOrUpdate(
    'rg1',
    identity,
    name,
    given as ReturnType<typeof body>,
    options,
  );
const get = (name: string, identity = 'id1') =>
  client.federatedIdentityCredentials.get('rg1', identity, name);
const remove = (name: string, options = {}) =>
  client.federatedIdentityCredentials.delete('rg1', 'id1', name, options);
const names = async (options = {}) =>
  (await all(client.federatedIdentityCredentials.list('rg1', 'id1', options))).map(({ name }) => name);
const identityId = (name = 'id1') =>
  `/subscriptions/${simulator.subscriptionId}/resourcegroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;

describe('a write', () => {
  test('answers 201 when new and 200 when there, with the whole credential', async () => {
    const { seen, onResponse } = recorder();
    await put('cred1', body('one'), 'id1', { onResponse });
    await put('CRED1', body('two'), 'id1', { onResponse });
    const answer = (subject: string) => ({
      properties: { issuer: ISSUER, subject, audiences: [AUDIENCE] },
      id: `${identityId()}/federatedIdentityCredentials/cred1`,
      name: 'cred1',
      type: TYPE,
    });
    expect(seen).toEqual([
      { status: 201, body: answer('one') },
      { status: 200, body: answer('two') },
    ]);
    expect((await get('cred1')).subject).toBe('two');
    expect(await names()).toEqual(['cred1']);
  });

  test.for(['ab', '-abc', 'a.bc', 'a'.repeat(121)])('under the name %s is refused', async (name) => {
    expect(await refusal(put(name))).toMatchObject({
      status: 400,
      message: `Federated Identity Credential name '${name}' is invalid.`,
    });
  });

  test('under a name of 3 or 120 characters is taken', async () => {
    await put('a-_', body('one'));
    await put('a'.repeat(120), body('two'));
    expect(await names()).toHaveLength(2);
  });

  test.for([[], [AUDIENCE, 'another'], ['']])('with audiences %s is refused', async (audiences) => {
    expect(await refusal(put('cred1', body('one', { audiences })))).toMatchObject({
      status: 400,
      message: 'Federated identity credentials must have exactly one audience.',
    });
  });

  test.for(['issuer', 'subject', 'audiences'])('without %s is refused', async (field) => {
    const expected = {
      status: 400,
      message: 'Federated Identity Credential from HTTP body has empty properties',
    };
    expect(await refusal(put('cred1', body('one', { [field]: undefined })))).toMatchObject(expected);
    if (field !== 'audiences')
      expect(await refusal(put('cred1', body('one', { [field]: '' })))).toMatchObject(expected);
  });

  test('takes 600 characters in a field and refuses 601', async () => {
    await put('cred1', body('s'.repeat(600)));
    for (const extra of [
      { subject: 's'.repeat(601) },
      { issuer: 'i'.repeat(601) },
      { audiences: ['a'.repeat(601)] },
    ])
      expect(await refusal(put('cred2', body('one', extra)))).toMatchObject({ status: 400 });
  });

  test('of an issuer and subject that another name has is refused with 400, under another identity it is taken', async () => {
    simulator.control.createIdentity({ name: 'id2', resourceGroup: 'rg1' });
    await put('cred1');
    expect(await refusal(put('cred2', body('one', { audiences: ['other'] })))).toMatchObject({
      status: 400,
      message: 'Issuer and subject combination already exists for this Managed Identity.',
    });
    expect((await put('cred1', body('one'), 'id2')).name).toBe('cred1');
    // Case matters: subjects are compared exactly.
    expect((await put('cred2', body('ONE'))).name).toBe('cred2');
  });

  test('under a missing identity answers 404 by the parent', async () => {
    const expected = { status: 404, message: "The parent user-assigned identity doesn't exist." };
    expect(await refusal(put('cred1', body(), 'nope'))).toMatchObject(expected);
    expect(await refusal(get('cred1', 'nope'))).toMatchObject(expected);
  });

  test('in a region without support answers 405', async () => {
    simulator.control.createIdentity({ name: 'far', resourceGroup: 'rg1', location: 'Malaysia South' });
    expect(await refusal(put('cred1', body(), 'far'))).toMatchObject({
      status: 405,
      message: 'The request format was unexpected: Support for federated identity credentials not enabled.',
    });
  });

  test('of the 21st is refused with the status of the knob, of the 20th once more is not', async () => {
    for (let n = 1; n <= 20; n++) await put(`cred${n}`, body(`subject${n}`));
    expect(await refusal(put('cred21', body('subject21')))).toMatchObject({ status: 400 });
    simulator.control.setKnobs({ federation: { limitStatus: 409 } });
    expect(await refusal(put('cred21', body('subject21')))).toMatchObject({ status: 409 });
    await put('cred20', body('changed'));
    await remove('cred1');
    expect((await put('cred21', body('subject21'))).name).toBe('cred21');
  });

  test('needs the right on credentials', async () => {
    const { objectId } = simulator.control.createPrincipal({ displayName: 'operator' });
    simulator.control.nameCaller({ objectId, name: 'operator' });
    simulator.control.grant({ principalId: objectId, role: 'Managed Identity Operator', scope: '/' });
    const operator = await connect('operator');
    await put('cred1');
    const { federatedIdentityCredentials } = operator;
    expect((await federatedIdentityCredentials.get('rg1', 'id1', 'cred1')).name).toBe('cred1');
    expect(
      await refusal(federatedIdentityCredentials.createOrUpdate('rg1', 'id1', 'cred2', body('two'))),
    ).toMatchObject({
      status: 403,
      code: 'AuthorizationFailed',
      message: expect.stringContaining(`perform action '${TYPE}/write' over scope`),
    });
  });
});

describe('one writer', () => {
  const WRITE_MS = 1_000;
  const conflict = { status: 409, code: 'Conflict', message: 'Conflict' };
  const writesTake = (ms: number) =>
    simulator.control.setKnobs({
      latencyMs: {
        default: 0,
        'federatedCredentials.createOrUpdate': ms,
        'federatedCredentials.delete': ms,
      },
    });
  /** Until the next timer of the simulator is a write that ends in so many ms. */
  const underWay = (ms: number) => expect.poll(() => clock.untilNext()).toBe(ms);
  beforeEach(() => void writesTake(WRITE_MS));

  test('a second write under the same identity while one runs answers 409, also a delete', async () => {
    const first = put('cred1');
    await underWay(WRITE_MS);
    expect(await refusal(put('cred2', body('two')))).toEqual(conflict);
    expect(await refusal(remove('cred3'))).toEqual(conflict);
    clock.advance(WRITE_MS);
    expect((await first).name).toBe('cred1');
    const next = put('cred2', body('two'));
    await underWay(WRITE_MS);
    clock.advance(WRITE_MS);
    expect((await next).name).toBe('cred2');
  });

  test('a write that is refused leaves the place free', async () => {
    writesTake(0);
    await put('cred1');
    expect(await refusal(put('cred2'))).toMatchObject({ status: 400 });
    expect((await put('cred2', body('two'))).name).toBe('cred2');
  });

  test('writes under different identities run in parallel', async () => {
    simulator.control.createIdentity({ name: 'id2', resourceGroup: 'rg1' });
    const slow = put('cred1');
    await underWay(WRITE_MS);
    writesTake(100);
    const quick = put('cred1', body(), 'id2');
    await underWay(100);
    clock.advance(100);
    expect((await quick).id).toContain('/id2/');
    clock.advance(WRITE_MS - 100);
    expect((await slow).id).toContain('/id1/');
  });

  test('a write whose identity goes meanwhile finds no parent, and leaves nothing to its successor', async () => {
    const write = refusal(put('cred1'));
    await underWay(WRITE_MS);
    simulator.control.recycleIdentity({ id: identityId() });
    clock.advance(WRITE_MS);
    expect(await write).toMatchObject({ status: 404 });
    expect(await names()).toEqual([]);
  });
});

describe('a delete', () => {
  test('answers 200 with an empty body, then 204', async () => {
    await put('cred1');
    const { seen, onResponse } = recorder();
    await remove('cred1', { onResponse });
    await remove('cred1', { onResponse });
    expect(seen).toEqual([
      { status: 200, body: undefined },
      { status: 204, body: undefined },
    ]);
    expect(await refusal(get('cred1'))).toMatchObject({
      status: 404,
      code: 'ResourceNotFound',
      message: `The Resource 'Microsoft.ManagedIdentity/userAssignedIdentities/id1/federatedIdentityCredentials/cred1' under resource group 'rg1' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
    });
  });

  test('of the identity, or of its group, takes its credentials with it', async () => {
    await put('cred1');
    await client.userAssignedIdentities.delete('rg1', 'id1');
    simulator.control.createIdentity({ name: 'id1', resourceGroup: 'rg1' });
    expect(await names()).toEqual([]);
    await put('cred1');
    simulator.control.deleteResourceGroup({ name: 'rg1' });
    simulator.control.createResourceGroup({ name: 'rg1' });
    simulator.control.createIdentity({ name: 'id1', resourceGroup: 'rg1' });
    expect(await names()).toEqual([]);
  });
});

describe('a list', () => {
  test('is paged by $top and $skiptoken', async () => {
    for (const n of [1, 2, 3, 4, 5]) await put(`cred${n}`, body(`subject${n}`));
    const before = simulator.requests().length;
    expect(await names({ top: 2 })).toEqual(['cred1', 'cred2', 'cred3', 'cred4', 'cred5']);
    expect(simulator.requests().slice(before)).toHaveLength(3);
    expect(await names({ skiptoken: '3' })).toEqual(['cred4', 'cred5']);
    // The SDK does not let a $top below 1 out.
    const { status } = await simulator.control.arm({
      method: 'GET',
      path: `${identityId()}/federatedIdentityCredentials?$top=0&api-version=2024-11-30`,
    });
    expect(status).toBe(400);
  });

  test('lags behind writes, and a GET may miss a fresh creation', async () => {
    simulator.control.setKnobs({ propagation: { listLagMs: 5_000, readAfterWriteMs: 2_000 } });
    await put('cred1');
    expect(await names()).toEqual([]);
    expect(await refusal(get('cred1'))).toMatchObject({ status: 404 });
    clock.advance(2_000);
    expect((await get('cred1')).name).toBe('cred1');
    clock.advance(3_000);
    expect(await names()).toEqual(['cred1']);
  });
});
