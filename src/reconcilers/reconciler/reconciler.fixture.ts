import type { IdentityAttachment } from '../../api/identity-attachment.ts';
import { AUTHORIZATION, AZURE_LIMITS } from '../../azure/limits.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { RequestScheduler } from '../../azure/requests/request-scheduler.ts';
import { ActivityJournal } from '../../hints/activity/journal.ts';
import { Self } from '../../hints/hint.ts';
import type { Applied, KubeClient } from '../../kube/client.ts';
import type { EventRecord } from '../../kube/event-series.ts';
import type { ReconcileRequest } from '../../runtime/controller/reconcile-request.ts';
import { Waits } from '../../runtime/controller/workers.ts';
import { silentLog } from '../../runtime/log.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import type { CommonAction, Decision, FailedAction } from '../decision.ts';
import type { Kind, Performed, ReconcileContext } from '../kind.ts';
import { StatusMemory } from '../status/status-memory.ts';
import { emptyStores, meta, put } from '../stores.fixture.ts';
import { Reconciler } from './reconciler.ts';

/** A reconciler over one kind of which each test says what it does, with an API server of one object and a real request scheduler. */

export type Step =
  | CommonAction<object>
  | { readonly type: 'write'; readonly what: string }
  /** One of several things that are taken away. */
  | { readonly type: 'remove'; readonly id: string };
type AnyDecision = Decision<Step, object>;
type Own = Exclude<Step, CommonAction<object>>;

export const DONE: AnyDecision = {
  actions: [],
  status: {},
  summary: { state: 'ready', reason: 'Ready', message: 'done', nextMs: 1_000 },
};

export const doing = (...actions: Step[]): AnyDecision => ({ ...DONE, actions });
export const writing = (what: string): Step => ({ type: 'write', what });

/** What an object of this name has in Azure. */
export const ownedId = (name: string) =>
  `/subscriptions/00000000-0000-0000-0000-00000000000a/resourceGroups/rg1/providers/Microsoft.Web/sites/${name}`;

export class ReconcilerWorld {
  readonly clock = new FakeClock();
  readonly scheduler = new RequestScheduler({
    clock: this.clock,
    limits: {
      ...AZURE_LIMITS,
      share: 1,
      arm: { ...AZURE_LIMITS.arm, write: { capacity: 1, perSecond: 0.02 } },
    },
  });
  readonly store = emptyStores().attachments;
  /** What was sent to Azure. */
  readonly written: string[] = [];
  /** Writes to the API server. */
  readonly applied: Applied[] = [];
  /** The object as each observation was given it. */
  readonly observed: IdentityAttachment[] = [];
  readonly contexts: ReconcileContext[] = [];
  readonly waits = new Waits();
  /** How often somebody else wrote into the status. */
  altered = 0;
  readonly memory = new StatusMemory<IdentityAttachment>(() => {
    this.altered += 1;
  });
  permissions = 0;
  /** Whether a decision rests on cached things, and whether its write takes a place in the line before these are read live. */
  placing = false;
  decide: (object: IdentityAttachment, failed?: FailedAction<Step>) => AnyDecision = () => DONE;
  /** What Azure does when something is to be taken away. */
  remove: (id: string) => void = () => {};
  /** What an action leaves to tell. */
  performed: (action: Own) => Performed = () => ({});
  /** Happens while an observation is under way. */
  onObserve: () => void = () => {};
  /** Happens while a write is under way. */
  meanwhile: () => void = () => {};
  /** Happens while the API server takes a write. */
  onApply: () => Promise<void> | void = () => {};
  readonly events: EventRecord[] = [];
  readonly forgotten: string[] = [];
  /** The objects have what is named like them. */
  readonly self = new Self();
  readonly journal = new ActivityJournal({ clock: this.clock, self: this.self, isOwned: () => true });
  readonly reconciler: Reconciler<IdentityAttachment, undefined, Step, object>;
  #version = 1_000_000;

  /** @param catchUp where other processes reconcile objects of their own */
  constructor(catchUp?: () => Promise<void>) {
    const kind = {
      name: 'identityattachment',
      resource: {
        group: 'azid.dev',
        version: 'v1alpha1',
        kind: 'IdentityAttachment',
        plural: 'x',
        namespaced: true,
      },
      observe: async (object: IdentityAttachment, context: ReconcileContext) => {
        this.observed.push(object);
        this.contexts.push(context);
        this.onObserve();
      },
      removals: ['remove'],
      ownedInAzure: {
        of: ({ metadata }: IdentityAttachment) => [{ key: armKey(ownedId(metadata.name)) }],
        ownersOf: () => ['shop/web'],
      },
      decide: (object: IdentityAttachment, _facts: undefined, failed?: FailedAction<Step>) => {
        const decision = this.decide(object, failed);
        return this.placing && decision !== DONE ? { ...decision, needsLive: ['it'] } : decision;
      },
      takePlace: (_decision: AnyDecision, context: ReconcileContext) =>
        this.scheduler.takePlace({ ...WRITE, ...context }),
      perform: async (action: Own, _object: IdentityAttachment, context: ReconcileContext) => {
        if (action.type === 'remove') this.remove(action.id);
        else await this.azure(action.what, context);
        return this.performed(action);
      },
      forget: (key: string, uid?: string, moved?: boolean) =>
        void this.forgotten.push(`${key} ${uid} ${moved ?? false}`),
    } as unknown as Kind<IdentityAttachment, undefined, Step, object>;
    const { memory } = this;
    this.reconciler = new Reconciler(kind, {
      memory,
      client: this.#client(),
      store: this.store,
      events: { record: (event) => void this.events.push(event) },
      journal: this.journal,
      clock: this.clock,
      permissions: () => this.permissions,
      catchUp,
    });
    this.store.showAs((object) => memory.shown(object));
  }

  /** A write to Azure, in its rate-limit scope: 20 seconds for each but the first. */
  azure(what: string, context?: ReconcileContext): Promise<void> {
    const { isStale, waits, turn } = context ?? {};
    return this.scheduler.run({ ...WRITE, isStale, waits, turn }, async () => {
      this.written.push(what);
      this.meanwhile();
    });
  }

  put(
    metadata: Parameters<typeof meta>[1] = {},
    status: object = { conditions: [READY] },
    spec: object = {},
  ): void {
    put(this.store, {
      metadata: { ...meta('web', metadata), resourceVersion: String(++this.#version) },
      spec: { target: {}, ...spec },
      status,
    } as unknown as IdentityAttachment);
  }

  delete(): void {
    const object = this.store.get('shop/web');
    if (object) this.store.recordDelete(object);
  }

  request(more: Partial<ReconcileRequest> = {}): ReconcileRequest {
    return {
      key: 'shop/web',
      priority: 'edit',
      attempt: 1,
      reconcileId: 'id',
      signal: new AbortController().signal,
      log: silentLog,
      turn: 'shop',
      waits: this.waits,
      ...more,
    };
  }

  #client(): KubeClient {
    const apply = async (_resource: unknown, object: Applied) => {
      this.applied.push(object);
      const resourceVersion = String(++this.#version);
      const before = this.store.get('shop/web');
      await this.onApply();
      const now = this.store.get('shop/web');
      // The answer to a write of one that has a namesake by now is about itself.
      const current = now?.metadata.uid === before?.metadata.uid ? now : before;
      return { ...current, ...object, metadata: { ...current?.metadata, resourceVersion } };
    };
    const mergePatch = async (
      _resource: unknown,
      _key: unknown,
      { metadata }: { readonly metadata: { readonly finalizers: string[] } },
    ) => {
      const current = this.store.get('shop/web');
      const resourceVersion = String(++this.#version);
      return { ...current, metadata: { ...current?.metadata, ...metadata, resourceVersion } };
    };
    return { apply, mergePatch } as unknown as KubeClient;
  }
}

const WRITE = {
  tenantId: 't',
  credential: 'c',
  kind: 'write',
  provider: AUTHORIZATION,
  priority: 'edit',
} as const;

export const READY = {
  type: 'Ready',
  status: 'True',
  reason: 'Ready',
  message: 'as before',
  lastTransitionTime: '2026-11-23T10:00:00Z',
};
