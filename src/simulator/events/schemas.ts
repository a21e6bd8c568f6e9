import type { ResourceEvent } from './resource-event.ts';

export type EventSchema = 'EventGridSchema' | 'CloudEventSchemaV1_0';

/** An event as a subscription delivers it. */
interface EncodedEvent {
  readonly contentType: string;
  /** JSON. */
  readonly text: string;
  /** The versions that message headers tell. */
  readonly dataVersion?: string;
  readonly metadataVersion: string;
}

/** `topic`: id of the topic's source. `array`: as an array of one (documentation does not say which). */
export function encode(
  event: ResourceEvent,
  topic: string,
  schema: EventSchema,
  array: boolean,
): EncodedEvent {
  const text = (value: object) => JSON.stringify(array ? [value] : value);
  const { id, subject, data, eventType, eventTime } = event;
  switch (schema) {
    case 'EventGridSchema':
      return {
        contentType: 'application/json; charset=utf-8',
        text: text({ ...event, topic, dataVersion: '2', metadataVersion: '1' }),
        dataVersion: '2',
        metadataVersion: '1',
      };
    case 'CloudEventSchemaV1_0':
      return {
        contentType: 'application/cloudevents+json; charset=utf-8',
        text: text({
          specversion: '1.0',
          type: eventType,
          source: topic,
          id,
          time: eventTime,
          subject,
          data,
        }),
        metadataVersion: '1.0',
      };
  }
}
