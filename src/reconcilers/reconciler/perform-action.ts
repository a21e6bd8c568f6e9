import { FINALIZER, type ManagedObject } from '../../api/schema/common.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { EventRecorder } from '../../kube/events.ts';
import { addFinalizer, removeFinalizer } from '../../kube/finalizers.ts';
import type { Store } from '../../kube/informer/store.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import type { ObjectActivity } from '../activity/object-activity.ts';
import type { CommonAction, ReconcileEvent } from '../decision.ts';
import type { Kind, Performed, ReconcileContext } from '../kind.ts';
import type { StatusWriter } from './status-writer.ts';

export interface PerformerOptions<T extends ManagedObject> {
  readonly client: KubeClient;
  readonly store: Store<T>;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
}

/** What the reconciler makes for its parts. */
interface PerformerParts<T extends ManagedObject, Status extends object> {
  readonly writer: StatusWriter<T, Status>;
  readonly activity: ObjectActivity<T>;
}

/** What became of the object, and with what the reconcile goes on; without an object it is over. */
interface AfterAction<T> {
  readonly object?: T;
  readonly context: ReconcileContext;
}

type Own<Action extends { readonly type: string }, Status> = Exclude<Action, CommonAction<Status>>;

/** Performs one action of a decision: those of all kinds itself, the rest by the kind. */
export class ActionPerformer<
  T extends ManagedObject,
  Facts,
  Action extends { readonly type: string },
  Status extends object,
> {
  readonly #kind: Kind<T, Facts, Action, Status>;
  readonly #options: PerformerOptions<T>;
  readonly #writer: StatusWriter<T, Status>;
  readonly #activity: ObjectActivity<T>;

  constructor(
    kind: Kind<T, Facts, Action, Status>,
    options: PerformerOptions<T>,
    { writer, activity }: PerformerParts<T, Status>,
  ) {
    this.#kind = kind;
    this.#options = options;
    this.#writer = writer;
    this.#activity = activity;
  }

  async perform(action: Action, object: T, context: ReconcileContext): Promise<AfterAction<T>> {
    const { client, store } = this.#options;
    const { resource } = this.#kind;
    const common = action as unknown as CommonAction<Status>;
    switch (common.type) {
      case 'addFinalizer': {
        const next = await addFinalizer(client, resource, object, FINALIZER, context.signal);
        return { object: this.#writer.recordWrite(next), context };
      }
      case 'removeFinalizer': {
        const isDeleting = object.metadata.deletionTimestamp !== undefined;
        const released = isDeleting ? await this.#namingOtherFinalizers(object, context) : object;
        const next = await removeFinalizer(client, resource, released, FINALIZER, context.signal);
        // One that azid itself is about to delete: there is more to do.
        if (next && !isDeleting) return { object: this.#writer.recordWrite(next), context };
        if (next) this.#writer.recordWrite(next);
        else store.recordDelete(object);
        context.log.info({}, 'finalizer removed');
        return { context };
      }
      case 'saveStatus': {
        const next = await this.#writer.save(object, common.status, context);
        return { object: next, context };
      }
      case 'recordEvent': {
        const { drift } = common.event;
        const event = naming(common.event, drift && this.#activity.cause(object, drift));
        // Events live an hour and may be dropped; what stays behind in Azure must be found later, too.
        context.log.info({ reason: event.reason, note: event.message }, 'recorded an Event');
        this.#recordEvent(object, event, context);
        return { object, context };
      }
      default: {
        const done = await this.#kind.perform(action as Own<Action, Status>, object, context);
        if (done.gone) {
          return { context };
        }
        return { object, context: this.#wrote(object, done, context) };
      }
    }
  }

  /**
   * What its status holds is not so any more, and nothing reconciles it again: written before azid removes its
   * finalizer.
   */
  async #namingOtherFinalizers(object: T, context: ReconcileContext): Promise<T> {
    const others = object.metadata.finalizers?.filter((each) => each !== FINALIZER) ?? [];
    if (others.length === 0) return object;
    const message = `azid is done with it; it is kept by finalizers of others: ${others.join(', ')}`;
    return this.#writer.writeConditions(object, { state: 'deleting', message, againMs: 0 }, context);
  }

  /** Every Azure write leaves one log line, one Kubernetes Event (docs/architecture.md section 5) and an entry in the journal. */
  #wrote(object: T, { write }: Performed, context: ReconcileContext): ReconcileContext {
    if (!write) return context;
    const { correlationId } = write;
    const event = naming(write.event, this.#activity.wrote(object, write));
    context.log.info({ reason: event.reason, correlationId, change: event.message }, 'wrote to Azure');
    this.#recordEvent(object, event, context, correlationId);
    return { ...context, wroteAt: this.#options.clock.now() };
  }

  #recordEvent(
    object: T,
    event: ReconcileEvent,
    { reconcileId }: ReconcileContext,
    correlationId?: string,
  ): void {
    this.#options.events.record({
      regarding: object,
      type: event.type,
      reason: event.reason,
      action: event.action,
      note: event.message,
      annotations: {
        'azid.dev/reconcile-id': reconcileId,
        ...(correlationId !== undefined && { 'azid.dev/correlation-id': correlationId }),
      },
    });
  }
}

/** With who did what it is about, where that is known. */
function naming(event: ReconcileEvent, cause: string | undefined): ReconcileEvent {
  return cause === undefined ? event : { ...event, message: `${event.message}; it was ${cause}` };
}
