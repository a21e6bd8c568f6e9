import type { ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus';
import type { Refusal } from '../events/reasons.ts';

/** What becomes of a message. */
export type Verdict =
  /** Done with. */
  | { readonly outcome: 'completed' }
  /** Given back: it comes again at once. */
  | { readonly outcome: 'abandoned' }
  /** It can never be understood. */
  | { readonly outcome: 'deadLettered'; readonly refused: Refusal };

export type Settlement = Verdict & { readonly message: ServiceBusReceivedMessage };

type Settling = Pick<ServiceBusReceiver, 'completeMessage' | 'abandonMessage' | 'deadLetterMessage'>;

/**
 * Settles every message, and reports for each whether the broker took it. Never rejects.
 *
 * Those of one outcome go together, and dead letters one by one: what is settled in one turn of the event loop `rhea`
 * 3.0.5 writes as one range, and gives the second of it the outcome of the first, so that a good message beside a bad
 * one went to the dead letters with it, for the other's reason (docs/azure-facts.md section 10).
 */
export async function settleAll(
  settlements: readonly Settlement[],
  receiver: Settling,
  onSettled: (settlement: Settlement, error: unknown) => void,
): Promise<void> {
  const settle = async (settlement: Settlement) => {
    try {
      await call(settlement, receiver);
    } catch (error) {
      onSettled(settlement, error ?? new Error('settling failed'));
      return;
    }
    onSettled(settlement, undefined);
  };
  const of = (outcome: Settlement['outcome']) => settlements.filter((each) => each.outcome === outcome);
  await Promise.all(of('completed').map(settle));
  await Promise.all(of('abandoned').map(settle));
  for (const each of of('deadLettered')) await settle(each);
}

function call(settlement: Settlement, receiver: Settling): Promise<unknown> {
  const { message } = settlement;
  switch (settlement.outcome) {
    case 'completed':
      return receiver.completeMessage(message);
    case 'abandoned':
      return receiver.abandonMessage(message);
    case 'deadLettered': {
      const { reason, message: description } = settlement.refused;
      return receiver.deadLetterMessage(message, {
        deadLetterReason: reason,
        deadLetterErrorDescription: description,
      });
    }
  }
}
