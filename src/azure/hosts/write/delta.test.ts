import { describe, expect, test } from 'vitest';
import { capabilityOf } from '../capabilities.ts';
import type { HostIdentityValue, IdentityWish } from '../host.ts';
import { attached, identityValue, uai, wish } from '../hosts.fixture.ts';
import { identityDelta } from './delta.ts';

const of = (type: string) => {
  const capability = capabilityOf(type);
  if (!capability) throw new Error(`${type} is not in the table`);
  return capability;
};

const VM = of('Microsoft.Compute/virtualMachines');
const AKS = of('Microsoft.ContainerService/managedClusters');
const LOGIC = of('Microsoft.Logic/workflows');
const [a, b, c] = [uai('a-id'), uai('b-id'), uai('c-id')];
const BOTH = 'SystemAssigned, UserAssigned';

const delta = (current: HostIdentityValue, part: Partial<IdentityWish>, capability = VM, variant?: string) =>
  identityDelta(capability, variant, current, wish(part));

const body = (current: HostIdentityValue, part: Partial<IdentityWish>, capability = VM) => {
  const result = delta(current, part, capability);
  return result.kind === 'write' ? result.identity : result;
};

describe('the type is computed as a set', () => {
  test.each([
    [
      'nothing, one added',
      identityValue(false),
      { add: [a] },
      { type: 'UserAssigned', userAssignedIdentities: { [a]: {} } },
    ],
    [
      'system, one added',
      identityValue(true),
      { add: [a] },
      { type: BOTH, userAssignedIdentities: { [a]: {} } },
    ],
    [
      'system and a foreign one, one added',
      identityValue(true, [attached(b)]),
      { add: [a] },
      { type: BOTH, userAssignedIdentities: { [a]: {} } },
    ],
    [
      'one of two removed',
      identityValue(false, [attached(a), attached(b)]),
      { remove: [a] },
      { type: 'UserAssigned', userAssignedIdentities: { [a]: null } },
    ],
    [
      'the last removed beside system',
      identityValue(true, [attached(a)]),
      { remove: [a] },
      { type: 'SystemAssigned', userAssignedIdentities: null },
    ],
    ['the last removed', identityValue(false, [attached(a)]), { remove: [a] }, { type: 'None' }],
    [
      'one for another',
      identityValue(true, [attached(a)]),
      { add: [b], remove: [a] },
      { type: BOTH, userAssignedIdentities: { [b]: {}, [a]: null } },
    ],
    ['system on', identityValue(false), { system: 'on' }, { type: 'SystemAssigned' }],
    ['system on beside a foreign one', identityValue(false, [attached(b)]), { system: 'on' }, { type: BOTH }],
    [
      'system off beside a foreign one',
      identityValue(true, [attached(b)]),
      { system: 'off' },
      { type: 'UserAssigned' },
    ],
    ['system off, nothing left', identityValue(true), { system: 'off' }, { type: 'None' }],
  ] as const)('%s', (_, current, part, expected) => {
    expect(body(current, part)).toEqual(expected);
  });

  test.each([
    ['Microsoft.App/containerApps', 'SystemAssigned,UserAssigned'],
    ['Microsoft.Storage/storageAccounts', 'SystemAssigned,UserAssigned'],
    ['Microsoft.DataFactory/factories', 'SystemAssigned,UserAssigned'],
    ['Microsoft.Automation/automationAccounts', BOTH],
  ])('%s spells both as %s', (type, combined) => {
    expect(body(identityValue(true), { add: [a] }, of(type))).toMatchObject({ type: combined });
  });
});

describe('no difference means no call', () => {
  test.each([
    ['nothing wished', {}],
    ['what is attached is wished', { add: [a, b.toUpperCase()] }],
    ['what is not attached is to go: never None (mistake 1)', { remove: [c] }],
    ['system is on and wished', { system: 'on' }],
    ['attached, wished and to go: the add wins', { add: [a], remove: [a] }],
  ] as const)('%s', (_, part) => {
    expect(delta(identityValue(true, [attached(a), attached(b)]), part)).toEqual({ kind: 'none' });
  });

  test('removing an absent identity from a host with none, and turning off what is off', () => {
    expect(delta(identityValue(false), { remove: [a], system: 'off' })).toEqual({ kind: 'none' });
  });
});

describe('a dead entry (a recycled identity)', () => {
  const current = identityValue(true, [attached(a, null), attached(b)]);

  test('is not added over', () => {
    expect(delta(current, { add: [a] })).toEqual({ kind: 'none' });
    expect(delta(current, { add: [a, c] })).toMatchObject({ adds: [c.toLowerCase()] });
  });

  test('is removed first, also where it is wished again', () => {
    const removal = { type: BOTH, userAssignedIdentities: { [a]: null } };
    expect(body(current, { remove: [a] })).toEqual(removal);
    expect(body(current, { add: [a], remove: [a] })).toEqual(removal);
  });

  test('that azid did not attach is neither named nor lost', () => {
    expect(body(current, { add: [c] })).toEqual({ type: BOTH, userAssignedIdentities: { [c]: {} } });
    expect(body(current, { remove: [b] })).toEqual({ type: BOTH, userAssignedIdentities: { [b]: null } });
  });
});

describe('spelling', () => {
  const shown = a.replace('resourceGroups', 'resourcegroups');

  test('removals go out as they were read (mistake 5)', () => {
    expect(body(identityValue(true, [attached(shown), attached(b)]), { remove: [a.toUpperCase()] })).toEqual({
      type: BOTH,
      userAssignedIdentities: { [shown]: null },
    });
  });

  test('one shown in two spellings goes in both', () => {
    const current = identityValue(false, [attached(a), attached(shown), attached(b)]);
    expect(body(current, { remove: [a] })).toMatchObject({
      userAssignedIdentities: { [a]: null, [shown]: null },
    });
  });

  test('the same id twice by letter case is added once', () => {
    expect(body(identityValue(false), { add: [a, shown, a.toUpperCase()] })).toEqual({
      type: 'UserAssigned',
      userAssignedIdentities: { [a]: {} },
    });
  });
});

describe('refused, with a reason', () => {
  test('a word of type that azid does not know, unless nothing differs (mistake 2)', () => {
    const odd = { ...identityValue(true, [attached(a)]), unknownType: 'DelegatedAssigned' };
    expect(delta(odd, { add: [b] })).toMatchObject({
      kind: 'refused',
      reason: 'UnknownIdentityType',
      keys: [],
      message: expect.stringContaining('"DelegatedAssigned"'),
    });
    expect(delta(odd, { add: [a] })).toEqual({ kind: 'none' });
  });

  test('an identity that cannot be read proves no absence', () => {
    const blind = { ...identityValue(false), unknownType: 'unreadable' };
    expect(delta(blind, { remove: [a] })).toMatchObject({ kind: 'refused', reason: 'UnknownIdentityType' });
    expect(delta(blind, {})).toEqual({ kind: 'none' });
  });

  test('a system-assigned identity on a flexible scale set; attaching goes', () => {
    const sets = of('Microsoft.Compute/virtualMachineScaleSets');
    expect(delta(identityValue(false), { system: 'on' }, sets, 'flexible')).toMatchObject({
      reason: 'SystemAssignedNotSupported',
    });
    expect(delta(identityValue(false), { add: [a] }, sets, 'flexible')).toMatchObject({ kind: 'write' });
    expect(delta(identityValue(false), { system: 'on' }, sets, 'uniform')).toMatchObject({ kind: 'write' });
  });

  test('anything on Windows containers', () => {
    const groups = of('Microsoft.ContainerInstance/containerGroups');
    expect(delta(identityValue(false), { add: [a] }, groups, 'windows')).toMatchObject({
      reason: 'IdentityNotSupportedOnWindows',
      keys: [a.toLowerCase()],
    });
  });

  test('both kinds on a Logic App, from either side; one for the other goes', () => {
    expect(delta(identityValue(true), { add: [a] }, LOGIC)).toMatchObject({
      reason: 'CombinedNotSupported',
      keys: [a.toLowerCase()],
    });
    expect(delta(identityValue(false, [attached(b)]), { system: 'on' }, LOGIC)).toMatchObject({
      reason: 'CombinedNotSupported',
      keys: [],
      message: expect.stringContaining(b),
    });
    expect(body(identityValue(true), { add: [a], system: 'off' }, LOGIC)).toEqual({
      type: 'UserAssigned',
      userAssignedIdentities: { [a]: {} },
    });
    expect(body(identityValue(false, [attached(a)]), { remove: [a], system: 'on' }, LOGIC)).toEqual({
      type: 'SystemAssigned',
      userAssignedIdentities: null,
    });
  });

  test('a second identity on AKS, naming the one that is there; one for another goes', () => {
    expect(delta(identityValue(false, [attached(b)]), { add: [a] }, AKS)).toMatchObject({
      reason: 'TooManyIdentities',
      keys: [a.toLowerCase()],
      message: expect.stringContaining(b),
    });
    expect(delta(identityValue(false), { add: [a, b] }, AKS)).toMatchObject({ reason: 'TooManyIdentities' });
    expect(delta(identityValue(false, [attached(b)]), { add: [a], remove: [b] }, AKS)).toMatchObject({
      kind: 'write',
    });
  });
});

describe('the limit per request', () => {
  const many = (count: number, from = 0) => Array.from({ length: count }, (_, n) => uai(`id-${from + n}`));

  test('400 wanted are three requests, adds before removals', () => {
    const old = many(10, 1000);
    let current = identityValue(
      true,
      old.map((id) => attached(id)),
    );
    const sizes: number[][] = [];
    for (;;) {
      const step = delta(current, { add: many(400), remove: old });
      if (step.kind !== 'write') break;
      sizes.push([step.adds.length, step.removes.length]);
      expect(step.identity.type).toBe(BOTH);
      const kept = current.userAssigned.filter(({ key }) => !step.removes.includes(key));
      current = identityValue(true, [...kept, ...step.adds.map((key) => attached(key))]);
    }
    expect(sizes).toEqual([
      [150, 0],
      [150, 0],
      [100, 10],
    ]);
  });

  test('a part of the removals never drops the rest by its type', () => {
    const all = many(160);
    const step = delta(
      identityValue(
        true,
        all.map((id) => attached(id)),
      ),
      { remove: all },
    );
    expect(step).toMatchObject({ identity: { type: BOTH } });
    expect(step.kind === 'write' && step.removes.length).toBe(150);
  });

  test('a type that is put as a whole is not split', () => {
    const step = delta(identityValue(false), { add: many(200) }, LOGIC);
    expect(step.kind === 'write' && step.adds.length).toBe(200);
  });
});
