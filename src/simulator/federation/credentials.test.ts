import { beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { createAuthorization } from '../authorization/index.ts';
import type { Frame } from '../frame.ts';
import { Identities, type Identity } from '../identities/identities.ts';
import { Knobs } from '../knobs/knobs.ts';
import { createRandom } from '../random.ts';
import { Directory } from '../world/directory.ts';
import { World } from '../world/world.ts';
import { Credentials } from './credentials.ts';

const SUBSCRIPTION = '11111111-1111-4111-8111-111111111111';
const fields = { issuer: 'https://issuer', subject: 'one', audience: 'aud' };
let clock: FakeClock;
let frame: Frame;
let credentials: Credentials;
let identity: Identity;

beforeEach(() => {
  clock = new FakeClock();
  const random = createRandom(1);
  const knobs = new Knobs('fast', random);
  knobs.set({ propagation: { federationEffectMs: 60_000 } });
  const world = new World('22222222-2222-4222-8222-222222222222');
  world.addSubscription({ id: SUBSCRIPTION });
  world.addResourceGroup(SUBSCRIPTION, 'rg1');
  const directory = new Directory(clock, knobs, random);
  const foundation = { clock, random, knobs, world, directory };
  const identities = new Identities(foundation);
  frame = { ...foundation, identities, authorizer: createAuthorization(foundation).authorizer };
  credentials = new Credentials(frame);
  identity = make('id1');
});

const make = (name: string) =>
  frame.identities.create({ subscriptionId: SUBSCRIPTION, resourceGroup: 'rg1', name }, 'westeurope');
const match = (given: Partial<typeof fields> = {}, clientId = identity.clientId) => {
  const { issuer, subject, audience } = { ...fields, ...given };
  return credentials.match(clientId, issuer, subject, audience);
};

test('a credential is pending for its window, then matches', () => {
  credentials.put(identity, 'cred1', fields);
  clock.advance(59_999);
  expect(match()).toBe('pending');
  clock.advance(1);
  expect(match()).toBe('match');
});

test('a rewritten credential no longer matches the old subject and is pending for the new one', () => {
  credentials.put(identity, 'cred1', fields);
  clock.advance(60_000);
  credentials.put(identity, 'cred1', { ...fields, subject: 'two' });
  expect(match()).toBe('none');
  expect(match({ subject: 'two' })).toBe('pending');
});

test('settling ends the windows of what is written by then, not of what comes later', () => {
  credentials.put(identity, 'cred1', fields);
  credentials.settle();
  expect(match()).toBe('match');
  credentials.put(identity, 'cred2', { ...fields, subject: 'two' });
  expect(match({ subject: 'two' })).toBe('pending');
});

test('a near miss in issuer, subject or audience is none, case and slashes included', () => {
  credentials.put(identity, 'cred1', fields);
  credentials.settle();
  for (const given of [
    { issuer: 'https://issuer/' },
    { subject: 'One' },
    { audience: 'aud ' },
    { subject: 'on*' },
  ])
    expect(match(given)).toBe('none');
});

test('another identity, an unknown client and a recycled identity match nothing', () => {
  const other = make('id2');
  credentials.put(identity, 'cred1', fields);
  credentials.settle();
  expect(match({}, other.clientId)).toBe('none');
  expect(match({}, 'nobody')).toBe('none');
  const recycled = frame.identities.recycle(identity.id);
  expect(match({}, recycled.clientId)).toBe('none');
  expect(credentials.of(identity.id)).toEqual([]);
});

test('the writer’s place is one per identity and is given back', () => {
  const first = credentials.startWrite(identity.id);
  expect(first).toBeDefined();
  expect(credentials.startWrite(identity.id.toUpperCase())).toBeUndefined();
  expect(credentials.startWrite(make('id2').id)).toBeDefined();
  first?.[Symbol.dispose]();
  expect(credentials.startWrite(identity.id)).toBeDefined();
});
