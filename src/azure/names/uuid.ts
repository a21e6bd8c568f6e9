import { createHash } from 'node:crypto';

/**
 * UUIDv5 (RFC 9562 section 5.5): the same name in the same namespace always gives the same UUID. Twelve lines, so no
 * package: names in Azure depend on it for ever, and a test holds it against the RFC's own vector.
 */
export function uuidV5(namespace: string, name: string): string {
  const space = Buffer.from(namespace.replaceAll('-', ''), 'hex');
  if (space.length !== 16) throw new TypeError(`expected the namespace to be a UUID, got '${namespace}'`);
  const hash = createHash('sha1').update(space).update(name, 'utf8').digest().subarray(0, 16);
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
