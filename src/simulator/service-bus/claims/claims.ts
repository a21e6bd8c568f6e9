import type { Authorizer } from '../../authorizer.ts';
import type { Caller } from '../../http/operation.ts';

/** What Service Bus asks for: `Listen` to receive and settle, `Send` to send. */
export type Claim = 'Listen' | 'Send';

/** The data actions behind the claims, of the roles Azure Service Bus Data Receiver and Sender. */
const DATA_ACTION: Readonly<Record<Claim, string>> = {
  Listen: 'Microsoft.ServiceBus/namespaces/messages/receive/action',
  Send: 'Microsoft.ServiceBus/namespaces/messages/send/action',
};

/** The holder of a token: a principal with roles, or a key of the namespace, which may do everything. */
export type Holder = { readonly kind: 'principal'; readonly caller: Caller } | { readonly kind: 'key' };

/** Whether a principal has the claim, without a token: for what is sent from inside of Azure. */
export function mayAs(
  authorizer: Authorizer,
  objectId: string,
  tenantId: string,
  claim: Claim,
  queueId: string,
): boolean {
  const caller = { objectId, appId: '', tenantId, name: '', tokenIssuedAt: Number.POSITIVE_INFINITY };
  return authorizer.mayOnData(caller, DATA_ACTION[claim], queueId);
}

interface Put {
  readonly holder: Holder;
  /** Wall ms. */
  readonly expiresAt: number;
}

/** What one connection may do: the tokens its client has put, by the entity they are for. */
export class Claims {
  /** By path, lower-case, without a slash at its ends: `` is the whole namespace. */
  readonly #put = new Map<string, Put>();
  readonly #authorizer: Authorizer;

  constructor(authorizer: Authorizer) {
    this.#authorizer = authorizer;
  }

  /** A newer token for the same entity takes the place of the older one. */
  put(audience: string, holder: Holder, expiresAt: number): void {
    this.#put.set(pathOf(audience), { holder, expiresAt });
  }

  /** Whether a token that was put for the entity, or for something above it, gives the claim on the queue of that id. */
  allows(claim: Claim, entity: string, queueId: string, now: number): boolean {
    return this.#reaching(entity).some(
      ({ holder, expiresAt }) =>
        expiresAt > now &&
        (holder.kind === 'key' || this.#authorizer.mayOnData(holder.caller, DATA_ACTION[claim], queueId)),
    );
  }

  /** Wall ms at which the last of the tokens that reach the entity ends; undefined when there is none. */
  expiryOf(entity: string): number | undefined {
    const times = this.#reaching(entity).map(({ expiresAt }) => expiresAt);
    return times.length === 0 ? undefined : Math.max(...times);
  }

  #reaching(entity: string): Put[] {
    const path = pathOf(entity);
    return [...this.#put]
      .filter(([above]) => above === '' || path === above || path.startsWith(`${above}/`))
      .map(([, put]) => put);
  }
}

/** `sb://host:port/orders/` -> `orders`. */
function pathOf(audience: string): string {
  return audience
    .toLowerCase()
    .replace(/^[a-z]+:\/\/[^/]*/, '')
    .replace(/^\/+|\/+$/g, '');
}
