import { elementsOf } from './body.ts';
import { type ReadEvent, readEvent } from './read-event.ts';
import type { Refusal } from './reasons.ts';

/** What a message holds. Both: some of it was understood, and the rest is why the message goes to the dead letters. */
interface ReadMessage {
  readonly events: readonly ReadEvent[];
  /** Of the first part that cannot be understood. */
  readonly refused?: Refusal;
}

/**
 * Reads a message from Event Grid. One event that cannot be understood keeps none of the others.
 * @param queuedAt when it reached the queue, by the broker's clock, wall ms
 */
export function readMessage(body: unknown, queuedAt: number): ReadMessage {
  const found = elementsOf(body);
  if ('refused' in found) return { events: [], refused: found.refused };
  const { elements } = found;
  const events: ReadEvent[] = [];
  let refused: Refusal | undefined;
  for (const [at, element] of elements.entries()) {
    const read = readEvent(element, queuedAt);
    if ('event' in read) events.push(read.event);
    else refused ??= elements.length === 1 ? read.refused : placed(read.refused, at);
  }
  return { events, ...(refused && { refused }) };
}

function placed({ reason, message }: Refusal, at: number): Refusal {
  return { reason, message: `[${at}]: ${message}` };
}
