import { afterEach, beforeEach, expect, test } from 'vitest';
import { type HostStage, startHostStage } from '../stage.fixture.ts';

let stage: HostStage;
let site: string;
let slot: string;

beforeEach(async () => {
  stage = await startHostStage();
  const make = (type: string, name: string, properties: Record<string, unknown>) =>
    stage.control.createHost({
      type,
      name,
      resourceGroup: 'rg1',
      properties,
      identity: { type: 'SystemAssigned' },
    }).id;
  site = make('Microsoft.Web/sites', 'app', { siteConfig: { release: 'old' } });
  slot = make('Microsoft.Web/sites/slots', 'app/staging', { siteConfig: { release: 'new' } });
});
afterEach(() => stage[Symbol.asyncDispose]());

const held = (id: string) => {
  const { system, properties, restarts } = stage.control.host({ id });
  return {
    principalId: system?.principalId,
    release: (properties.siteConfig as { release: string }).release,
    restarts,
  };
};
const swap = (id: string, targetSlot: string) =>
  stage.call('POST', `${id}/slotsswap`, { body: { targetSlot, preserveVnet: true } });

test('a swap is 202 with Location; content changes places, identities stay', async () => {
  stage.control.setKnobs({ latencyMs: { 'slots.swap.operation': 30_000 } });
  const [before, beforeSlot] = [held(site), held(slot)];
  const answer = await swap(slot, 'production');
  expect(answer.status).toBe(202);
  expect((await swap(slot, 'production')).status).toBe(409);
  expect((await stage.call('GET', answer.headers.location ?? '')).status).toBe(202);
  stage.clock.advance(30_000);
  expect((await stage.call('GET', answer.headers.location ?? '')).status).toBe(200);
  expect(held(site)).toEqual({ principalId: before.principalId, release: 'new', restarts: 1 });
  expect(held(slot)).toEqual({ principalId: beforeSlot.principalId, release: 'old', restarts: 1 });
  await swap(site, 'staging');
  stage.clock.advance(30_000);
  expect(held(site).release).toBe('old');
});

test('a failed swap swaps nothing, and by knob switches the slot’s system-assigned identity off', async () => {
  stage.control.failNextOperation({ id: slot });
  await swap(slot, 'production');
  expect(held(slot)).toMatchObject({ release: 'new', principalId: expect.any(String) });
  stage.control.setKnobs({ hosts: { failedSwapSwitchesOff: true } });
  stage.control.failNextOperation({ id: slot });
  await swap(slot, 'production');
  expect(held(slot)).toMatchObject({ release: 'new', principalId: undefined });
  expect(held(site).principalId).toBeDefined();
});

test('the control endpoint swaps at once, or fails to', () => {
  stage.control.swapSlots({ id: slot });
  expect(held(site).release).toBe('new');
  stage.control.setKnobs({ hosts: { failedSwapSwitchesOff: true } });
  stage.control.swapSlots({ id: slot, fail: true });
  expect(held(slot)).toMatchObject({ release: 'old', principalId: undefined });
});

test('a slot that is not there is named', async () => {
  expect((await swap(slot, 'ghost')).body.error.message).toBe('Cannot find Slot with name ghost.');
});
