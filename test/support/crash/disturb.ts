import { type Intercept, isWrite, type SeenRequest } from '../../../src/azure/arm/arm-policies.ts';
import type { Interceptor, KubeRequest } from '../../../src/kube/transport/request.ts';
import { seeded } from './seeded.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What is done to an operator, at which of its writes. `at`: a write's key, the same in every run of a scenario. */
export type Disturbance =
  /** The process dies with the write on its lips. */
  | { readonly kind: 'kill-before'; readonly at: string }
  /** The write takes effect; the process dies before it sees the answer. */
  | { readonly kind: 'kill-after'; readonly at: string }
  /** The process dies while its write is on the way; Azure carries it out when the next process has begun. */
  | { readonly kind: 'kill-late'; readonly at: string }
  /** As `kill-after`, and while the process is down the user deletes every identity's object. */
  | { readonly kind: 'kill-delete'; readonly at: string }
  /** Cut off from its Lease in the middle of the write; a second process takes over, then the write comes late. */
  | { readonly kind: 'handover'; readonly at: string };

/** Beside one that waits: whoever leads dies again and again, at moments drawn by chance. */
export interface RandomKills {
  readonly kind: 'random-kills';
  readonly seed: number;
  /** In one run. */
  readonly most: number;
}

/** One of so many writes of a leader is its last, and of so many reads of Azure. */
const ONE_IN = { writes: 6, reads: 25 };

interface Blow {
  /** What becomes of the call that was under way. */
  readonly call: 'unsent' | 'unanswered' | 'late';
}

/** One process in the eyes of the harness. */
export interface Process {
  /** Nothing of it reaches anybody any more. */
  dead: boolean;
  /** Its Lease cannot be renewed. */
  leaseCut: boolean;
  /** Known once it was started. */
  works?: () => boolean;
}

/**
 * Writes down what operators write, in order, and strikes once, at the write the disturbance names. Not counted: the
 * Lease, Events and the installation's claim, which no object's fate hangs on.
 */
export class Recorder {
  /** Keys of the writes since `arm`: what was written, and for which time. */
  readonly writes: string[] = [];
  /** The process struck. */
  struck: Process | undefined;
  readonly #disturbance: Disturbance | undefined;
  readonly #randomKills: RandomKills | undefined;
  readonly #random: () => number;
  readonly #outlives: RegExp | undefined;
  /** How many died by `RandomKills`. */
  kills = 0;
  readonly #namespace: string;
  readonly #deliverLate: (request: SeenRequest) => void;
  readonly #seen = new Map<string, number>();
  readonly #release = Promise.withResolvers<void>();
  #armed = false;

  /**
   * @param deliverLate sees to it that a request to Azure arrives in the end, though its sender is dead
   * @param outlives writes of which none may come late
   */
  constructor(
    namespace: string,
    deliverLate: (request: SeenRequest) => void,
    disturbance?: Disturbance | RandomKills,
    outlives?: RegExp,
  ) {
    this.#namespace = namespace;
    this.#deliverLate = deliverLate;
    this.#outlives = outlives;
    const kills = disturbance?.kind === 'random-kills' ? disturbance : undefined;
    this.#randomKills = kills;
    this.#random = seeded(kills?.seed ?? 0);
    this.#disturbance = disturbance?.kind === 'random-kills' ? undefined : disturbance;
  }

  /** From now on writes count. */
  arm(): void {
    this.#armed = true;
  }

  /** Lets a write go that was held for a handover. */
  release(): void {
    this.#release.resolve();
  }

  /** What stands between one process and its wires. */
  around(process: Process): {
    interceptKube: Interceptor;
    interceptArm: Intercept;
    interceptLease: Interceptor;
  } {
    return {
      interceptKube: (request, next) =>
        this.#pass(process, kubeLabel(request, this.#namespace), () => next(request)),
      interceptArm: (request, next) => this.#pass(process, armLabel(request), next, request),
      interceptLease: async (request, next) => {
        if (process.dead || process.leaseCut) throw new Error('cut off by the harness');
        return next(request);
      },
    };
  }

  async #pass<T>(
    process: Process,
    label: string | undefined,
    send: () => Promise<T>,
    arm?: SeenRequest,
  ): Promise<T> {
    if (process.dead) throw new Error('killed by the harness');
    if (!this.#armed) return send();
    const blow = this.#drawn(process, label, arm);
    if (blow) return this.#strike(process, blow, send, arm);
    if (label === undefined) return send();
    const count = (this.#seen.get(label) ?? 0) + 1;
    this.#seen.set(label, count);
    const key = `${label} #${count}`;
    this.writes.push(key);
    const plan = this.#disturbance;
    if (plan?.at !== key || this.struck) return this.#unlessDead(process, send);
    this.struck = process;
    switch (plan.kind) {
      case 'kill-before':
        process.dead = true;
        throw new Error('killed by the harness before the write left');
      case 'kill-after':
      case 'kill-delete':
        await send();
        process.dead = true;
        throw new Error('killed by the harness before the answer came');
      case 'kill-late':
        process.dead = true;
        if (arm) this.#deliverLate(arm);
        throw new Error('killed by the harness while the write was on the way');
      case 'handover':
        process.leaseCut = true;
        await this.#release.promise;
        return send();
    }
  }

  #drawn(process: Process, label: string | undefined, arm: SeenRequest | undefined): Blow | undefined {
    const plan = this.#randomKills;
    if (!plan || this.kills >= plan.most || !process.works?.() || (label === undefined && !arm))
      return undefined;
    if (this.#random() * (label === undefined ? ONE_IN.reads : ONE_IN.writes) >= 1) return undefined;
    const how = this.#random();
    // A late DELETE cannot be told from one that came in time.
    const mayBeLate =
      arm && label !== undefined && /^(PUT|PATCH) /.test(label) && !this.#outlives?.test(label);
    return { call: how < 0.3 ? 'unsent' : mayBeLate && how < 0.6 ? 'late' : 'unanswered' };
  }

  async #strike<T>(
    process: Process,
    { call }: Blow,
    send: () => Promise<T>,
    arm?: SeenRequest,
  ): Promise<never> {
    this.kills++;
    if (call === 'unanswered') await send();
    else if (call === 'late' && arm) this.#deliverLate(arm);
    process.dead = true;
    throw new Error(`killed by the harness, the call ${call}`);
  }

  /** Another write of the process may strike while this one is under way: its answer is lost too. */
  async #unlessDead<T>(process: Process, send: () => Promise<T>): Promise<T> {
    const answer = await send();
    if (process.dead) throw new Error('killed by the harness before the answer came');
    return answer;
  }
}

/** `PATCH userassignedidentities/web/status`, or undefined for what is no write that counts. */
function kubeLabel({ method, path, query }: KubeRequest, namespace: string): string | undefined {
  if (method === 'GET' || path.startsWith('/apis/events.k8s.io/')) return undefined;
  const [, rest = path] = path.split(/\/v1(?:alpha1)?\//, 2);
  const how = method === 'PATCH' && query?.fieldManager !== undefined ? 'APPLY' : method;
  const named = rest.replace(/^namespaces\/[^/]+\/(?=.)/, '').replaceAll(namespace, '$ns');
  // Named as the assignment is, or by the first digit of a uid: otherwise in each run.
  const stable = named
    .replace(/^(assignmentexpiries)\/[^/]+/, '$1')
    .replace(/^(configmaps\/azid-principals)-./, '$1');
  return `${how} ${stable}`;
}

/** `PUT arm:web`, or undefined for a read. Names that Azure's own ids go into differ from run to run. */
function armLabel({ method, url }: { readonly method: string; readonly url: string }): string | undefined {
  if (!isWrite({ method, url })) return undefined;
  const [type, name = ''] = new URL(url).pathname.split('/').slice(-2);
  return `${method} arm:${UUID.test(name) ? type : name}`;
}
