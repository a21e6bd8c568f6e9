import { describe, expect, it } from 'vitest';
import { useStage } from '../support/stage.ts';
import { conditionOf } from '../support/status/conformance.ts';
import { kstatus } from '../support/status/kstatus.ts';

const stage = useStage();
const REQUEST = 'azid.dev/reconcile-requested-at';

describe('spec.suspend', () => {
  it('holds back what differs, which kstatus sees, and lets it go on afterwards', async () => {
    await stage.world.start();
    await stage.declare('web', { tags: { app: 'shop' } });
    await stage.ready('web');
    const before = stage.mark;
    await stage.declare('web', { tags: { app: 'store' }, suspend: true });
    const held = await stage.suspended('web', 'ChangesPending');
    expect(conditionOf(held, 'Ready')?.status).toBe('True');
    expect(kstatus(JSON.parse(JSON.stringify(held)))).toBe('InProgress');
    await stage.world.pass(25 * 60_000);
    expect(stage.writes(before)).toEqual([]);
    await stage.declare('web', { tags: { app: 'store' } });
    const { status } = await stage.ready('web');
    expect(stage.inAzure('web')?.tags.app).toBe('store');
    expect(status?.conditions?.map(({ type }) => type)).toEqual(['Ready']);
  });

  it('from the first day makes nothing', async () => {
    await stage.world.start();
    await stage.declare('web', { suspend: true });
    const object = await stage.suspended('web', 'ChangesPending');
    expect(kstatus(JSON.parse(JSON.stringify(object)))).toBe('InProgress');
    await stage.world.pass(60_000);
    expect(stage.writes()).toEqual([]);
  });

  it('with nothing pending stays Current', async () => {
    await stage.world.start();
    await stage.declare('web');
    await stage.ready('web');
    await stage.declare('web', { suspend: true });
    const object = await stage.suspended('web', 'InSync');
    expect(object.status?.observedGeneration).toBe(object.metadata.generation);
    expect(kstatus(JSON.parse(JSON.stringify(object)))).toBe('Current');
  });

  it('does not stand in the way of a deletion', async () => {
    await stage.world.start();
    await stage.declare('web');
    await stage.ready('web');
    await stage.declare('web', { suspend: true });
    await stage.suspended('web', 'InSync');
    await stage.delete('web');
    await stage.gone('web');
    expect(stage.inAzure('web')).toBeUndefined();
  });
});

describe('a reconcile request', () => {
  it('reads Azure at once, mends what it finds, and is echoed', async () => {
    await stage.world.start();
    await stage.declare('web', { tags: { app: 'shop' } });
    await stage.ready('web');
    const { tags = {} } = stage.inAzure('web') ?? {};
    stage.world.azure.control.tagIdentity({ id: stage.id('web'), tags: { ...tags, app: 'x' } });
    const before = stage.mark;
    await stage.annotate('web', { [REQUEST]: 'now' });
    await stage.ready('web', ({ status }) => status?.lastHandledReconcileAt === 'now');
    expect(stage.inAzure('web')?.tags.app).toBe('shop');
    expect(
      stage.requests(before).filter(({ operation }) => operation === 'identities.listBySubscription'),
    ).toEqual([]);
  });

  it('is handled once: the same value again asks nothing', async () => {
    await stage.world.start();
    await stage.declare('web');
    await stage.ready('web');
    await stage.annotate('web', { [REQUEST]: 'now' });
    await stage.ready('web', ({ status }) => status?.lastHandledReconcileAt === 'now');
    const before = stage.mark;
    await stage.annotate('web', { [REQUEST]: 'now', other: 'x' });
    await stage.settled(60_000);
    expect(stage.requests(before).filter(({ path }) => path.includes('/web?'))).toEqual([]);
  });

  it('that is made while suspended is echoed too', async () => {
    await stage.world.start();
    await stage.declare('web', { suspend: true });
    await stage.suspended('web', 'ChangesPending');
    await stage.annotate('web', { [REQUEST]: 'now' });
    await stage.world.until(
      'the echo',
      async () => (await stage.get('web'))?.status?.lastHandledReconcileAt === 'now',
    );
    expect(stage.writes()).toEqual([]);
  });
});
