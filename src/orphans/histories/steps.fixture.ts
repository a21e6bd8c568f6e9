import { MARK, ownerMarks, withMaker } from '../../azure/names/identity-marks.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import type { KubeThing } from '../objects.fixture.ts';
import { DAY, HOUR, INSTALLATION, idOf, MADE_HERE, OTHER } from '../sweep.fixture.ts';
import { ELSEWHERE, type Identity } from './azure.fixture.ts';
import { reconcile, release } from './kube.fixture.ts';
import type { Sweeper } from './sweeper.fixture.ts';
import { FAULTS, type World } from './world.fixture.ts';

/** One thing that happens. `at` and `how`, in [0, 1), choose among what is there, so that a step is data and may be left out. */
export interface Step {
  readonly do: keyof typeof STEPS;
  readonly at: number;
  readonly how: number;
  /** Of a sweep: what happens between its evaluation and its reads. */
  readonly inside?: readonly Step[];
}

export interface Stage {
  readonly world: World;
  readonly sweepers: readonly Sweeper[];
}

const NAMES = ['web', 'api', 'job'];
const pick = <T>(from: readonly T[], at: number): T | undefined => from[Math.floor(at * from.length)];
const identities = ({ azure }: World): readonly Identity[] =>
  [...azure.identities.values()].filter(({ key }) => !key.endsWith('/azid'));
const FOREIGN = { by: 'foreign' } as const;

const STEPS = {
  identity: ({ world }, at) => void world.kube.add(identityObject(at)),
  grant: ({ world: { kube } }, at, how) =>
    void kube.add(referring('RoleGrant', how < 0.5 ? 'read' : 'write', at)),
  credential: ({ world: { kube } }, at) => void kube.add(referring('FederatedIdentityCredential', 'ci', at)),
  /** A user edits an object; azid acts on it once a watch has brought it. */
  say: ({ world: { kube } }, at, how) =>
    withObject(kube.objects, at, (each) => {
      const { retain: _, ...rest } = each;
      kube.remove(each);
      kube.objects = [...kube.objects, how < 0.7 ? { ...rest, retain: true } : rest];
    }),
  attachment: ({ world: { kube } }, at) => void kube.add(referring('IdentityAttachment', 'vm', at)),
  /** What a watch has brought is reconciled; the process may die after any of it. */
  reconcile: ({ world }, _at, how) => reconcileAll(world, how < 0.3 ? 1 : 20),
  /** What was made in this moment comes by the watch, and is brought in line at once. */
  reconcileSeen: ({ world }) => {
    world.stores = world.kube.objects;
    for (const _ of [1, 2]) reconcileAll(world, 20);
  },
  strip: ({ world }, at) =>
    withObject(world.kube.objects, at, (each) => {
      world.kube.remove(each);
      if (each.retain) world.forced++;
    }),
  retain: ({ world: { kube, azure } }, at) =>
    withObject(kube.objects, at, (each) => release(each, 'Retain', kube, azure)),
  delete: ({ world: { kube, azure } }, at) =>
    withObject(kube.objects, at, (each) => release(each, 'Delete', kube, azure)),
  /** An end that binds, on record before the assignment is made. */
  end: ({ world }, at, how) => {
    const made = pick(
      [...world.azure.assignments.values()].filter(({ maker }) => maker.by === 'azid'),
      at,
    );
    if (made) world.kube.ends.set(made.key, world.now() + (how - 0.3) * 20 * DAY);
  },
  backUp: ({ world }) => {
    world.backup = world.kube.objects;
  },
  /** Of an older backup, with its uids or new ones. Most are noticed by the claim, not all. */
  restore: ({ world }, at, how) => {
    const { kube, backup } = world;
    kube.objects = how < 0.5 ? backup : kube.renewed(backup);
    if (at < 0.5) world.doubt = 'ClusterRestored';
  },
  emptyCluster: ({ world }) => {
    world.kube.objects = [];
  },
  emptyStores: ({ world }) => {
    world.stores = [];
    world.doubt = 'StoresNotSynced';
  },
  attach: ({ world }, at, how) =>
    withIdentity(world, at, ({ key, attached }) =>
      world.azure.change(key, { attached: [...attached, `/foreign/${Math.floor(how * 9)}`] }),
    ),
  /** What the reads before a deletion would find, if they could be made. */
  hide: ({ world }, at, how) => {
    const hidden = [
      ['resourcesUnread', 'attach'],
      ['assignmentsUnread', 'foreignGrant'],
      ['credentialsUnread', 'federate'],
    ] as const;
    const [fault, what] = pick(hidden, how) ?? hidden[0];
    world.faults.add(fault);
    take({ world, sweepers: [] }, { do: what, at, how });
  },
  /** A host's ledger names it, also where Azure does not show it on the host. */
  host: ({ world: { kube } }, at) => {
    const name = pick(NAMES, at) ?? '';
    kube.add({ kind: 'HostIdentity', namespace: 'azid-system', name, ids: [idOf(name)] });
  },
  detach: ({ world }, at) => withIdentity(world, at, ({ key }) => world.azure.change(key, { attached: [] })),
  foreignGrant: ({ world }, at) =>
    withIdentity(world, at, ({ principalId }) => void world.azure.grant(principalId, FOREIGN, world.time)),
  revoke: ({ world: { azure } }, at) => {
    const each = pick([...azure.assignments.values()], at);
    if (each) azure.assignments.delete(each.key);
  },
  federate: ({ world }, at) => withIdentity(world, at, ({ key }) => void world.azure.federate(key, FOREIGN)),
  describe: ({ world: { azure } }, at) => {
    const each = pick([...azure.assignments.values()], at);
    if (each) azure.assignments.set(each.key, { ...each, description: 'edited by hand' });
  },
  retag: ({ world }, at, how) =>
    withIdentity(world, at, ({ key, tags }) => {
      const edits = [
        { ...tags, [MARK.owner]: '' },
        { ...tags, [MARK.ownerUid]: '' },
        { ...tags, [MARK.installation]: OTHER },
        { ...tags, [MARK.retained]: 'shop/kept' },
        { ...tags, [MARK.owner]: 'shop/nobody' },
        {},
      ];
      world.azure.change(key, { tags: pick(edits, how) ?? {} });
    }),
  /** A template made of one identity, tags and all, is deployed under another name. */
  copyTags: ({ world }, at, how) =>
    withIdentity(world, at, ({ tags }) => {
      const id = idOf(`copy-${Math.floor(how * 3)}`);
      if (!world.azure.identities.has(armKey(id))) world.azure.makeIdentity(id, tags, FOREIGN, world.time);
    }),
  /** A user makes an identity of their own, with or without the marks that stood there, under the same id. */
  recycle: ({ world }, at, how) =>
    withIdentity(world, at, ({ id, key, tags }) => {
      world.azure.deleteIdentity(key);
      if (how < 0.7) world.azure.makeIdentity(id, how < 0.3 ? tags : {}, FOREIGN, world.time);
    }),
  /** Another object wants the same identity. */
  adopt: ({ world }, at, how) => {
    const name = pick(NAMES, at) ?? '';
    world.kube.add({
      kind: 'UserAssignedIdentity',
      namespace: 'team',
      name: `of-${name}`,
      ids: [idOf(name)],
    });
    if (how < 0.5) world.refresh();
  },
  purge: ({ world: { azure } }, at) => {
    const id = pick([...azure.ended.keys()], at);
    if (id) azure.ended.set(id, 'gone');
  },
  restorePrincipal: ({ world: { azure } }, at) => {
    const id = pick(
      [...azure.ended].filter(([, state]) => state === 'softDeleted'),
      at,
    )?.[0];
    if (id) azure.ended.delete(id);
  },
  /** A write of a process that died arrives after its object has gone. */
  lateWrite: ({ world }, at, how) => {
    const { azure, kube } = world;
    const name = pick(NAMES, at) ?? '';
    const maker = { by: 'azid', namespace: 'shop', name } as const;
    const there = azure.identities.get(armKey(idOf(name)));
    if (there) {
      if (how < 0.5) azure.grant(there.principalId, { ...maker, name: `${name}-read` }, world.time);
      else azure.federate(there.key, { ...maker, name: `${name}-ci` });
    } else if (!kube.get('UserAssignedIdentity', 'shop', name)) {
      const owner = { installationId: INSTALLATION, namespace: 'shop', name, uid: `uid-late-${how}` };
      azure.makeIdentity(idOf(name), { ...ownerMarks(owner), ...MADE_HERE }, maker, world.time);
    }
  },
  anotherCluster: ({ world }, at, how) => {
    const id = idOf(`other-${pick(NAMES, at)}`);
    const owner = {
      installationId: OTHER,
      namespace: 'shop',
      name: pick(NAMES, at) ?? '',
      uid: `uid-${Math.floor(how * 9)}`,
    };
    if (!world.azure.identities.has(armKey(id)))
      world.azure.makeIdentity(id, ownerMarks(owner), { by: 'otherInstallation' }, world.time);
    if (how < 0.3) world.doubt = 'ClaimedElsewhere';
  },
  /**
   * Another cluster acts as this installation, and its azid signs in as another principal: it has objects of its own, or some of the
   * same, as after a cluster was copied. What it makes for them lives.
   */
  elsewhere: ({ world: { azure, time } }, at, how) => {
    const name = pick(NAMES, at) ?? '';
    const maker = { by: 'elsewhere', namespace: 'shop', name: how < 0.5 ? `${name}-read` : name } as const;
    const owner = { installationId: INSTALLATION, namespace: 'shop', name, uid: `uid-elsewhere-${name}` };
    const id = idOf(how < 0.3 ? `elsewhere-${name}` : name);
    const there = azure.identities.get(armKey(id));
    // One of before says nothing of who made it.
    const made = how < 0.1 ? {} : withMaker({}, ELSEWHERE);
    if (!there) azure.makeIdentity(id, { ...ownerMarks(owner), ...made }, maker, time);
    else if (there.maker.by === 'azid' || there.maker.by === 'elsewhere') azure.share(there.key);
    const identity = azure.identities.get(armKey(id));
    if (
      !identity ||
      identity.key.endsWith('/azid') ||
      (!identity.isShared && identity.maker.by !== 'elsewhere')
    )
      return;
    if (how < 0.6) azure.grant(identity.principalId, maker, time);
    if (how > 0.4) azure.federate(identity.key, { ...maker, name: `${name}-there` });
  },
  refresh: ({ world }) => world.refresh(),
  refreshStores: ({ world }) => {
    world.stores = world.kube.objects;
  },
  pass: ({ world }, at) => {
    world.time += Math.floor(at * at * 6 * DAY) + HOUR;
  },
  clock: ({ world }, at) => {
    world.clockOff = Math.floor((at - 0.5) * 40 * DAY);
  },
  fault: ({ world: { faults } }, at) => {
    const fault = pick(FAULTS, at);
    if (fault && !faults.delete(fault)) faults.add(fault);
  },
  heal: ({ world }) => heal(world),
  unseen: ({ world: { unseen } }, at) => {
    const namespace = at < 0.7 ? 'shop' : 'team';
    if (!unseen.delete(namespace)) unseen.add(namespace);
  },
  /** A person confirms what the stop of the last run asks for. */
  confirm: ({ sweepers }, at) => {
    const sweeper = pick(sweepers, at);
    if (sweeper) confirm(sweeper);
  },
  /** Some time after the one before; as a rule the lists are of now. */
  sweep: (stage, at, how, inside = []) => {
    stage.world.time += Math.floor(how * 3 * DAY) + HOUR;
    if (at < 0.8) stage.world.refresh();
    let next = 0;
    const meanwhile = () => {
      const step = inside[next++];
      if (step) take(stage, step);
      return step !== undefined;
    };
    pick(stage.sweepers, (at * 10) % 1)?.run(meanwhile, how < 0.3 ? 1 : undefined);
  },
} satisfies Record<string, (stage: Stage, at: number, how: number, inside?: readonly Step[]) => void>;

export function take(stage: Stage, step: Step): void {
  const act: (stage: Stage, at: number, how: number, inside?: readonly Step[]) => void = STEPS[step.do];
  act(stage, step.at, step.how, step.inside);
}

export function confirm(sweeper: Sweeper): void {
  const stop = sweeper.report?.stops.find(({ reason }) => reason === 'OwnersVanished');
  const confirmed = /to "([^"]+)"/.exec(stop?.message ?? '')?.[1];
  if (confirmed) sweeper.spec = { ...sweeper.spec, confirmed };
}

export function heal(world: World): void {
  world.faults.clear();
  world.doubt = undefined;
  world.unseen.clear();
  world.refresh();
}

/** What the watches have brought, as long as the lease is held. */
function reconcileAll(world: World, most: number): void {
  let done = 0;
  for (const { uid } of world.stores) {
    const now = world.kube.objects.find((each) => each.uid === uid);
    if (now && done < most && reconcile(now, world.kube, world.azure, world.time)) done++;
  }
  // Own writes are in the stores at once.
  const known = new Set(world.stores.map(({ uid }) => uid));
  world.stores = [
    ...world.kube.objects.filter(({ uid, kind }) => known.has(uid) || kind === 'HostIdentity'),
    ...world.stores.filter(({ uid }) => !world.kube.objects.some((each) => each.uid === uid)),
  ];
}

function identityObject(at: number): Omit<KubeThing, 'uid'> {
  const name = pick(NAMES, at) ?? '';
  return { kind: 'UserAssignedIdentity', namespace: 'shop', name, ids: [idOf(name)] };
}

function referring(kind: string, suffix: string, at: number): Omit<KubeThing, 'uid'> {
  const identityRef = pick(NAMES, at) ?? '';
  return { kind, namespace: 'shop', name: `${identityRef}-${suffix}`, identityRef };
}

function withObject(objects: readonly KubeThing[], at: number, act: (thing: KubeThing) => void): void {
  const thing = pick(objects, at);
  if (thing) act(thing);
}

function withIdentity(world: World, at: number, act: (identity: Identity) => void): void {
  const identity = pick(identities(world), at);
  if (identity) act(identity);
}

/** How often each is drawn; all that is not named here: once. */
const SHARES: Partial<Record<Step['do'], number>> = {
  identity: 4,
  grant: 4,
  credential: 3,
  reconcile: 6,
  refresh: 8,
  strip: 6,
  say: 3,
  elsewhere: 2,
  heal: 8,
  sweep: 30,
};
const DRAWN = (Object.keys(STEPS) as Step['do'][]).flatMap((what) =>
  Array.from({ length: SHARES[what] ?? 1 }, () => what),
);

export function drawStep(next: () => number, within = false): Step {
  const what = pick(within ? DRAWN.filter((each) => each !== 'sweep') : DRAWN, next()) ?? 'refresh';
  const step = { do: what, at: next(), how: next() };
  if (what !== 'sweep') return step;
  return { ...step, inside: Array.from({ length: Math.floor(next() * 4) }, () => drawStep(next, true)) };
}
