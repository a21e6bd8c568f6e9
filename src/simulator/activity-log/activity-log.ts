import type { Foundation } from '../frame.ts';
import type { Change } from '../http/arm.ts';
import { draw } from '../random.ts';
import { parseScope } from '../scope.ts';
import type { Endings } from './endings.ts';
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
