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
    but: 'reported both ways (`serviceBus.locksEndWithLink`)',
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

export const EVENT_ORIGINS: readonly MessagingRow[] = [
  {
    what: 'an event for each PUT, PATCH, POST and DELETE at Resource Manager, by what it came to; none for GET',
    origin: 'documentation',
    but: 'that refused calls make `…Failure` is inferred from the Activity Log, and that work makes its event at its end',
  },
  {
    what: 'fields of the event in the Event Grid schema and in CloudEvents 1.0',
    origin: 'documentation',
    but: '`evidence` is an empty list in an event recorded in 2018; operation names spelt otherwise by knob (`events.operationNames`)',
  },
  {
    what: '`httpRequest` in updates, deletions and actions alone',
    origin: 'documentation',
    but: 'what counts as an update is a guess: any answer but 201 (`events.httpRequest`)',
  },
  {
    what: '`/resourcegroups/` in the subjects of writes, `/resourceGroups/` in those of deletions',
    origin: 'documentation',
    but: 'of the samples: case is not stable (`events.subjects`)',
  },
  {
    what: 'a deleted group makes an event for each resource in it',
    origin: 'guess',
    but: 'or for itself alone (`events.groupDeletion`)',
  },
  {
    what: 'federated credentials make no event',
    origin: 'guess',
    but: 'no report shows one (`events.credentials`)',
  },
  {
    what: 'assignments at management groups and the tenant reach no topic',
    origin: 'guess',
    but: 'reported',
  },
  {
    what: 'one system topic per source, in the source’s subscription; filters of at most 25 values, without case',
    origin: 'documentation',
  },
  {
    what: 'a message per event with `MessageId` = event id and the `aeg-` properties',
    origin: 'documentation',
    but: 'whether its body is an object or an array of one is unsure (`events.body`)',
  },
  {
    what: 'delivery at least once, in no order; retries after 10 s to 12 h with jitter, 30 attempts, 24 h; dead letters 5 min later',
    origin: 'documentation',
    but: 'lag and the share of doubles are guesses (`events.lagMs`, `events.duplicateShare`)',
  },
  {
    what: 'delivery by an identity with Azure Service Bus Data Sender',
    origin: 'documentation',
    but: 'that it is tried again without the role is inferred',
  },
];
