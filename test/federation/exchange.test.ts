import { expect, it } from 'vitest';
import { MAX_CREDENTIALS } from '../../src/azure/federated-credentials.ts';
import { FederationStage, WEB } from '../support/kinds/federation.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/** Objects whose subjects, or identities, are exchanged in one commit have what they declare without anybody's help. */

let cluster: Cluster;
let world: World;
let stage: FederationStage;
useWorld(async (own) => {
  ({ cluster, world } = own);
  stage = new FederationStage(cluster, world);
  await stage.prepare();
  await stage.identity('other');
});

const OTHER = WEB.replace(/web$/, 'other');
const moved = { identityRef: { name: 'other' } };

/** Who has which subject, by the part of the name that says for whom it was made. */
async function subjects(identityId = WEB): Promise<readonly string[]> {
  const found = await stage.inAzure(identityId);
  return found.map(({ name, properties }) => `${name.split('-')[2]} ${properties.subject}`).toSorted();
}

async function declared(credentials: Readonly<Record<string, object>>): Promise<void> {
  await Promise.all(Object.entries(credentials).map(([name, spec]) => stage.declare(name, spec)));
}

/** Each write enqueues who waited for it: nobody waits for the ordinary recheck, five minutes later. */
async function exchanged(
  edit: () => Promise<void>,
  wanted: ReadonlyMap<string, readonly string[]>,
): Promise<void> {
  const begun = world.clock.monotonic();
  await edit();
  await world.until('the exchange', async () => {
    for (const [identityId, expected] of wanted)
      if ((await subjects(identityId)).join() !== expected.join()) return false;
    return true;
  });
  expect(world.clock.monotonic() - begun).toBeLessThan(60_000);
}

it('two that exchange their subjects, by one DELETE and two PUTs', async () => {
  await declared({ ci: { subject: 'job:a' }, deploy: { subject: 'job:b' } });
  await world.start();
  await stage.settled('ci');
  await stage.settled('deploy');
  await exchanged(
    () => declared({ ci: { subject: 'job:b' }, deploy: { subject: 'job:a' } }),
    new Map([[WEB, ['ci job:b', 'deploy job:a']]]),
  );
  await stage.settled('ci');
  await stage.settled('deploy');
  const writes = stage
    .writes()
    .slice(2)
    .map(({ method }) => method);
  expect(writes).toEqual(['DELETE', 'PUT', 'PUT']);
});

it('three in a ring', async () => {
  await declared({ a: { subject: 'job:a' }, b: { subject: 'job:b' }, c: { subject: 'job:c' } });
  await world.start();
  for (const name of ['a', 'b', 'c']) await stage.settled(name);
  await exchanged(
    () => declared({ a: { subject: 'job:b' }, b: { subject: 'job:c' }, c: { subject: 'job:a' } }),
    new Map([[WEB, ['a job:b', 'b job:c', 'c job:a']]]),
  );
  for (const name of ['a', 'b', 'c']) await stage.settled(name);
});

it('two with one pair that exchange their identities', async () => {
  await declared({ first: { subject: 'job:same' }, second: { subject: 'job:same', ...moved } });
  await world.start();
  await stage.settled('first');
  await stage.settled('second');
  await exchanged(
    () => declared({ first: { subject: 'job:same', ...moved }, second: { subject: 'job:same' } }),
    new Map([
      [OTHER, ['first job:same']],
      [WEB, ['second job:same']],
    ]),
  );
  await stage.settled('first');
  await stage.settled('second');
});

it('two whose edits come apart, and one of which is suspended meanwhile: nothing goes before both may go on', async () => {
  await declared({ ci: { subject: 'job:a' }, deploy: { subject: 'job:b' } });
  await world.start();
  await stage.settled('ci');
  await stage.settled('deploy');
  await declared({ ci: { subject: 'job:b' }, deploy: { subject: 'job:a', suspend: true } });
  await stage.settled('ci', 'OwnedByAnother');
  await world.pass(31 * 60_000);
  expect(await subjects()).toEqual(['ci job:a', 'deploy job:b']);
  await exchanged(
    () => declared({ deploy: { subject: 'job:a', suspend: false } }),
    new Map([[WEB, ['ci job:b', 'deploy job:a']]]),
  );
});

it('an azid that dies after the DELETE: the next one goes on', async () => {
  await declared({ ci: { subject: 'job:a' }, deploy: { subject: 'job:b' } });
  const operator = await world.start();
  await stage.settled('ci');
  await stage.settled('deploy');
  await declared({ ci: { subject: 'job:b' }, deploy: { subject: 'job:a' } });
  await world.until('the DELETE', () => stage.writes().some(({ method }) => method === 'DELETE'));
  await world.kill(operator);
  await world.start();
  await world.until('the exchange', async () => (await subjects()).join() === 'ci job:b,deploy job:a');
  await stage.settled('ci');
  await stage.settled('deploy');
});

it('two that exchange their identities where both are full', async () => {
  await declared({ first: {}, second: moved });
  await world.start();
  await stage.settled('first');
  await stage.settled('second');
  for (const identityId of [WEB, OTHER])
    for (let i = 1; i < MAX_CREDENTIALS; i++)
      await stage.byHand('PUT', `their-${i}`, { subject: `x:${i}` }, identityId);
  const begun = world.clock.monotonic();
  await declared({ first: moved, second: {} });
  const has = async (identityId: string, subject: string) =>
    (await stage.inAzure(identityId)).some(({ properties }) => properties.subject === subject);
  await world.until(
    'the exchange',
    async () => (await has(OTHER, 'job:first')) && (await has(WEB, 'job:second')),
  );
  await stage.settled('first');
  await stage.settled('second');
  expect(world.clock.monotonic() - begun).toBeLessThan(60_000);
  expect([(await stage.inAzure()).length, (await stage.inAzure(OTHER)).length]).toEqual([20, 20]);
});
