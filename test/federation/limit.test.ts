import { afterAll, beforeAll, expect, it } from 'vitest';
import { federatedIdentityCredential } from '../../src/api/federated-identity-credential.ts';
import { FederationStage } from '../support/kinds/federation.ts';
import { Cluster, World } from '../support/testbed.ts';

let cluster: Cluster;
let world: World;
beforeAll(async () => {
  cluster = await Cluster.start();
});
afterAll(async () => {
  await world?.dispose();
  await cluster?.stop();
});

/** How long one write takes in Azure: two that overlap would be refused with 409 by the simulator. */
const WRITE_MS = 500;

it('25 credentials at once on one identity: never two writes in flight, five refused by name before they are tried', async () => {
  world = await World.create(cluster, { operator: { workers: 16 } });
  world.azure.control.setKnobs({
    latencyMs: {
      'federatedCredentials.createOrUpdate': WRITE_MS,
      'federatedCredentials.delete': WRITE_MS,
    },
  });
  const stage = new FederationStage(cluster, world);
  await stage.prepare();
  const names = Array.from({ length: 25 }, (_, index) => `job-${String(index).padStart(2, '0')}`);
  await Promise.all(names.map((name) => stage.declare(name)));
  await world.start();

  const reasons = async (): Promise<readonly string[]> => {
    const found = new Map(
      (await cluster.list(federatedIdentityCredential.resource)).map(({ metadata, status }) => [
        metadata.name,
        status?.conditions?.find(({ type }) => type === 'Ready')?.reason ?? '',
      ]),
    );
    return names.map((name) => found.get(name) ?? '');
  };
  await world.until(
    'every object to be settled',
    async () => (await reasons()).every((reason) => reason === 'Ready' || reason === 'CredentialLimit'),
    90_000,
  );
  const byReason = new Map<string, string[]>();
  for (const [index, reason] of (await reasons()).entries())
    byReason.set(reason, [...(byReason.get(reason) ?? []), names[index] ?? '']);
  expect(byReason.get('Ready')).toHaveLength(20);
  const limited = byReason.get('CredentialLimit') ?? [];
  expect(limited).toHaveLength(5);

  // By name: the message says who has the places.
  const message = (await stage.condition(limited[0] ?? ''))?.message ?? '';
  for (const name of byReason.get('Ready') ?? []) expect(message).toContain(`team-a/${name}`);

  // One after the other, and none that Azure had to refuse.
  const writes = stage.writes();
  expect(writes.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 201));
  const starts = writes.map(({ time }) => Date.parse(time));
  for (const [index, start] of starts.entries())
    if (index > 0) expect(start - (starts[index - 1] ?? 0)).toBeGreaterThanOrEqual(WRITE_MS);

  // A place that becomes free goes to the oldest of those that wait, and to nobody else.
  await stage.remove(byReason.get('Ready')?.[3] ?? '');
  await world.until(
    'one of the five to follow',
    async () => (await reasons()).filter((reason) => reason === 'CredentialLimit').length === 4,
    60_000,
  );
  expect(await stage.inAzure()).toHaveLength(20);
  expect(stage.writes().filter(({ status }) => status >= 400)).toEqual([]);
});
