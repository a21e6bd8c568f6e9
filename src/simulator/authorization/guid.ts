/** GUIDs as the authorization service takes and prints them. */

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const isGuid = (text: string): boolean => GUID.test(text);

/** 32 hex digits without dashes: the form inside the service's messages (docs/azure-facts.md section 5). */
export const bareHex = (guid: string): string => guid.replaceAll('-', '').toLowerCase();

/** The GUID at the end of a full id, or the text itself, lower-case. */
export const trailingGuid = (id: string): string => (id.split('/').at(-1) ?? '').toLowerCase();
