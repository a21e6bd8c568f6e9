/** Protocol Buffers as bytes (protobuf.dev/programming-guides/encoding), read without the library that wrote them: both would be wrong alike. */

export type Field = number | bigint | Uint8Array;
/** By number, each in the order of the bytes. */
export type Message = ReadonlyMap<number, readonly Field[]>;

export function readMessage(bytes: Uint8Array): Message {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields = new Map<number, Field[]>();
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = view.getUint8(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const value = (type: number): Field => {
    switch (type) {
      case 0:
        return varint();
      case 1:
        at += 8;
        return view.getBigUint64(at - 8, true);
      case 2: {
        const length = Number(varint());
        at += length;
        if (at > bytes.length) throw new Error(`expected ${length} bytes, the message ends before`);
        return bytes.subarray(at - length, at);
      }
      case 5:
        at += 4;
        return view.getUint32(at - 4, true);
      default:
        throw new Error(`expected wire type 0, 1, 2 or 5, got ${type}`);
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const known = fields.get(tag >> 3) ?? [];
    known.push(value(tag & 7));
    fields.set(tag >> 3, known);
  }
  return fields;
}

const isBytes = (field: Field): field is Uint8Array => field instanceof Uint8Array;
export const messagesAt = (message: Message, number: number): Message[] =>
  (message.get(number) ?? []).filter(isBytes).map(readMessage);
export const bytesAt = (message: Message, number: number): Uint8Array =>
  (message.get(number) ?? []).find(isBytes) ?? new Uint8Array();
export const textAt = (message: Message, number: number): string =>
  new TextDecoder('utf-8', { fatal: true }).decode(bytesAt(message, number));
export const numberAt = (message: Message, number: number): number => {
  const field = message.get(number)?.[0] ?? 0;
  return isBytes(field) ? Number.NaN : Number(field);
};
