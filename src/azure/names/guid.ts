/** GUIDs as Azure gives and takes them: case and dashes vary, so they are compared in one form. */

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
