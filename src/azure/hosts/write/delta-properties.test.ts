/** For any host and any wish: nothing that is not ours changes, nothing that was read is sent, and it ends as wished. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HOST_CAPABILITIES, type HostCapability, inVariant } from '../capabilities.ts';
import type { AttachedIdentity, HostIdentityValue, IdentityBody, IdentityWish } from '../host.ts';
import { attached, hostIdOf, uai } from '../hosts.fixture.ts';
import { readIdentityValue } from '../read/read-host.ts';
import { identityDelta } from './delta.ts';
import { replaceBody } from './replace.ts';

const POOL = Array.from({ length: 8 }, (_, n) => uai(`id-${n}`));
const keyOf = (id: string) => id.toLowerCase();

/** An id as somebody may spell it. */
const spelt = fc
  .tuple(fc.constantFrom(...POOL), fc.constantFrom('as is', 'lower', 'groups'))
  .map(([id, how]) =>
    how === 'lower' ? id.toLowerCase() : how === 'groups' ? id.replace('Groups', 'groups') : id,
  );

const entry: fc.Arbitrary<AttachedIdentity> = fc
  .tuple(spelt, fc.boolean())
  .map(([id, dead]) => attached(id, dead ? null : `principal-of-${keyOf(id)}`));

const state: fc.Arbitrary<HostIdentityValue> = fc
  .record({ system: fc.boolean(), userAssigned: fc.uniqueArray(entry, { selector: ({ key }) => key }) })
  .map(({ system, userAssigned }) => ({ system, userAssigned, ...(system && { principalId: 'own' }) }));

const wished: fc.Arbitrary<IdentityWish> = fc.record({
  add: fc.array(spelt, { maxLength: 6 }),
  remove: fc.array(spelt, { maxLength: 6 }),
  system: fc.constantFrom('on', 'off', 'keep'),
});

const capability: fc.Arbitrary<HostCapability> = fc
  .tuple(
    fc.constantFrom(...HOST_CAPABILITIES),
    fc.constantFrom(undefined, 'flexible', 'windows'),
    fc.integer({ min: 1, max: 4 }),
  )
  .map(([each, variant, maxPerRequest]) => ({ ...inVariant(each, variant), maxPerRequest }));

/** docs/azure-facts.md section 7 in short: what a provider makes of an `identity` in a PATCH, or (named = all) in a PUT. */
function applied(
  before: HostIdentityValue,
  body: IdentityBody,
  how: HostCapability['write'],
): HostIdentityValue {
  const words = body.type.split(',').map((word) => word.trim());
  const system = words.includes('SystemAssigned');
  const user = new Map<string, AttachedIdentity>();
  if (words.includes('UserAssigned')) {
    if (how === 'patch') for (const each of before.userAssigned) user.set(each.key, each);
    for (const [id, value] of Object.entries(body.userAssignedIdentities ?? {})) {
      const known = before.userAssigned.find(({ key }) => key === keyOf(id));
      if (value === null) user.delete(keyOf(id));
      else user.set(keyOf(id), known ?? attached(id, `principal-of-${keyOf(id)}`));
    }
    if (user.size === 0) throw new Error('MissingIdentityIds');
  }
  const principalId = before.principalId ?? 'new';
  return { system, userAssigned: [...user.values()], ...(system && { principalId }) };
}

/** The body as it goes out, and that nothing in it was read: only `{}` and null. */
function sent(able: HostCapability, before: HostIdentityValue, identity: IdentityBody): IdentityBody {
  for (const value of Object.values(identity.userAssignedIdentities ?? {}))
    expect(value === null || Object.keys(value).length === 0).toBe(true);
  if (able.write === 'patch') return identity;
  const map = Object.fromEntries(before.userAssigned.map(({ id, principalId }) => [id, { principalId }]));
  const model = { id: hostIdOf(able.type), identity: { type: 'whatever', userAssignedIdentities: map } };
  const { identity: put } = replaceBody(able, model, identity) as { identity: IdentityBody };
  for (const value of Object.values(put.userAssignedIdentities ?? {})) expect(value).toEqual({});
  return put;
}

test('foreign identities stay, the system-assigned one is kept unless turned off, and it ends as wished', () => {
  fc.assert(
    fc.property(capability, state, wished, (able, start, wish) => {
      const [adds, removes] = [new Set(wish.add.map(keyOf)), new Set(wish.remove.map(keyOf))];
      const deadAtFirst = new Set(
        start.userAssigned.filter((each) => !each.principalId).map(({ key }) => key),
      );
      let now = start;
      let step = identityDelta(able, undefined, now, wish);
      if (step.kind === 'refused') return; // Writes nothing.
      for (let writes = 0; step.kind === 'write'; writes++) {
        expect(writes).toBeLessThan(30);
        const body = sent(able, now, step.identity);
        if (able.write === 'patch')
          expect(step.adds.length + step.removes.length).toBeLessThanOrEqual(able.maxPerRequest);
        now = applied(now, body, able.write);
        // Whatever it was asked, in each step: what nobody named is as it was, and the own principal survives.
        for (const each of start.userAssigned)
          if (!adds.has(each.key) && !removes.has(each.key)) expect(now.userAssigned).toContainEqual(each);
        if (start.system && wish.system !== 'off') expect(now.principalId).toBe('own');
        step = identityDelta(able, undefined, now, wish);
        // A dead one was taken away in this reconcile and comes back in the next: on AKS and Logic Apps it may not fit then.
        if (step.kind === 'refused') return;
      }
      expect(now.system).toBe(wish.system === 'keep' ? start.system : wish.system === 'on');
      const there = new Map(now.userAssigned.map((each) => [each.key, each]));
      for (const key of removes) if (!adds.has(key)) expect(there.has(key)).toBe(false);
      for (const key of adds) {
        expect(there.has(key)).toBe(true);
        // Dead stays dead unless its removal is wished too.
        if (!deadAtFirst.has(key) || removes.has(key)) expect(there.get(key)?.principalId).toBeDefined();
      }
      for (const key of there.keys())
        expect(adds.has(key) || start.userAssigned.some((each) => each.key === key)).toBe(true);
    }),
    { numRuns: 10_000 },
  );
});

test('a type of any spelling is read as the same set, and what no word names is refused', () => {
  const word = fc.constantFrom(
    'SystemAssigned',
    'UserAssigned',
    'systemassigned',
    'USERASSIGNED',
    'None',
    'Delegated',
  );
  fc.assert(
    fc.property(
      fc.array(word, { minLength: 1, maxLength: 3 }),
      fc.constantFrom(',', ', ', ' , '),
      (words, comma) => {
        const read = readIdentityValue({ type: words.join(comma), userAssignedIdentities: null });
        expect(read.system).toBe(words.some((each) => /^systemassigned$/i.test(each)));
        expect(read.unknownType).toBe(words.includes('Delegated') ? 'Delegated' : undefined);
      },
    ),
  );
});
