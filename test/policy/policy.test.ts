import { describe, expect, it } from 'vitest';
import { type IdentityPolicy, identityPolicy } from '../../src/api/identity-policy.ts';
import { RG1, RG2, useStage } from '../support/stage.ts';
import { conditionOf, expectConforming } from '../support/status/conformance.ts';
import { SUBSCRIPTION } from '../support/testbed.ts';

const stage = useStage();

async function policyIs(name: string, holds: (policy: IdentityPolicy) => boolean): Promise<IdentityPolicy> {
  let seen: IdentityPolicy | undefined;
  await stage.world.until(`policy ${name}`, async () => {
    seen = await stage.cluster.get(identityPolicy.resource, name);
    return seen !== undefined && holds(seen);
  });
  if (!seen) throw new Error(`policy ${name} is gone`);
  return seen;
}

const reasonIs = (reason: string) => (policy: IdentityPolicy) =>
  policy.status?.observedGeneration === policy.metadata.generation &&
  conditionOf(policy, 'Ready')?.reason === reason;
const dropPolicy = (name: string) => stage.cluster.delete(identityPolicy.resource, name);

describe('without a policy', () => {
  it('nothing is given, and Azure is not even asked', async () => {
    await dropPolicy(stage.namespace);
    await stage.world.start();
    await stage.declare('web', {
      subscriptionId: SUBSCRIPTION,
      resourceGroup: 'rg1',
      location: 'westeurope',
    });
    const message = await stage.stalled('web', 'PolicyDenied');
    expect(message).toContain(`no IdentityPolicy selects namespace ${stage.namespace}`);
    await stage.world.pass(10 * 60_000);
    expect(stage.requests()).toEqual([]);
  });

  it('an object without coordinates says the same', async () => {
    await dropPolicy(stage.namespace);
    await stage.world.start();
    await stage.declare('web');
    expect(await stage.stalled('web', 'PolicyDenied')).toContain('administrator');
  });

  it('what was given before stays, is changed no more, and can still be taken away', async () => {
    await stage.world.start();
    await stage.declare('web', { tags: { app: 'shop' } });
    await stage.ready('web');
    const before = stage.mark;
    await dropPolicy(stage.namespace);
    await stage.stalled('web', 'PolicyDenied');
    await stage.declare('web', { tags: { app: 'store' } });
    await stage.stalled('web', 'PolicyDenied');
    await stage.world.pass(25 * 60_000);
    expect(stage.writes(before)).toEqual([]);
    await stage.delete('web');
    await stage.gone('web');
    expect(stage.writes(before)).toEqual(['DELETE web']);
  });
});

describe('a word of a policy that names nothing', () => {
  it('is named, with what was probably meant, before anybody asks for it; the rest is in force', async () => {
    const rule = { scopes: [RG1] };
    await stage.policy(stage.namespace, { grants: [{ roles: ['Redaer', 'Contributor'], ...rule }] });
    await stage.world.start();
    const policy = await policyIs(stage.namespace, reasonIs('PartlyInvalid'));
    expect(conditionOf(policy, 'Ready')?.message).toBe(
      "spec.grants[0].roles[0]: 'Redaer' is the name of no built-in role: did you mean Reader?; what is listed allows nothing, the rest is in force for 1 namespace",
    );
    expectConforming(policy, 'stalled');
    expect(stage.writes()).toEqual([]);
    await stage.declare('web');
    await stage.ready('web');
    await stage.policy(stage.namespace, { grants: [{ roles: ['Reader', 'Contributor'], ...rule }] });
    await policyIs(stage.namespace, reasonIs('Accepted'));
  });
});

describe('a policy', () => {
  it('reaches a namespace by its labels, as soon as it has them', async () => {
    await stage.policy(stage.namespace, {
      namespaces: { selector: { matchLabels: { tier: stage.namespace } } },
    });
    await stage.world.start();
    await stage.declare('web');
    await stage.stalled('web', 'PolicyDenied');
    await stage.makeNamespace(stage.namespace, { tier: stage.namespace });
    await stage.ready('web');
    await policyIs(stage.namespace, (policy) => policy.status?.namespaces === 1);
    await stage.makeNamespace(stage.namespace, {});
    await stage.stalled('web', 'PolicyDenied');
  });

  it('allows its groups only, and several together allow the union', async () => {
    await stage.world.start();
    await stage.declare('web', { resourceGroup: 'rg2' });
    expect(await stage.stalled('web', 'PolicyDenied')).toContain(stage.id('web', RG2));
    expect(stage.writes()).toEqual([]);
    await stage.policy('second', { identities: { scopes: [RG2] } });
    await stage.ready('web');
    await stage.declare('api', { resourceGroup: 'rg1' });
    await stage.ready('api');
  });

  it('that is tightened stops changes, and widened again lets them through', async () => {
    await stage.world.start();
    await stage.declare('web', { tags: { app: 'shop' } });
    await stage.ready('web');
    await stage.policy(stage.namespace, { identities: { scopes: [RG2] } });
    await stage.stalled('web', 'PolicyDenied');
    const before = stage.mark;
    await stage.declare('web', { tags: { app: 'store' } });
    await stage.stalled('web', 'PolicyDenied');
    expect(stage.writes(before)).toEqual([]);
    await stage.policy(stage.namespace, { identities: { scopes: [RG1, RG2] } });
    await stage.ready('web');
    expect(stage.inAzure('web')?.tags.app).toBe('store');
  });

  it('gives tags by default, which the spec may override', async () => {
    const defaults = { subscriptionId: SUBSCRIPTION, resourceGroup: 'rg1', location: 'westeurope' };
    await stage.policy(stage.namespace, { defaults: { ...defaults, tags: { team: 'a', cost: '7' } } });
    await stage.world.start();
    await stage.declare('web', { tags: { Cost: '8' } });
    await stage.ready('web');
    expect(stage.inAzure('web')?.tags).toMatchObject({ team: 'a', Cost: '8' });
    expect(stage.inAzure('web')?.tags).not.toHaveProperty('cost');
    await stage.policy(stage.namespace, { defaults: { ...defaults, tags: { team: 'b' } } });
    await stage.world.until('the new default', () => stage.inAzure('web')?.tags.team === 'b');
  });

  it('that gives no default for a coordinate leaves the object to name it', async () => {
    await stage.policy(stage.namespace, { defaults: { location: 'westeurope' } });
    await stage.world.start();
    await stage.declare('web');
    const message = await stage.stalled('web', 'MissingCoordinates');
    expect(message).toMatch(/^spec\.subscriptionId, spec\.resourceGroup: expected a value, got none/);
    expect(stage.writes()).toEqual([]);
  });
});

describe('two policies that contradict each other', () => {
  it('say so, both of them and every object they reach, until one gives way', async () => {
    await stage.world.start();
    await policyIs(stage.namespace, reasonIs('Accepted'));
    await stage.policy('second', { defaults: { location: 'northeurope' } });
    for (const name of [stage.namespace, 'second']) {
      const policy = await policyIs(name, reasonIs('PolicyConflict'));
      expectConforming(policy, 'stalled');
      const message = conditionOf(policy, 'Ready')?.message ?? '';
      expect(message).toContain("'northeurope' in second");
      expect(message).toContain(`'westeurope' in ${stage.namespace}`);
    }
    await stage.declare('web');
    expect(await stage.stalled('web', 'PolicyConflict')).toContain('defaults.location');
    expect(stage.writes()).toEqual([]);
    await dropPolicy('second');
    expectConforming(await policyIs(stage.namespace, reasonIs('Accepted')), 'done');
    await stage.ready('web');
  });
});
