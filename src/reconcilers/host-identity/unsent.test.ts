import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AzureError, LOCAL_CODES } from '../../azure/arm/errors.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { take } from './sequences/steps.fixture.ts';
import { Batch, idOf, VMS, type World } from './sequences/world.fixture.ts';
import { QUIET_MS } from './write/batch.ts';

let batch: Batch;
beforeAll(async () => {
  batch = await Batch.start();
});
afterAll(() => batch.azure.stop());

const APP = armKey(idOf('app0'));
const attach = { do: 'attach', who: 'a0', what: 'app0', retain: false, adopt: false } as const;

/** A write waits for its turn, and while it does somebody acts; then it is not sent. */
async function unsent(world: World, code: string, meanwhile: () => Promise<void>): Promise<void> {
  const write = vi.spyOn(batch.clients.hosts, 'patchIdentity').mockImplementationOnce(async () => {
    await meanwhile();
    throw new AzureError({ code, message: 'its turn never came' });
  });
  await world.reconcile();
  await world.pass(QUIET_MS);
  await world.reconcile().catch((error: unknown) => {
    if (!(error instanceof AzureError && error.code === LOCAL_CODES.aborted)) throw error;
  });
  expect(write).toHaveBeenCalled();
  write.mockRestore();
}

const isAttached = (world: World) => world.host?.attached.some(({ id }) => armKey(id) === APP);
const entry = (world: World) => world.ledger?.status?.entries?.[0];

describe.each([LOCAL_CODES.decideAgain, LOCAL_CODES.aborted])('a write that was not sent: %s', (code) => {
  it('makes nothing azid’s: what somebody else attached meanwhile stays', async () => {
    const world = batch.begin(VMS);
    await take(world, attach);
    await unsent(world, code, () => take(world, { do: 'othersAdd', what: 'app0' }));
    await world.reconcile();
    expect(entry(world)).toMatchObject({ state: 'Attached', owned: false });
    await take(world, { do: 'detach', who: 'a0' });
    await world.reconcile();
    await world.pass(11_000);
    await world.reconcile();
    expect(world.patches).toBe(0);
    expect(isAttached(world)).toBe(true);
    await batch.end();
  });

  it('is sent later, and then what it attached is azid’s', async () => {
    const world = batch.begin(VMS);
    await take(world, attach);
    await unsent(world, code, async () => {});
    await world.reconcile();
    await world.pass(11_000);
    await world.reconcile();
    expect(world.patches).toBe(1);
    expect(entry(world)).toMatchObject({ state: 'Attached', owned: true });
    await batch.end();
  });
});
