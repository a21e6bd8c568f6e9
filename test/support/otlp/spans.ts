import { bytesAt, type Message, messagesAt, numberAt, readMessage, textAt } from './wire.ts';

/** A request of OTLP for traces (opentelemetry-proto, collector/trace/v1 and trace/v1), as far as tests read it. */

export type Values = Readonly<Record<string, string | number | boolean>>;

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: none. */
  readonly parentId: string;
  readonly name: string;
  readonly kind: 'internal' | 'client' | 'consumer' | 'other';
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Values;
  readonly events: readonly { readonly name: string; readonly atMs: number; readonly attributes: Values }[];
  readonly failed: boolean;
  readonly statusMessage: string;
  /** Of the process that made it. */
  readonly resource: Values;
}

const KINDS: Readonly<Record<number, ReceivedSpan['kind']>> = { 1: 'internal', 3: 'client', 5: 'consumer' };
const ERROR = 2;

export function spansIn(body: Uint8Array): ReceivedSpan[] {
  return messagesAt(readMessage(body), 1).flatMap((ofResource) => {
    const [resource] = messagesAt(ofResource, 1);
    const values = resource ? valuesAt(resource, 1) : {};
    return messagesAt(ofResource, 2).flatMap((scope) =>
      messagesAt(scope, 2).map((span) => spanOf(span, values)),
    );
  });
}

function spanOf(span: Message, resource: Values): ReceivedSpan {
  const [status = new Map()] = messagesAt(span, 15);
  return {
    traceId: hex(bytesAt(span, 1)),
    spanId: hex(bytesAt(span, 2)),
    parentId: hex(bytesAt(span, 4)),
    name: textAt(span, 5),
    kind: KINDS[numberAt(span, 6)] ?? 'other',
    startMs: numberAt(span, 7) / 1e6,
    endMs: numberAt(span, 8) / 1e6,
    attributes: valuesAt(span, 9),
    events: messagesAt(span, 11).map((event) => ({
      name: textAt(event, 2),
      atMs: numberAt(event, 1) / 1e6,
      attributes: valuesAt(event, 3),
    })),
    failed: numberAt(status, 3) === ERROR,
    statusMessage: textAt(status, 2),
    resource,
  };
}

function valuesAt(message: Message, number: number): Values {
  return Object.fromEntries(
    messagesAt(message, number).map((pair) => [
      textAt(pair, 1),
      readValue(messagesAt(pair, 2)[0] ?? new Map()),
    ]),
  );
}

function readValue(any: Message): string | number | boolean {
  if (any.has(1)) return textAt(any, 1);
  if (any.has(2)) return numberAt(any, 2) === 1;
  if (any.has(3)) return numberAt(any, 3);
  const [double] = any.get(4) ?? [];
  if (typeof double !== 'bigint') throw new Error('expected a text, a boolean or a number');
  return new DataView(BigInt64Array.of(BigInt.asIntN(64, double)).buffer).getFloat64(0, true);
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
