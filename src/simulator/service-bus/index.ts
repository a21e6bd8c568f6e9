/**
 * @module Service Bus as far as queues go: namespaces and queues in the world, and a broker that speaks AMQP 1.0 to
 * unchanged clients (docs/azure-facts.md section 10).
 */
import type { Frame } from '../frame.ts';
import type { Callers } from '../http/callers.ts';
import type { AccessTokens } from '../token/access-tokens.ts';
import type { PutToken } from './amqp/cbs.ts';
import { Broker, type BrokerOptions } from './broker.ts';
import { BrokerFaults } from './faults.ts';
import type { Namespaces } from './queues/namespaces.ts';

export interface ServiceBusPart extends AsyncDisposable {
  readonly namespaces: Namespaces;
  readonly broker: Broker;
  readonly faults: BrokerFaults;
  /** Tokens put at `$cbs`, oldest first: the latest thousand. */
  tokensPut(): readonly PutToken[];
}

const KEPT_TOKENS = 1_000;

export async function createServiceBus(
  frame: Frame,
  parts: {
    readonly tokens: AccessTokens;
    readonly callers: Callers;
    readonly namespaces: Namespaces;
  },
  options: BrokerOptions,
): Promise<ServiceBusPart> {
  const faults = new BrokerFaults();
  const put: PutToken[] = [];
  const onToken = (token: PutToken) => {
    put.push(token);
    if (put.length > KEPT_TOKENS) put.shift();
  };
  const broker = await Broker.start({ ...frame, ...parts, faults, onToken }, options);
  return {
    namespaces: parts.namespaces,
    broker,
    faults,
    tokensPut: () => put,
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  };
}
