import type { Origin } from './origins.ts';

/** What the broker and Event Grid do, and where it is known from: they have no operations of Resource Manager to list. */
export interface MessagingRow {
  readonly what: string;
  readonly origin: Origin;
  /** What of it is known otherwise. */
  readonly but?: string;
}

export const SERVICE_BUS_ORIGINS: readonly MessagingRow[] = [
  {
    what: 'SASL `ANONYMOUS` and `MSSBCBS`, the fields of `open`',
    origin: 'traffic',
    but: 'Azure also offers `PLAIN` and `EXTERNAL`',
  },
  {
    what: '`$cbs` `put-token` with a JWT or a shared access signature; refusals 401',
    origin: 'documentation',
    but: 'the texts are reported; that a token without the role is taken, and the link refused, is a guess',
  },
  {
    what: 'a link without claim, or to no queue, is refused',
    origin: 'documentation',
    but: 'the texts are reported',
  },
  {
    what: 'a link whose token ended is detached (`RenewToken`)',
    origin: 'traffic',
    but: 'reported in public issues',
  },
  {
    what: 'peek-lock with credit, settlement, delivery counts, `MaxDeliveryCountExceeded`, the dead-letter queue',
    origin: 'documentation',
  },
  {
    what: 'whether a lock ends with its link',
    origin: 'guess',
    but: 'told both ways (`serviceBus.locksEndWithLink`)',
  },
  {
    what: '`$management`: `renew-lock`, `update-disposition`, `peek-message`',
    origin: 'documentation',
    but: 'all others answer 501',
  },
  { what: 'duplicate detection by `MessageId` within a window', origin: 'documentation' },
  {
    what: 'an idle link is detached after 10 min, a connection without links closed after 5, a new one after 1',
    origin: 'documentation',
    but: 'that a receiver with credit is not idle is inferred',
  },
  {
    what: 'plain TCP with any key',
    origin: 'documentation',
    but: 'as Microsoft’s emulator (`UseDevelopmentEmulator=true`); Azure itself has TLS alone',
  },
];
