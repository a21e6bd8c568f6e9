/** The connection to one queue of Service Bus: messages are received by it, and settled. */
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { TokenCredential } from '@azure/identity';
import type { ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus';
import type { Refusal } from '../events/envelope.ts';

/** Which queue. */
export interface QueueAddress {
  /** Host name, such as `contoso.servicebus.windows.net`. */
  readonly namespace: string;
  readonly queue: string;
}

/** What all queues share: how azid signs in, and where a namespace is reached. */
export interface BrokerAccess {
  readonly credential: TokenCredential;
  /** In place of the namespace's own host: `sb://127.0.0.1:5671`. */
  readonly endpoint?: string | undefined;
  /** Certificates to trust besides the system's, PEM. */
  readonly caPem?: string | undefined;
  /** Time limit of one call to the broker. Defaults to 10 s. */
  readonly callLimitMs?: number;
}

export interface QueueLink extends AsyncDisposable {
  /** Up to so many; none after so long. Rejects when the signal aborts. */
  receive(atMost: number, waitMs: number, signal: AbortSignal): Promise<readonly ServiceBusReceivedMessage[]>;
  readonly receiver: Pick<ServiceBusReceiver, 'completeMessage' | 'abandonMessage' | 'deadLetterMessage'>;
}

/**
 * As long as a call may take. There are no retries: a client that retries fails with an error without a code, and waits on
 * a clock of its own.
 */
export const CALL_LIMIT_MS = 10_000;
/**
 * How long a call waits for more after its first message. By default the client waits a second, by which everything
 * would be late. The client passes its options on unchanged; a version that ignores this one waits its second.
 */
const MORE_WAIT_MS = 20;

/**
 * A connection to one queue by `@azure/service-bus`, which is loaded with the first: it takes 10 MiB that an azid without a queue
 * does not have to spend. Nothing is asked before the first `receive`.
 */
export async function openQueue(
  { namespace, queue }: QueueAddress,
  access: BrokerAccess,
): Promise<QueueLink> {
  const { ServiceBusClient } = await import('@azure/service-bus');
  if (access.caPem !== undefined) trust(access.caPem);
  const client = new ServiceBusClient(namespace, access.credential, {
    retryOptions: { maxRetries: 0, timeoutInMs: access.callLimitMs ?? CALL_LIMIT_MS },
    ...(access.endpoint !== undefined && { customEndpointAddress: access.endpoint }),
  });
  const receiver = client.createReceiver(queue, {
    receiveMode: 'peekLock',
    // Settled within moments. A lock that is renewed keeps the message of a connection that broke from coming again.
    maxAutoLockRenewalDurationInMs: 0,
    // Bytes: azid limits how much of a foreign text is parsed.
    skipParsingBodyAsJson: true,
  });
  return {
    receiver,
    async receive(atMost, waitMs, signal) {
      const more = { maxTimeAfterFirstMessageInMs: MORE_WAIT_MS };
      return receiver.receiveMessages(atMost, { ...more, maxWaitTimeInMs: waitMs, abortSignal: signal });
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}

const trusted = new Set<string>();

/** The client takes no CA of its own, so the process trusts it; for clients that bring a CA of their own, as all others do, nothing changes. */
function trust(pem: string): void {
  if (trusted.has(pem)) return;
  trusted.add(pem);
  setDefaultCACertificates([...getCACertificates('default'), pem]);
}

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
