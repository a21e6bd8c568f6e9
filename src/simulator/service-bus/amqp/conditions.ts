import type { Clock } from '../../clock.ts';
import type { Random } from '../../random.ts';

/** An error as AMQP carries it; texts as the service words them (documentation, public reports). */
export interface Condition {
  readonly condition: string;
  readonly description: string;
}

export const LOCK_LOST: Condition = {
  condition: 'com.microsoft:message-lock-lost',
  description:
    'The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue. For more information please see https://aka.ms/ServiceBusExceptions .',
};

export const TOO_LARGE: Condition = {
  condition: 'amqp:link:message-size-exceeded',
  description: 'The received message exceeds the limit allowed on the link.',
};

export const NO_DEFERRAL: Condition = {
  condition: 'amqp:not-implemented',
  description: 'The simulated Service Bus of azid does not defer messages.',
};

export const notFound = (address: string): Condition => ({
  condition: 'amqp:not-found',
  description: `The messaging entity '${address}' could not be found. To know more visit https://aka.ms/sbResourceMgrExceptions.`,
});

export const unauthorized = (claim: string, address: string): Condition => ({
  condition: 'amqp:unauthorized-access',
  description: `Unauthorized access. '${claim}' claim(s) are required to perform this operation. Resource: '${address}'.`,
});

/** The token of an open link ended, and no other was put in time. */
export const tokenEnded = (link: string, claim: string, address: string): Condition => ({
  condition: 'amqp:link:detach-forced',
  description: `The link '${link}' is force detached. Code: RenewToken. Details: ${unauthorized(claim, address).description}.`,
});

export const entityGone = (link: string): Condition => ({
  condition: 'amqp:link:detach-forced',
  description: `The link '${link}' is force detached by the broker because the messaging entity was deleted.`,
});

export const linkIdle = (link: string, role: 'publisher' | 'consumer'): Condition => {
  const origin = role === 'publisher' ? 'AmqpMessagePublisher' : 'AmqpMessageConsumer';
  return {
    condition: 'amqp:link:detach-forced',
    description: `The link '${link}' is force detached by the broker due to errors occurred in ${role}(link1). Detach origin: ${origin}.IdleTimerExpired: Idle timeout: 00:10:00.`,
  };
};

export const connectionIdle = (ms: number): Condition => ({
  condition: 'amqp:connection:forced',
  description: `The connection was inactive for more than the allowed ${ms} milliseconds and is closed by container 'LinkTracker'.`,
});

/** Of the simulator itself. */
export const fault = (error: unknown): Condition => ({
  condition: 'amqp:internal-error',
  description: `SimulatorFault: ${error instanceof Error ? error.message : String(error)}`,
});

/** With what support asks for: an id, a server and a time. */
export function tracked(
  { condition, description }: Condition,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): Condition {
  const id = random.uuid().replaceAll('-', '');
  const time = new Date(clock.now()).toISOString().slice(0, 19);
  return {
    condition,
    description: `${description} TrackingId:${id}_G0, SystemTracker:gateway0, Timestamp:${time}`,
  };
}
