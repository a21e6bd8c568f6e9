import { keptMakers, ownerMarks, ownershipOf, retainedMarks } from '../../azure/names/identity-marks.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import type { KubeThing } from '../objects.fixture.ts';
import type { RetainedRecord } from '../objects.ts';
import { INSTALLATION, MADE_HERE, SELF } from '../sweep.fixture.ts';
import type { Azure, Maker } from './azure.fixture.ts';

/** The truth of a modelled cluster, and what azid's reconciles do for its objects. */
export class Kube {
  objects: readonly KubeThing[];
  /** azid's own records, which it writes itself and so knows at once: by key, of identities by uid, and the uid of the object. */
  readonly #retained: Map<string, RetainedRecord>;
  readonly ends: Map<string, number>;
  #uids: number;

  /** @param from another one, of which this is to be a double */
  constructor(from?: Kube) {
    this.objects = from?.objects ?? [];
    this.#retained = new Map(from ? from.#retained : []);
    this.ends = new Map(from?.ends);
    this.#uids = from ? from.#uids : 0;
  }

  add(thing: Omit<KubeThing, 'uid'>): KubeThing {
    const before = this.objects.find((each) => isNamed(each, thing));
    if (before) return before;
    const made = { ...thing, uid: `uid-${++this.#uids}` };
    this.objects = [...this.objects, made];
    return made;
  }

  remove(thing: KubeThing): void {
    this.objects = this.objects.filter((each) => each !== thing);
  }

  replace(thing: KubeThing, change: Partial<KubeThing>): KubeThing {
    const now = { ...thing, ...change };
    this.objects = this.objects.map((each) => (each === thing ? now : each));
    return now;
  }

  /** As a backup tool does that makes objects anew: of other uids, without status. */
  renewed(objects: readonly KubeThing[]): readonly KubeThing[] {
    return objects.map(({ principalId: _, ...each }) => ({ ...each, uid: `uid-${++this.#uids}` }));
  }

  /** As a sweep asks for them. */
  get retained(): ReadonlyMap<string, RetainedRecord> {
    return new Map([...this.#retained].map(([entry, record]) => [entry.split(' ')[0] ?? '', record]));
  }

  /** What the object says goes on record before it has the thing; false: it stands there. */
  record(thing: KubeThing, id: string, isKept = thing.retain === true): boolean {
    const { kind, uid, namespace, name } = thing;
    const key = kind === 'UserAssignedIdentity' ? uid : armKey(id);
    const entry = `${key} ${uid}`;
    const owner = `${namespace}/${name}`;
    // What a namesake said that lived before is over: this one has it now.
    const before = [...this.#retained].filter(
      ([each, record]) => each !== entry && each.startsWith(`${key} `) && record.owner === owner,
    );
    for (const [each] of before) this.#retained.delete(each);
    if (this.#retained.has(entry) === isKept) return before.length > 0;
    if (isKept) this.#retained.set(entry, { owner });
    else this.#retained.delete(entry);
    return true;
  }

  get(kind: string, namespace: string, name: string): KubeThing | undefined {
    return this.objects.find((each) => isNamed(each, { kind, namespace, name }));
  }
}

function isNamed(a: KubeThing, b: Pick<KubeThing, 'kind' | 'namespace' | 'name'>): boolean {
  return a.kind === b.kind && a.namespace === b.namespace && a.name === b.name;
}

/** One object is brought in line; false: there was nothing to do. */
export function reconcile(thing: KubeThing, kube: Kube, azure: Azure, at: number): boolean {
  if (!kube.objects.includes(thing)) return false;
  if (thing.kind === 'UserAssignedIdentity') return reconcileIdentity(thing, kube, azure, at);
  const identity = identityOf(thing, kube, azure);
  if (!identity) return false;
  const maker: Maker = { by: 'azid', namespace: thing.namespace, name: thing.name };
  if (thing.kind === 'RoleGrant') {
    const { id } = azure.grant(identity.principalId, maker, at);
    const recorded = kube.record(thing, id);
    if (thing.ids?.length === 1 && thing.ids[0] === id) return recorded;
    // New before old, and the old one by its ledger.
    for (const old of thing.ids ?? []) {
      azure.assignments.delete(armKey(old));
      kube.record(thing, old, false);
    }
    kube.replace(thing, { ids: [id] });
    return true;
  }
  if (thing.kind === 'FederatedIdentityCredential') {
    const made = azure.federate(identity.key, maker);
    if (!made) return false;
    const recorded = kube.record(thing, made.id);
    if (thing.ids?.includes(made.id)) return recorded;
    kube.replace(thing, { ids: [made.id] });
    return true;
  }
  const resource = `/vm/${thing.namespace}/${thing.name}`;
  if (identity.attached.includes(resource)) return false;
  kube.add({
    kind: 'HostIdentity',
    namespace: 'azid-system',
    name: `${thing.namespace}-${thing.name}`,
    ids: [identity.id],
  });
  azure.change(identity.key, { attached: [...identity.attached, resource] });
  return true;
}

function reconcileIdentity(thing: KubeThing, kube: Kube, azure: Azure, at: number): boolean {
  const [id = ''] = thing.ids ?? [];
  const owner = { installationId: INSTALLATION, ...thing };
  const maker: Maker = { by: 'azid', namespace: thing.namespace, name: thing.name };
  const there = azure.identities.get(armKey(id));
  if (!there) {
    kube.record(thing, id);
    const made = azure.makeIdentity(id, { ...ownerMarks(owner), ...MADE_HERE }, maker, at);
    kube.replace(thing, { principalId: made.principalId });
    return true;
  }
  const { state } = ownershipOf(there.tags, owner);
  if (state === 'mine' && thing.principalId === there.principalId) return kube.record(thing, id);
  // Of those that were stripped of marks it takes back the one on record; what is another's it leaves.
  const isOwn =
    state === 'mine' ||
    state === 'formerlyMine' ||
    state === 'retainedForMe' ||
    ((state === 'unmarked' || state === 'partial') && thing.principalId === there.principalId);
  if (!isOwn) return false;
  kube.record(thing, id);
  azure.change(there.key, {
    tags: { ...ownerMarks(owner), ...keptMakers(there.tags, SELF.principalId) },
    maker,
  });
  kube.replace(thing, { principalId: there.principalId });
  return true;
}

/** That to which it refers, if that is there and its own. */
function identityOf({ namespace, identityRef }: KubeThing, kube: Kube, azure: Azure) {
  const object = kube.get('UserAssignedIdentity', namespace, identityRef ?? '');
  const identity = azure.identities.get(armKey(object?.ids?.[0] ?? '/'));
  if (!object || !identity || identity.principalId !== object.principalId) return undefined;
  const { state } = ownershipOf(identity.tags, { installationId: INSTALLATION, ...object });
  return state === 'mine' ? identity : undefined;
}

/** The object goes, and what it has in Azure goes with it, or stays by `Retain`. */
export function release(thing: KubeThing, how: 'Delete' | 'Retain', kube: Kube, azure: Azure): void {
  const isLedger = thing.kind === 'HostIdentity';
  for (const id of isLedger ? [] : (thing.ids ?? [])) {
    const key = armKey(id);
    if (thing.kind === 'UserAssignedIdentity') {
      const there = azure.identities.get(key);
      const owner = { installationId: INSTALLATION, ...thing };
      if (!there || ownershipOf(there.tags, owner).state !== 'mine') continue;
      kube.record(thing, id, false);
      if (how === 'Retain')
        azure.change(key, { tags: { ...retainedMarks(owner), ...keptMakers(there.tags, SELF.principalId) } });
      else if (
        kube.objects.every((each) => each.namespace !== thing.namespace || each.identityRef !== thing.name)
      )
        azure.deleteIdentity(key);
    } else if (how === 'Retain') {
      kube.record(thing, id, true);
    } else {
      kube.record(thing, id, false);
      azure.assignments.delete(key);
      azure.credentials.delete(key);
    }
  }
  kube.remove(thing);
}
