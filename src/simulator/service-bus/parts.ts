import type { Authorizer } from '../authorizer.ts';
import type { Foundation } from '../frame.ts';
import type { Callers } from '../http/callers.ts';
import type { AccessTokens } from '../token/access-tokens.ts';
import type { PutToken } from './amqp/cbs.ts';
import type { BrokerFaults } from './faults.ts';
import type { Namespaces } from './queues/namespaces.ts';

/** What the connections of the broker share. */
export interface BrokerParts extends Foundation {
  readonly namespaces: Namespaces;
  readonly faults: BrokerFaults;
  readonly tokens: Pick<AccessTokens, 'verify'>;
  readonly callers: Pick<Callers, 'nameOf'>;
  readonly authorizer: Authorizer;
  /** Hears of every token that is put. */
  readonly onToken: (token: PutToken) => void;
}
