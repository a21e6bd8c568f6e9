/**
 * A lock token travels in two ways: as delivery tag in the byte order of a .NET GUID, where the first three groups are
 * turned round, and in `$management` requests as the plain bytes of the UUID that clients show.
 */

/** Where each byte of one order stands in the other; the same way there and back. */
const ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

export function tagOf(lockToken: string): Buffer {
  const plain = Buffer.from(lockToken.replaceAll('-', ''), 'hex');
  return Buffer.from(ORDER.map((at) => plain[at] ?? 0));
}

export function tokenOfTag(tag: Buffer): string {
  return tokenOfBytes(Buffer.from(ORDER.map((at) => tag[at] ?? 0)));
}

/** Of a `$management` request. */
export function tokenOfBytes(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
