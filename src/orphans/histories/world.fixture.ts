import { MARK, ownerMarks } from '../../azure/names/identity-marks.ts';
import { type KubeThing, PlainObjects } from '../objects.fixture.ts';
import type { Doubt } from '../observed.ts';
import { INSTALLATION, idOf, NOW, SELF } from '../sweep.fixture.ts';
import { Azure, type Copy } from './azure.fixture.ts';
import { Kube } from './kube.fixture.ts';

/** Azure and a cluster as they are, what azid sees of them, and what goes wrong. */
export class World {
  readonly azure: Azure;
  readonly kube: Kube;
  /** True time; the wall clock may say otherwise. */
  time = NOW;
  clockOff = 0;
  /** What the lists of Azure show, and what the watches of Kubernetes brought. */
  lists: Copy;
  stores: readonly KubeThing[] = [];
  backup: readonly KubeThing[] = [];
  /** What goes wrong now. */
  readonly faults = new Set<Fault>();
  doubt: Doubt['reason'] | undefined;
  readonly unseen = new Set<string>();
  /** Objects that said `Retain` and went by force. */
  forced = 0;

  /** @param from another one, in which nothing is wrong, and of which this is to be a double */
  constructor(from?: World) {
    this.azure = new Azure(from?.azure);
    this.kube = new Kube(from?.kube);
    if (from) {
      this.time = from.time;
      this.stores = from.stores;
      this.lists = from.lists;
      return;
    }
    // azid's own identity, marked as if it were one of its own orphans: the tags may have been copied.
    const gone = { installationId: INSTALLATION, namespace: 'shop', name: 'azid', uid: 'uid-of-nobody' };
    const { key } = this.azure.makeIdentity(idOf('azid'), ownerMarks(gone), { by: 'foreign' }, NOW - 1);
    this.azure.change(key, SELF);
    this.lists = this.azure.copy();
  }

  /** Wall clock. */
  now(): number {
    return this.time + this.clockOff;
  }

  refresh(): void {
    this.lists = this.azure.copy();
    this.stores = this.kube.objects;
  }

  /** By what the stores show. */
  objects(): PlainObjects {
    const marked = [...this.lists.identities.values()].map(
      ({ key, tags }) => [key, tags[MARK.ownerUid] ?? ''] as const,
    );
    return new PlainObjects({
      installationId: INSTALLATION,
      objects: this.stores,
      marked: new Map(marked),
      retained: this.kube.retained,
      unseen: this.unseen,
    });
  }
}

export const FAULTS = [
  'areaIncomplete',
  'graphUnread',
  'selfUnknown',
  'directoryOff',
  'getFails',
  'resourcesUnread',
  'assignmentsUnread',
  'credentialsUnread',
  'apiServerUnread',
] as const;
type Fault = (typeof FAULTS)[number];
