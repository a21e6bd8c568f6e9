import { HOME_SHARD, shardNamed } from '../../api/schema/shard.ts';
import type { KubeClient } from '../../kube/client.ts';
import {
  type SeenNamespaces,
  SHARD_ANNOTATION,
  shardAnnotation,
  shardLeaseName,
} from '../../kube/lease/shard-lease.ts';
import type { ObjectKey } from '../../kube/types.ts';
import type { KindDefinition } from '../../reconcilers/definition.ts';
import { type Stores, storeOf } from '../../reconcilers/stores.ts';
import type { ReconcileRequest } from '../../runtime/controller/reconcile-request.ts';
import { Emitter } from '../../runtime/controller/watch.ts';
import { splitKey } from '../../runtime/key.ts';
import type { Outcome } from '../../runtime/outcome.ts';
import type { OperatorOptions } from '../options.ts';
import { Admission, type AdmissionParts } from './admission.ts';
import { Membership } from './membership.ts';
import { OtherLeaders } from './other-leaders.ts';
import { RunningByNamespace } from './running.ts';

/** What of one kind is this process's to reconcile. */
export interface KindShard {
  isMine(key: ObjectKey): boolean;
  /** A reconcile of one that is; nothing for another's. */
  run(request: ReconcileRequest, work: (request: ReconcileRequest) => Promise<Outcome>): Promise<Outcome>;
  /** Namespaces that it has from now on. */
  readonly taken: { onChange(listener: (namespace: string) => void): Disposable };
  /** Nothing of the namespace runs, and another shard is about to have it. */
  readonly released: { onChange(listener: (namespace: string) => void): Disposable };
}

interface ShardParts {
  readonly options: Pick<OperatorOptions, 'clock' | 'log' | 'namespace'> & {
    readonly shard: NonNullable<OperatorOptions['shard']>;
  };
  readonly client: Pick<KubeClient, 'list'>;
  readonly stores: Stores;
  readonly signal: AbortSignal;
  readonly prepare: AdmissionParts['prepare'];
}

const DONE: Outcome = { type: 'done' };
/** What belongs to no namespace, or to the shard `default` independently of the label of its namespace, does not move. */
const NEVER: KindShard['taken'] = new Emitter<string>();

/**
 * The part of an installation that one process works on while others work on the rest: namespaces by their label, and in the shard
 * `default` all that several namespaces share (docs/design/2026-11-29-sharding.md). Everything is watched by every shard.
 */
export class Shard implements AsyncDisposable {
  readonly #parts: ShardParts;
  readonly #membership: Membership;
  readonly #admission: Admission;
  readonly #running: RunningByNamespace;
  readonly #taken = new Emitter<string>();
  readonly #released = new Emitter<string>();

  constructor(parts: ShardParts) {
    this.#parts = parts;
    const { options, client, stores, signal, prepare } = parts;
    const { clock, log, namespace, shard } = options;
    const { name, leaseName } = shard;
    this.#running = new RunningByNamespace(clock);
    const others = new OtherLeaders({
      client,
      namespace,
      leaseName,
      ownLease: shardLeaseName(leaseName, name),
      clock,
    });
    this.#membership = new Membership({
      shard: name,
      namespaces: stores.namespaces,
      onWanted: () => this.#admission?.begin(),
      release: (each) => this.#release(each),
    });
    this.#admission = new Admission({
      shard: name,
      membership: this.#membership,
      others,
      client,
      clock,
      log,
      signal,
      prepare,
      onTaken: (names) => {
        for (const each of names) this.#taken.emit(each);
      },
    });
  }

  get isHome(): boolean {
    return this.#parts.options.shard.name === HOME_SHARD;
  }

  /** Namespaces that it has from now on. */
  get taken(): KindShard['taken'] {
    return this.#taken;
  }

  /** A version of the Namespaces up to which it works on none that is not its own. */
  get seen(): SeenNamespaces {
    return this.#membership.seen;
  }

  get namespaces(): readonly string[] {
    return this.#membership.ours;
  }

  /** How many are to be its own, and are not yet. */
  get waiting(): number {
    return this.#membership.wanted.size;
  }

  /** How many are another shard's by now while reconciles of them still run. */
  get releasing(): number {
    return this.#membership.releasing.length;
  }

  /** When all kinds are there. */
  begin(): void {
    this.#admission.begin();
  }

  of(kind: Pick<KindDefinition, 'sharded' | 'store'>): KindShard {
    const isMine = this.#isMineOf(kind);
    if (kind.sharded !== 'byNamespace')
      return {
        isMine,
        taken: NEVER,
        released: NEVER,
        run: async (request, work) => (isMine(request.key) ? work(request) : DONE),
      };
    return {
      isMine,
      taken: this.#taken,
      released: this.#released,
      run: async (request, work) => {
        if (!isMine(request.key)) return DONE;
        try {
          return await this.#running.run(request, work);
        } catch (error) {
          // The shard that has it now reconciles it anew.
          if (!isMine(request.key)) return DONE;
          throw error;
        }
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#membership[Symbol.dispose]();
    await this.#admission.stop();
  }

  #isMineOf(kind: Pick<KindDefinition, 'sharded' | 'store'>): KindShard['isMine'] {
    const { stores, options } = this.#parts;
    switch (kind.sharded) {
      case 'byNamespace':
        return (key) => this.#membership.has(splitKey(key).namespace ?? '');
      case 'byLabel': {
        const store = storeOf(kind, stores);
        return (key) => {
          const object = store.get(key);
          return object !== undefined && shardNamed(object) === options.shard.name;
        };
      }
      default:
        return () => this.isHome;
    }
  }

  async #release(namespace: string): Promise<void> {
    const { log, shard } = this.#parts.options;
    await this.#running.end(namespace);
    this.#released.emit(namespace);
    log.info({ shard: shard.name, namespaces: [namespace] }, 'released a namespace');
  }
}

/** Annotations of the Lease of a shard. @param seen undefined: it has not begun to work */
export function leaseAnnotations(
  { instance, shard }: Pick<OperatorOptions, 'instance' | 'shard'>,
  seen: SeenNamespaces | undefined,
): Readonly<Record<string, string>> {
  return shard ? { [SHARD_ANNOTATION]: shardAnnotation(instance, shard.name, seen) } : {};
}
