import { z } from 'zod';

/** What shall go wrong at the broker, where and how often. */
const queue = z.string().optional();
const count = z.number().int().min(1).optional();

export const brokerFaultSchema = z.discriminatedUnion('at', [
  /** `$cbs` refuses tokens with a status, or says nothing. */
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

export type BrokerFault = z.output<typeof brokerFaultSchema>;

interface Armed {
  readonly id: number;
  readonly fault: BrokerFault;
  hits: number;
}

export class BrokerFaults {
  readonly #armed: Armed[] = [];
  #lastId = 0;

  /** Its id, for `clear`. */
  add(fault: BrokerFault): number {
    this.#lastId += 1;
    this.#armed.push({ id: this.#lastId, fault, hits: 0 });
    return this.#lastId;
  }

  /** One by id, or all; how many there were. */
  clear(id?: number): number {
    const before = this.#armed.length;
    const kept = id === undefined ? [] : this.#armed.filter((armed) => armed.id !== id);
    this.#armed.splice(0, before, ...kept);
    return before - kept.length;
  }

  /** How often it struck; a spent one still tells. */
  hits(id: number): number | undefined {
    return this.#armed.find((armed) => armed.id === id)?.hits;
  }

  /** The first that strikes here. Counts it. */
  strike<At extends BrokerFault['at']>(where: {
    readonly at: At;
    readonly queue: string;
  }): Extract<BrokerFault, { at: At }> | undefined {
    for (const armed of this.#armed) {
      const { fault } = armed;
      if (fault.at !== where.at || armed.hits >= (fault.count ?? Number.POSITIVE_INFINITY)) continue;
      if ('queue' in fault && fault.queue !== undefined && !same(fault.queue, where.queue)) continue;
      armed.hits += 1;
      return fault as Extract<BrokerFault, { at: At }>;
    }
    return undefined;
  }
}

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
