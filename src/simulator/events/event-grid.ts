/**
 * @module Event Grid as far as system topics of subscriptions and resource groups go: each write, deletion and action at
 * Resource Manager that the Activity Log records makes an event, brought to Service Bus queues (docs/azure-facts.md section 10).
 */
import type { Ending, Endings } from '../activity-log/activity-log.ts';
import { resourceOf } from '../activity-log/record.ts';
import type { AuthorizationPart } from '../authorizer.ts';
import type { Frame } from '../frame.ts';
import type { Change } from '../http/arm.ts';
import type { ArmRequest } from '../http/operation.ts';
import type { Namespaces } from '../service-bus/queues/namespaces.ts';
import { parseScope } from '../world/scope.ts';
import type { Resource } from '../world/world.ts';
import { Deliveries } from './deliveries.ts';
import { childEventOf, eventOf, type ResourceEvent } from './resource-event.ts';
import { Topics } from './topics.ts';

const CREDENTIALS = 'microsoft.managedidentity/userassignedidentities/federatedidentitycredentials';

export class EventGrid implements Disposable {
  readonly topics: Topics;
  readonly deliveries: Deliveries;
  readonly #frame: Frame;
  readonly #authorization: AuthorizationPart;
  readonly #endings: Endings;
  /** What was in a group that a request deletes. */
  readonly #children = new WeakMap<ArmRequest, readonly Resource[]>();

  constructor(
    frame: Frame,
    parts: {
      readonly authorization: AuthorizationPart;
      readonly endings: Endings;
      readonly namespaces: Namespaces;
    },
  ) {
    this.#frame = frame;
    this.#authorization = parts.authorization;
    this.#endings = parts.endings;
    this.topics = new Topics(frame.world);
    this.deliveries = new Deliveries(frame, this.topics, parts.namespaces);
  }

  /** A call that changed, or tried to change, something. Without an event subscription nothing is done. */
  note(change: Change): void {
    if (this.topics.isEmpty || !this.#makesEvents(change)) return;
    const work = this.#endings.workOf(change);
    if (work) void work.ended.then((ending) => this.#publish(change, ending));
    else this.#publish(change, change.status < 400 ? 'Succeeded' : 'Failed');
  }

  /** Called before a group goes, with what is in it. */
  groupGoes(request: ArmRequest, children: readonly Resource[]): void {
    if (!this.topics.isEmpty) this.#children.set(request, children);
  }

  /** An event that nothing here caused, to the event subscriptions of its subject. */
  publish(event: ResourceEvent): void {
    this.deliveries.send(event, this.topics.reaching(event.subject));
  }

  [Symbol.dispose](): void {
    this.deliveries[Symbol.dispose]();
  }

  /** Nothing at management groups or the tenant reaches a topic (reported). */
  #makesEvents({ request, operation }: Change): boolean {
    const scope = parseScope(request.path);
    if (!('subscriptionId' in scope) || scope.subscriptionId === undefined) return false;
    return (
      this.#frame.knobs.values.events.credentials || operation.resourceType.toLowerCase() !== CREDENTIALS
    );
  }

  #publish(change: Change, ending: Ending): void {
    const { clock, knobs, random } = this.#frame;
    const next = () => ({ id: random.uuid(), at: clock.now() });
    const children = this.#children.get(change.request) ?? [];
    if (knobs.values.events.groupDeletion === 'children')
      for (const child of children) {
        const listening = this.topics.reaching(child.id);
        if (listening.length > 0)
          this.deliveries.send(childEventOf(change, child, next(), knobs.values.events), listening);
      }
    const resource = resourceOf(change.request);
    const listening = this.topics.reaching(resource);
    if (listening.length === 0) return;
    const { objectId } = change.request.caller;
    const evidence = this.#authorization.evidence(objectId, change.operation.action, resource);
    this.deliveries.send(eventOf(change, ending, { ...next(), evidence }, knobs.values.events), listening);
  }
}
