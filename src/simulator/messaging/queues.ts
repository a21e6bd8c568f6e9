import { z } from 'zod';
import type { Frame } from '../frame.ts';
import { ArmError, type ArmRequest, type Operation, type Params } from '../http/operation.ts';
import { NAMESPACE_TYPE, type Namespaces, QUEUE_TYPE } from '../service-bus/queues/namespaces.ts';
import type { QueueSettings } from '../service-bus/queues/queue.ts';
import { badRequest, type Kept, type KeptResources, readBody, typeOperations } from './kept.ts';

const SECOND = 1000;
const DAY = 86_400 * SECOND;

/** What Azure sets where a queue's body says nothing. */
const DEFAULTS = {
  lockDuration: 'PT1M',
  maxSizeInMegabytes: 1024,
  requiresDuplicateDetection: false,
  requiresSession: false,
  defaultMessageTimeToLive: 'P10675199DT2H48M5.4775807S',
  deadLetteringOnMessageExpiration: false,
  duplicateDetectionHistoryTimeWindow: 'PT10M',
  maxDeliveryCount: 10,
  enableBatchedOperations: true,
  enablePartitioning: false,
  enableExpress: false,
  status: 'Active',
};
/** Set when a queue is made, and never again. */
const FIXED = ['requiresDuplicateDetection', 'requiresSession', 'enablePartitioning'] as const;

const settingsSchema = z.looseObject({
  lockDuration: z.string(),
  requiresDuplicateDetection: z.boolean(),
  requiresSession: z.boolean(),
  enablePartitioning: z.boolean(),
  duplicateDetectionHistoryTimeWindow: z.string(),
  defaultMessageTimeToLive: z.string(),
  maxDeliveryCount: z.number(),
});

/** Queues over ARM. The broker goes by lock, deliveries and duplicates; all else is kept. */
export function queueOperations(
  frame: Frame,
  kept: KeptResources,
  namespaces: Namespaces,
): readonly Operation[] {
  const find = (id: string): Kept | undefined => {
    const queue = namespaces.queue(id);
    return queue && (kept.get(id) ?? shown(queue, { ...DEFAULTS, ...propertiesOf(queue.active.settings) }));
  };

  const put = (request: ArmRequest, { namespaces: of = '', name = '' }: Params): Kept => {
    const namespace = namespaces.byName(of);
    if (!namespace) throw new ArmError(404, 'ParentResourceNotFound', `The namespace '${of}' was not found.`);
    const before = find(request.path);
    const parsed = settingsSchema.safeParse({
      ...DEFAULTS,
      ...before?.properties,
      ...readBody(request.body).properties,
    });
    if (!parsed.success)
      throw badRequest(
        `The property '${parsed.error.issues[0]?.path.join('.') ?? ''}' of the queue is not valid.`,
      );
    const properties = parsed.data;
    const settings = settingsOf(properties);
    // A namespace that the control endpoint made is of the tier Standard.
    const tier = String(kept.get(namespace.id)?.sku?.name ?? 'Standard');
    for (const property of ['requiresDuplicateDetection', 'requiresSession'] as const)
      if (tier === 'Basic' && properties[property])
        throw badRequest(
          `The property '${upper(property)}' can't be set when creating a Queue because the namespace '${of}' is using the 'Basic' Tier.`,
        );
    const changed = before && FIXED.find((each) => properties[each] !== before.properties[each]);
    if (changed)
      throw badRequest(
        `The value for the ${upper(changed)} property of an existing Queue cannot be changed.`,
      );
    if (properties.requiresSession) throw notSimulated('queues with sessions');
    const existing = namespaces.queue(request.path);
    if (existing && !sameSettings(existing.active.settings, settings))
      throw notSimulated('another lock, window or count of deliveries for a queue that is there');
    const queue = namespaces.createQueue(namespace, name, settings);
    const one = shown(queue, properties);
    kept.put(one);
    return one;
  };

  const shown = ({ id, name }: { id: string; name: string }, properties: Kept['properties']): Kept => ({
    id,
    name,
    type: QUEUE_TYPE,
    properties,
  });

  return typeOperations({ frame, type: QUEUE_TYPE, plural: 'serviceBusQueues', find, made: 200, put });
}

/** The limits are documented; the texts are guesses. */
function settingsOf(properties: z.output<typeof settingsSchema>): QueueSettings {
  const { maxDeliveryCount } = properties;
  if (!Number.isInteger(maxDeliveryCount) || maxDeliveryCount < 1 || maxDeliveryCount > 2000)
    throw badRequest(
      `The property 'MaxDeliveryCount' must be a number from 1 to 2000, not '${maxDeliveryCount}'.`,
    );
  between('DefaultMessageTimeToLive', properties.defaultMessageTimeToLive, SECOND, Number.MAX_SAFE_INTEGER);
  return {
    lockDurationMs: between('LockDuration', properties.lockDuration, 5 * SECOND, 300 * SECOND),
    maxDeliveryCount,
    duplicateDetection: properties.requiresDuplicateDetection,
    duplicateWindowMs: between(
      'DuplicateDetectionHistoryTimeWindow',
      properties.duplicateDetectionHistoryTimeWindow,
      20 * SECOND,
      7 * DAY,
    ),
  };
}

function between(name: string, text: string, least: number, most: number): number {
  const ms = durationMs(text);
  if (ms !== undefined && ms >= least && ms <= most) return ms;
  throw badRequest(
    `The value for the ${name} property is '${text}', which is not valid. It must be a duration from ${least / SECOND} s to ${most / SECOND} s.`,
  );
}

const propertiesOf = (settings: QueueSettings) => ({
  lockDuration: `PT${settings.lockDurationMs / SECOND}S`,
  maxDeliveryCount: settings.maxDeliveryCount,
  requiresDuplicateDetection: settings.duplicateDetection,
  duplicateDetectionHistoryTimeWindow: `PT${settings.duplicateWindowMs / SECOND}S`,
});

const sameSettings = (a: QueueSettings, b: QueueSettings) =>
  (Object.keys(b) as (keyof QueueSettings)[]).every((key) => a[key] === b[key]);

const upper = (name: string) => `${name.charAt(0).toUpperCase()}${name.slice(1)}`;

const notSimulated = (what: string) =>
  new ArmError(
    501,
    'NotSimulated',
    `The simulated Azure of azid does not know ${what} of ${NAMESPACE_TYPE}; docs/reference/simulator.md lists what it does.`,
  );

/** ISO 8601 durations without years and months, as Service Bus takes them: `PT1H`, `P2D`, `PT20S`. */
const DURATION = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;

/** ms; undefined for what is none. */
function durationMs(text: string): number | undefined {
  const [, days, hours, minutes, seconds] = DURATION.exec(text) ?? [];
  const parts = [days, hours, minutes, seconds];
  if (parts.every((part) => part === undefined)) return undefined;
  const [d = 0, h = 0, m = 0, s = 0] = parts.map((part) => Number(part ?? 0));
  return (((d * 24 + h) * 60 + m) * 60 + s) * 1000;
}
