/** What a link attaches to: `orders`, `orders/$DeadLetterQueue`, `orders/$management`; case does not matter. */
export interface EntityPath {
  /** Name of the queue. */
  readonly queue: string;
  readonly deadLetters: boolean;
  readonly management: boolean;
}

/** Undefined for what is none: `$cbs` is no entity. */
export function parseEntityPath(address: string | undefined): EntityPath | undefined {
  // Some clients give the whole address, `amqps://host/orders`.
  const path = (address ?? '').replace(/^[a-z]+:\/\/[^/]*/i, '').replace(/^\/+|\/+$/g, '');
  const parts = path.split('/');
  const management = parts.at(-1)?.toLowerCase() === '$management';
  if (management) parts.pop();
  const deadLetters = parts.at(-1)?.toLowerCase() === '$deadletterqueue';
  if (deadLetters) parts.pop();
  const queue = parts.join('/');
  return queue === '' || queue.startsWith('$') ? undefined : { queue, deadLetters, management };
}
