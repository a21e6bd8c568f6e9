import { z } from 'zod';
import type { Authorizer } from '../authorizer.ts';
import { ArmedFaults } from '../faults.ts';
import type { Foundation } from '../frame.ts';
import type { Callers } from '../http/request-log.ts';
import type { AccessTokens } from '../token/access-tokens.ts';
import type { Namespaces } from './queues/namespaces.ts';

/** What the connections of the broker share. */
export interface BrokerParts extends Foundation {
  readonly namespaces: Namespaces;
  readonly faults: BrokerFaults;
  readonly tokens: AccessTokens;
  readonly callers: Callers;
  readonly authorizer: Authorizer;
  /** Called for every token that is put. */
  readonly onToken: (token: PutToken) => void;
}

/** A token that a client put, as the control endpoint shows it. */
export interface PutToken {
  /** The entity it is for, as the client wrote it. */
  readonly audience: string;
  readonly type: string;
  /** Object id of the principal; empty for a key. */
  readonly principal: string;
  readonly status: number;
}

const queue = z.string().optional();
const count = z.number().int().min(1).optional();

/** What shall go wrong at the broker, where and how often. */
export const brokerFaultSchema = z.discriminatedUnion('at', [
  /** `$cbs` refuses tokens with a status, or does not answer. */
  z.strictObject({
    at: z.literal('put-token'),
    effect: z.enum(['status', 'silence']).default('status'),
    status: z.number().int().min(400).max(599).default(500),
    description: z
      .string()
      .default('The service was unable to process the request; please retry the operation.'),
    /** So many times; until cleared without. */
    count,
  }),
  /** A link to the queue, or to any, is refused. */
  z.strictObject({
    at: z.literal('attach'),
    effect: z.literal('refuse').default('refuse'),
    condition: z.string().default('amqp:internal-error'),
    description: z
      .string()
      .default('The service was unable to process the request; please retry the operation.'),
    queue,
    count,
  }),
  /** A settlement is carried out and not answered, or answered as if the lock were lost and not carried out. */
  z.strictObject({
    at: z.literal('settle'),
    effect: z.enum(['silence', 'lock-lost']).default('silence'),
    queue,
    count,
  }),
]);

type BrokerFault = z.output<typeof brokerFaultSchema>;

export class BrokerFaults extends ArmedFaults<BrokerFault> {
  /** The first that strikes here. Counts it. */
  strike<At extends BrokerFault['at']>(where: {
    readonly at: At;
    readonly queue: string;
  }): Extract<BrokerFault, { at: At }> | undefined {
    const struck = this.first(
      ({ fault }) =>
        fault.at === where.at &&
        !('queue' in fault && fault.queue !== undefined && !same(fault.queue, where.queue)),
    );
    return struck as Extract<BrokerFault, { at: At }> | undefined;
  }
}

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
