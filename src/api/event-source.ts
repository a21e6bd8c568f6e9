import { z } from 'zod';
import type { KubeObject } from '../kube/types.ts';
import { shaped } from './schema/cel-rules.ts';
import { commonStatus } from './schema/common.ts';
import { azidResource, type CelRule, columnsOf, type KindSchema } from './schema/kind.ts';
import { pastTime, rememberedGuid } from './schema/remembered.ts';

/** 6 to 50 letters, digits and `-`, first a letter (Microsoft Learn "Naming rules"), and the cloud's suffix. */
const namespaceHost = shaped(
  z.string().max(253),
  /^[a-zA-Z][a-zA-Z0-9-]{4,48}[a-zA-Z0-9](\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?){2,6}$/,
  {
    expected: 'the host name of a Service Bus namespace, such as contoso.servicebus.windows.net',
    remedy: 'give the name alone, without sb:// and without a slash; connection strings are not taken',
  },
);

/** 1 to 260 of letters, digits, `.`, `-`, `_` and `/`, a letter or digit at both ends (Microsoft Learn "Naming rules"). */
const queueName = shaped(z.string().min(1).max(260), /^[a-zA-Z0-9]([a-zA-Z0-9._/-]*[a-zA-Z0-9])?$/, {
  expected: 'the name of a queue: letters, digits, . - _ and /, a letter or digit at both ends',
});

const howLong: CelRule = {
  rule: "self.matches('^([0-9]+d)?([0-9]+h)?([0-9]+m)?$') && self.matches('[1-9]')",
  message: 'a duration above zero in days, hours and minutes, such as 24h or 1d12h30m',
  messageExpression:
    "'expected a duration above zero in days, hours and minutes, such as 24h or 1d12h30m, got \\'' + self + '\\''",
};

const spec = z.object({
  serviceBus: z
    .object({
      namespace: namespaceHost.describe(
        "Host name of the namespace. It ends as those of azid's own cloud do, since azid sends a token there.",
      ),
      queue: queueName.describe('Name of the queue in it. It needs no sessions.'),
    })
    .describe('The Service Bus queue that Event Grid brings events to.'),
  expectWithin: z
    .string()
    .max(16)
    .default('24h')
    .meta({ 'x-kubernetes-validations': [howLong] })
    .describe(
      'How long no event is nothing to worry about, as 30m, 24h or 2d. Longer silence is reported by the condition EventsArriving.',
    ),
  suspend: z.boolean().default(false).describe('While true azid receives nothing from the queue.'),
});

/** More than one controller has; those of which no event arrives first. */
export const MAX_SUBSCRIPTIONS = 100;

const subscription = z.object({
  id: rememberedGuid().describe('Of the Azure subscription.'),
  lastEventTime: pastTime()
    .optional()
    .describe('When its last event came by this queue; at most 5 minutes old.'),
  missedSince: pastTime()
    .optional()
    .describe('azid wrote in the subscription then, and no event of it came since, though one should have.'),
});

const status = z.object({
  ...commonStatus,
  lastEventTime: pastTime()
    .optional()
    .describe('When the last event of Resource Manager came; written at most every 5 minutes.'),
  subscriptions: z
    .array(subscription)
    .max(MAX_SUBSCRIPTIONS)
    .optional()
    .describe('The Azure subscriptions in use of which this queue brought events, or should have.'),
});

export type EventSourceSpec = Readonly<z.input<typeof spec>>;
export type EventSourceStatus = Readonly<z.input<typeof status>>;

export interface EventSource extends KubeObject {
  readonly spec: EventSourceSpec;
  readonly status?: EventSourceStatus;
}

export const DEFAULT_EXPECT_WITHIN = '24h';

export const eventSource: KindSchema<EventSource> = {
  resource: azidResource('EventSource', 'eventsources', false),
  singular: 'eventsource',
  shortNames: ['evsrc'],
  description:
    "A queue that Azure's events come to: by them azid hears within seconds of what somebody else changes in Azure.",
  spec,
  status,
  rules: [],
  columns: columnsOf({
    first: [{ name: 'Last event', type: 'date', jsonPath: '.status.lastEventTime' }],
    wide: [
      { name: 'Queue', type: 'string', jsonPath: '.spec.serviceBus.queue' },
      { name: 'Namespace', type: 'string', jsonPath: '.spec.serviceBus.namespace' },
    ],
  }),
};
