import type { Deployments } from '../deployments/deployments.ts';
import type { Foundation } from '../frame.ts';
import type { LongOperations } from '../hosts/writes/long-operations.ts';
import type { Change } from '../http/arm.ts';
import { draw } from '../random.ts';
import type { OperationResults } from '../resources/operation-results.ts';
import { parseScope } from '../world/scope.ts';
import { type ActivityRecord, begun, ended, type Outcome } from './record.ts';

/** Kept for so long (docs/azure-facts.md section 16.2). */
const KEPT_MS = 90 * 24 * 3600_000;

interface Kept {
  readonly record: ActivityRecord;
  /** Wall ms. */
  readonly visibleAt: number;
}

/**
 * Who changed what (docs/azure-facts.md section 16.2): two records for each write and deletion over Resource Manager, shown after a
 * lag. What the control endpoint's other verbs do reaches no log; its `arm` is someone else's call, and does.
 */
export class ActivityLog {
  #kept: Kept[] = [];
  readonly #foundation: Foundation;
  readonly #endings: Endings;

  constructor(foundation: Foundation, endings: Endings) {
    this.#foundation = foundation;
    this.#endings = endings;
  }

  note(change: Change): void {
    const { clock, random } = this.#foundation;
    const scope = parseScope(change.request.path);
    if (!('subscriptionId' in scope) || scope.subscriptionId === undefined) return;
    const ids = { correlationId: change.correlationId, operationId: random.uuid() };
    const next = () => ({ ...ids, eventDataId: random.uuid(), at: clock.now() });
    this.#keep(begun(change, { ...next(), at: change.startedAt }));
    const work = this.#endings.workOf(change);
    if (!work) {
      this.#keep(ended(change, next(), outcomeOf(change.status)));
      return;
    }
    this.#keep(ended(change, next(), 'Accepted'));
    void work.ended.then((ending) => {
      this.#keep(ended(change, next(), ending === 'Succeeded' ? 'Succeeded' : 'Failed'));
    });
  }

  /** What is shown by now, newest first. */
  shown(): ActivityRecord[] {
    const now = this.#foundation.clock.now();
    this.#kept = this.#kept.filter(({ record }) => Date.parse(record.eventTimestamp) > now - KEPT_MS);
    return this.#kept
      .filter(({ visibleAt }) => visibleAt <= now)
      .map(({ record }) => record)
      .reverse();
  }

  settle(): void {
    this.#kept = this.#kept.map(({ record }) => ({ record, visibleAt: 0 }));
  }

  #keep(record: ActivityRecord): void {
    const { clock, knobs, random } = this.#foundation;
    const lag = draw(knobs.values.propagation.activityLogLagMs, random);
    const submissionTimestamp = new Date(clock.now() + lag).toISOString();
    this.#kept.push({ record: { ...record, submissionTimestamp }, visibleAt: clock.now() + lag });
  }
}

function outcomeOf(status: number): Outcome {
  if (status === 202) return 'Accepted';
  return status < 400 ? 'Succeeded' : 'Failed';
}

/** How a change ended. */
export type Ending = 'Succeeded' | 'Failed' | 'Canceled';

/** Work that goes on after the answer: resolves when it has ended. */
interface Work {
  readonly ended: Promise<Ending>;
}

/** Finds the work that an answer began, by the URL it named. */
export class Endings {
  readonly #operations: LongOperations;
  readonly #results: OperationResults;
  readonly #deployments: Pick<Deployments, 'ended'>;

  constructor(
    operations: LongOperations,
    results: OperationResults,
    deployments: Pick<Deployments, 'ended'>,
  ) {
    this.#operations = operations;
    this.#results = results;
    this.#deployments = deployments;
  }

  /** Undefined where the answer was all. */
  workOf({ headers, request }: Change): Work | undefined {
    const url = headers['azure-asyncoperation'] ?? headers.location;
    const id = /\/operation(?:s|Results)\/([0-9a-f-]{36})\?/i.exec(url ?? '')?.[1];
    if (id === undefined) {
      const ended = url?.includes('/operationStatuses/') ? this.#deployments.ended(request.path) : undefined;
      return ended && { ended };
    }
    const operation = this.#operations.get(id);
    if (operation)
      return {
        ended: operation.done.then(() => (operation.status === 'InProgress' ? 'Failed' : operation.status)),
      };
    const done = this.#results.done(id);
    return done && { ended: done.then(() => 'Succeeded') };
  }
}
