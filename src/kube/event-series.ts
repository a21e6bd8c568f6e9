/** An Event as it is sent, and the series to which it belongs: what is alike within ten minutes is one Event with a count. */
import { cutText } from '../runtime/status/message.ts';
import type { Clock } from '../runtime/time/clock.ts';
import { type Event, microTime } from './builtin.ts';
import type { Draft } from './client.ts';
import type { KubeObject } from './types.ts';

export interface EventRecord {
  readonly regarding: KubeObject;
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, stable, at most 128 characters. */
  readonly reason: string;
  /** What azid was doing, CamelCase, at most 128 characters. */
  readonly action: string;
  /** For people; cut at 1 kB, the server's limit. */
  readonly note: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Who reports: each at most 128 characters. */
export interface Reporter {
  /** `azid.dev/controller` or the like: a qualified name. */
  readonly reportingController: string;
  /** The pod. */
  readonly reportingInstance: string;
}

/** Events of one object that say the same. */
export interface Series {
  /** Namespace and name of its Event. */
  readonly namespace: string;
  readonly name: string;
  count: number;
  /** Wall ms. */
  lastObserved: number;
  /** Monotonic ms. */
  lastSeen: number;
  /** Whether the Event exists on the server. */
  created: boolean;
  /** Whether a write of it waits in the queue. */
  queued: boolean;
}

/** Limits of events.k8s.io/v1. */
const NOTE_BYTES = 1024;
const WORD_LENGTH = 128;

/** What Events must have in common to be one series. The note as it is sent. */
export function seriesKey({ regarding, type, reason, action, note }: EventRecord): string {
  return [regarding.metadata.uid, type, reason, action, cutText(note, NOTE_BYTES)].join('\n');
}

/** A series of one. @param random in [0, 1): makes the name of its Event */
export function newSeries(
  { metadata }: KubeObject,
  clock: Pick<Clock, 'now' | 'monotonic'>,
  random: () => number,
): Series {
  const suffix = Math.floor(random() * 2 ** 48).toString(16);
  return {
    // Events about cluster-scoped objects live in `default`, by Kubernetes' convention.
    namespace: metadata.namespace ?? 'default',
    name: `${metadata.name.slice(0, 235)}.${suffix}`,
    count: 1,
    lastObserved: clock.now(),
    lastSeen: clock.monotonic(),
    created: false,
    queued: false,
  };
}

export function eventOf(
  record: EventRecord,
  series: Series,
  { reportingController, reportingInstance }: Reporter,
): Draft<Event> {
  const { apiVersion, kind, metadata } = record.regarding;
  const { name, namespace, uid, resourceVersion } = metadata;
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: {
      name: series.name,
      namespace: series.namespace,
      ...(record.annotations ? { annotations: record.annotations } : {}),
    },
    eventTime: microTime(series.lastObserved),
    type: record.type,
    reason: record.reason.slice(0, WORD_LENGTH),
    action: record.action.slice(0, WORD_LENGTH),
    note: cutText(record.note, NOTE_BYTES),
    regarding: { apiVersion, kind, name, uid, resourceVersion, ...(namespace ? { namespace } : {}) },
    reportingController,
    reportingInstance: reportingInstance.slice(0, WORD_LENGTH),
  };
}
