import { FINALIZER } from '../../../api/schema/common.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import type { Death } from './process.fixture.ts';
import { FOREIGN, idOf, NAMED, type Refusal, SYSTEM, type World } from './world.fixture.ts';

/** What can happen to a host and to the objects that want something of it. Plain data, so that a sequence can be printed and replayed. */
export type Step = Happening & {
  /** azid looks only after the next one. */
  readonly unseen?: true;
};

type Happening =
  | {
      readonly do: 'attach';
      readonly who: string;
      readonly what: string;
      readonly retain: boolean;
      readonly adopt: boolean;
    }
  | { readonly do: 'detach' | 'vanish'; readonly who: string }
  | { readonly do: 'system'; readonly retain: boolean }
  | { readonly do: 'systemEnds' }
  | { readonly do: 'othersAdd' | 'othersRemove'; readonly what: string }
  | { readonly do: 'othersSystem'; readonly on: boolean }
  | { readonly do: 'recycleIdentity' | 'deleteIdentity' | 'makeIdentity'; readonly what: string }
  | { readonly do: 'recycleHost' | 'deleteHost' | 'makeHost' }
  | { readonly do: 'refuse'; readonly how: Refusal }
  | { readonly do: 'failOperation'; readonly outcome: 'Failed' | 'Canceled' }
  | { readonly do: 'crash'; readonly death: Death; readonly lateMs: number }
  | { readonly do: 'meddle'; readonly step: Step }
  | { readonly do: 'loseStatus' }
  | { readonly do: 'policy'; readonly allowed: boolean }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'reconcile' };

type Random = () => number;

const OBJECTS = ['a0', 'a1', 'a2'] as const;
const REFUSALS: readonly Refusal[] = [
  'busy',
  'throttled',
  'unavailable',
  'forbidden',
  'unnamed',
  'lost-before',
  'lost-after',
];
const DELETED = '2026-11-23T10:00:00Z';
const PASSES = [1_000, 7_000, 11_000, 30_000, 120_000, 660_000, 3_600_000];

/** A step, common ones more often. */
export function drawStep(random: Random, etag: boolean): Step {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const chance = (share: number) => random() < share;
  const named = () => pick(NAMED);
  const attach = (): Step => ({
    do: 'attach',
    who: pick(OBJECTS),
    what: named(),
    retain: chance(0.15),
    adopt: chance(0.1),
  });
  const others = (): Step =>
    chance(0.75)
      ? { do: chance(0.55) ? 'othersAdd' : 'othersRemove', what: pick([...NAMED, ...FOREIGN]) }
      : { do: 'othersSystem', on: chance(0.5) };
  const draws: readonly (readonly [number, () => Step])[] = [
    [22, attach],
    [10, () => ({ do: chance(0.8) ? 'detach' : 'vanish', who: pick(OBJECTS) })],
    [6, () => ({ do: 'system', retain: chance(0.5) })],
    [4, () => ({ do: 'systemEnds' })],
    [14, others],
    [
      6,
      () => ({
        do: pick(['recycleIdentity', 'deleteIdentity', 'makeIdentity']),
        what: pick([...NAMED, ...FOREIGN]),
      }),
    ],
    [4, () => ({ do: pick(['recycleHost', 'recycleHost', 'deleteHost', 'makeHost']) })],
    [8, () => ({ do: 'refuse', how: pick(REFUSALS) })],
    [5, () => ({ do: 'failOperation', outcome: pick(['Failed', 'Canceled']) })],
    [
      9,
      () => ({
        do: 'crash',
        death: { at: 1 + Math.floor(random() * 6), how: pick(['before', 'after', 'late']) },
        lateMs: 1_000 + Math.floor(random() * 54_000),
      }),
    ],
    [etag ? 4 : 0, () => ({ do: 'meddle', step: others() })],
    [1, () => ({ do: 'loseStatus' })],
    [2, () => ({ do: 'policy', allowed: chance(0.6) })],
    [12, () => ({ do: 'pass', ms: pick(PASSES) })],
    [6, () => ({ do: 'reconcile' })],
  ];
  let at = random() * draws.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, draw] of draws) {
    at -= weight;
    if (at < 0) return draw();
  }
  return { do: 'reconcile' };
}

export async function take(world: World, step: Step): Promise<void> {
  const { control, kube, model, hostId } = world;
  // Each object lets its host be changed at any time: rollouts are the attachments' own matter.
  const open = (generation: number) => ({
    observedGeneration: generation,
    targets: [{ resourceId: hostId, state: 'Attaching' }],
    rolloutSlots: { generation, detach: [hostId] },
  });
  const put = (kind: 'attachments' | 'systemIdentities', name: string, spec: object, metadata = {}) =>
    kube.put(
      kind,
      name,
      spec,
      { finalizers: [FINALIZER], ...metadata },
      kind === 'attachments' ? open : () => ({ released: true }),
    );
  const release = (kind: 'attachments' | 'systemIdentities', name: string) => {
    const object = kube.stores[kind].get(`shop/${name}`);
    if (object && !object.metadata.deletionTimestamp)
      put(kind, name, object.spec, { deletionTimestamp: DELETED });
  };
  switch (step.do) {
    case 'attach': {
      const { who, what, retain, adopt } = step;
      if (kube.stores.attachments.get(`shop/${who}`)?.metadata.deletionTimestamp) return;
      const identityId = idOf(what);
      const spec = {
        identityId,
        target: { resourceId: world.hostId },
        ...(retain && { deletionPolicy: 'Retain' }),
        ...(adopt && { adoption: 'Adopt' }),
      };
      put('attachments', who, spec);
      return model.wanted(who, armKey(identityId), { retain, adopt });
    }
    case 'detach':
      return release('attachments', step.who);
    case 'vanish':
      return kube.remove('attachments', `shop/${step.who}`);
    case 'system': {
      if (kube.stores.systemIdentities.get('shop/own')?.metadata.deletionTimestamp) return;
      const deletionPolicy = step.retain ? 'Retain' : 'Delete';
      const spec = { resourceId: world.hostId, deletionPolicy };
      put('systemIdentities', 'own', spec);
      return model.wanted('own', SYSTEM, { retain: step.retain });
    }
    case 'systemEnds':
      return release('systemIdentities', 'own');
    case 'othersAdd':
    case 'othersRemove':
    case 'othersSystem':
      return edit(world, step);
    case 'recycleIdentity':
    case 'deleteIdentity':
    case 'makeIdentity': {
      const id = idOf(step.what);
      const there = control.identities().some((each) => armKey(each.id) === armKey(id));
      return world.others(() => {
        if (step.do === 'makeIdentity') {
          if (!there) control.createIdentity({ name: step.what, resourceGroup: 'rg1' });
        } else if (!there) return;
        else if (step.do === 'deleteIdentity') control.deleteIdentity({ id });
        else control.recycleIdentity({ id });
      });
    }
    case 'recycleHost':
    case 'deleteHost':
    case 'makeHost':
      return world.others(() => {
        if (step.do !== 'makeHost' && world.host) control.deleteHost({ id: world.hostId });
        if (step.do === 'recycleHost' || (step.do === 'makeHost' && !world.host)) world.make();
      });
    case 'refuse':
      world.refusal = step.how;
      return;
    case 'failOperation':
      if (world.host) control.failNextOperation({ id: world.hostId, outcome: step.outcome });
      return;
    case 'crash':
      world.lateMs = step.lateMs;
      return world.process.dieAt(step.death);
    case 'meddle':
      world.meddling = () => void edit(world, step.step);
      return;
    case 'loseStatus': {
      const { ledger } = world;
      if (!ledger || world.host?.busy || ledger.metadata.deletionTimestamp) return;
      const { finalizers } = ledger.metadata;
      // A restore brings the object back under another uid, and to a process that starts anew.
      model.blur(world.lines);
      kube.remove('hosts', `azid-system/${ledger.metadata.name}`);
      kube.put('hosts', ledger.metadata.name, ledger.spec, finalizers ? { finalizers } : {});
      return;
    }
    case 'policy':
      return world.allow(step.allowed);
    case 'pass':
      return world.pass(step.ms);
    case 'reconcile':
      return;
  }
}

/** Somebody edits the host's identities. */
function edit(world: World, step: Step): void {
  const { host, control, model } = world;
  if (!host || world.closed) return;
  const attached = new Map(host.attached.map(({ id }) => [armKey(id), id]));
  world.others(() => {
    const on = step.do === 'othersSystem' ? step.on : host.system !== null;
    const key = 'what' in step ? armKey(idOf(step.what)) : '';
    if (step.do === 'othersAdd' && 'what' in step) attached.set(key, idOf(step.what));
    if (step.do === 'othersRemove') attached.delete(key);
    const types = [...(on ? ['SystemAssigned'] : []), ...(attached.size > 0 ? ['UserAssigned'] : [])];
    const userAssignedIdentities = Object.fromEntries([...attached.values()].map((id) => [id, {}]));
    control.setHostIdentity({
      id: world.hostId,
      identity: {
        type: types.join(', ') || 'None',
        ...(attached.size > 0 && { userAssignedIdentities }),
      },
    });
  });
  // azid has it in its ledger: it cannot know that somebody took it off and put it back.
  if (step.do === 'othersAdd' && world.lines.has(armKey(idOf(step.what))))
    model.blur([armKey(idOf(step.what))]);
  if (step.do === 'othersSystem' && step.on && world.lines.has(SYSTEM)) model.blur([SYSTEM]);
}
