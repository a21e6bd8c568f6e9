import { describe, expect, it } from 'vitest';
import { identityPolicy } from '../../src/api/identity-policy.ts';
import { FINALIZER, RELEASE_ANNOTATION } from '../../src/api/schema/common.ts';
import { type UserAssignedIdentity, userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import { RG1, useStage } from '../support/stage.ts';
import { conditionOf } from '../support/status/conformance.ts';
import { SUBSCRIPTION } from '../support/testbed.ts';

/** `kubectl delete` never hangs for ever (docs/guarantees.md G18), and ends early only on proof of absence (G6). */
const HOUR = 3_600_000;
const stage = useStage({ operator: { releaseAfterMs: HOUR } });

async function ready(): Promise<void> {
  await stage.world.start();
  await stage.declare('web', { output: { configMap: { name: 'web-id' } } });
  await stage.ready('web');
}

const blocked = (reason: string) =>
  stage.reach('web', 'deleting', `held by ${reason}`, (object: UserAssignedIdentity) => {
    return conditionOf(object, 'Ready')?.reason === reason;
  });

/** Each takes away what azid needs to delete the identity; the reason it then shows, and the way back. */
const obstacles: { what: string; reason: string; put(): void; remove(): void; stays: boolean }[] = [
  {
    what: 'a lock',
    reason: 'ScopeLocked',
    put: () => stage.world.azure.control.lock({ scope: RG1, level: 'CanNotDelete' }),
    remove: () => void stage.world.azure.control.unlock({ scope: RG1 }),
    stays: true,
  },
  {
    what: 'rights that are gone',
    reason: 'AuthorizationFailed',
    put: () => void stage.world.moveRights(),
    remove: () => stage.world.giveRights(),
    stays: true,
  },
  {
    what: 'a subscription that is gone',
    reason: 'SubscriptionNotFound',
    put: () => {
      const message = `The subscription '${SUBSCRIPTION}' could not be found.`;
      const effect = { kind: 'status', status: 404, code: 'SubscriptionNotFound', message } as const;
      stage.world.azure.control.addFault({ path: SUBSCRIPTION, effect });
    },
    remove: () => void stage.world.azure.control.clearFaults({}),
    stays: true,
  },
  {
    what: 'an Azure that answers nothing but errors',
    reason: 'AzureUnavailable',
    put: () => {
      stage.world.azure.control.addFault({ path: SUBSCRIPTION, effect: { kind: 'status', status: 500 } });
    },
    remove: () => void stage.world.azure.control.clearFaults({}),
    stays: true,
  },
];

describe.each(obstacles)('a deletion held up by $what', ({ reason, put, remove }) => {
  it('says why and how to leave, and goes on when the way is free', async () => {
    await ready();
    put();
    await stage.delete('web');
    const message = conditionOf(await blocked(reason), 'Ready')?.message ?? '';
    expect(message).toContain(`annotation ${RELEASE_ANNOTATION}`);
    expect(message).toContain('let go in');
    remove();
    await stage.gone('web');
    expect(stage.inAzure('web')).toBeUndefined();
    expect(await stage.configMap('web-id')).toBeUndefined();
  });

  it('ends within its bound with few calls, an Event naming what stays', async () => {
    await ready();
    put();
    const before = stage.mark;
    await stage.delete('web');
    await stage.world.until(
      'the object to be let go',
      async () => (await stage.get('web')) === undefined,
      60_000,
    );
    expect(stage.inAzure('web')).toBeDefined();
    expect(await stage.event('web', 'LeftBehind')).toContain(stage.id('web'));
    const tries = stage.requests(before).filter(({ path }) => path.includes('/web?'));
    expect(tries.length).toBeLessThan(40);
  });

  it('is let go at once by the release annotation', async () => {
    await ready();
    put();
    await stage.delete('web');
    await blocked(reason);
    await stage.annotate('web', { [RELEASE_ANNOTATION]: 'true' });
    const asked = stage.world.clock.now();
    await stage.gone('web');
    expect(stage.world.clock.now() - asked).toBeLessThan(HOUR / 4);
    expect(await stage.event('web', 'LeftBehind')).toContain(`released by annotation ${RELEASE_ANNOTATION}`);
    expect(stage.inAzure('web')).toBeDefined();
  });
});

describe('a deletion', () => {
  it('of what is gone in Azure already ends', async () => {
    await ready();
    stage.world.azure.control.deleteIdentity({ id: stage.id('web') });
    await stage.delete('web');
    await stage.gone('web');
  });

  it('of what went with its group ends', async () => {
    await ready();
    stage.world.azure.control.deleteResourceGroup({ name: 'rg1' });
    await stage.delete('web');
    await stage.gone('web');
  });

  it('of what was never made asks Azure for nothing', async () => {
    await stage.cluster.delete(identityPolicy.resource, stage.namespace);
    await stage.world.start();
    await stage.declare('web');
    await stage.stalled('web', 'PolicyDenied');
    await stage.delete('web');
    await stage.gone('web');
    expect(stage.requests()).toEqual([]);
  });

  it('of what another finalizer keeps (`kubectl delete --cascade=foreground`) ends for azid, and the status names who keeps it', async () => {
    await ready();
    await stage.cluster.patch(userAssignedIdentity.resource, `${stage.namespace}/web`, {
      metadata: { finalizers: [FINALIZER, 'example.com/hold'] },
    });
    await stage.delete('web');
    await stage.reach(
      'web',
      'deleting',
      'kept by others alone',
      ({ metadata }) => metadata.finalizers?.length === 1,
    );
    const before = stage.mark;
    await stage.settled(HOUR);
    const object = await stage.get('web');
    expect(object && conditionOf(object, 'Ready')).toMatchObject({
      reason: 'Deleting',
      message: expect.stringContaining('example.com/hold'),
    });
    expect(stage.inAzure('web')).toBeUndefined();
    expect(stage.requests(before).filter(({ method }) => method !== 'GET')).toEqual([]);
    await stage.cluster.patch(userAssignedIdentity.resource, `${stage.namespace}/web`, {
      metadata: { finalizers: [] },
    });
    await stage.gone('web');
  });

  it('asked for while azid was down is carried out at its start', async () => {
    await ready();
    const [operator] = stage.world.operators;
    if (operator) await stage.world.stop(operator);
    await stage.delete('web');
    await stage.world.start();
    await stage.gone('web');
    expect(stage.inAzure('web')).toBeUndefined();
  });

  it('leaves alone what no longer carries the mark, and says so', async () => {
    await ready();
    stage.world.azure.control.tagIdentity({ id: stage.id('web'), tags: { owner: 'someone' } });
    await stage.delete('web');
    await stage.gone('web');
    expect(stage.inAzure('web')?.tags).toEqual({ owner: 'someone' });
    expect(await stage.event('web', 'LeftBehind')).toContain("no longer carries this object's mark");
  });

  it('of one recycled by somebody else leaves the new one alone', async () => {
    await ready();
    const { control } = stage.world.azure;
    control.deleteIdentity({ id: stage.id('web') });
    const { principalId } = control.createIdentity({ name: 'web', resourceGroup: 'rg1' });
    await stage.delete('web');
    await stage.gone('web');
    expect(stage.inAzure('web')?.principalId).toBe(principalId);
  });

  it('with Retain under a lock that allows no write waits, then leaves the marks and says so', async () => {
    await stage.world.start();
    await stage.declare('web', { deletionPolicy: 'Retain' });
    await stage.ready('web');
    stage.world.azure.control.lock({ scope: RG1, level: 'ReadOnly' });
    await stage.delete('web');
    await blocked('ScopeLocked');
    await stage.world.until(
      'the object to be let go',
      async () => (await stage.get('web')) === undefined,
      60_000,
    );
    expect(await stage.event('web', 'LeftBehind')).toContain(stage.id('web'));
  });
});
