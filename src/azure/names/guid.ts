/** GUIDs as Azure gives and takes them: case and dashes vary, so they are compared in one form. */
import { createHash } from 'node:crypto';

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const BARE = /\b([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\b/i;

/** Lower case, with dashes, trimmed; throws `TypeError` with `what` in it for anything that is no GUID. */
export function readGuid(what: string, text: string): string {
  const guid = text.trim().toLowerCase();
  if (!GUID.test(guid)) throw new TypeError(`Expected ${what} to be a GUID, got '${text.slice(0, 100)}'`);
  return guid;
}

export function isGuid(text: string): boolean {
  return GUID.test(text.toLowerCase());
}

/** The GUID at the end of an id, lower case: role definitions are compared by it alone (docs/azure-facts.md section 2). */
export function trailingGuid(what: string, id: string): string {
  return readGuid(what, id.slice(id.lastIndexOf('/') + 1));
}

/** The first GUID in a text, with or without dashes: messages of Azure print it bare (docs/azure-facts.md section 5). */
export function guidInText(text: string): string | undefined {
  const found = BARE.exec(text);
  return found ? found.slice(1).join('-').toLowerCase() : undefined;
}

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
