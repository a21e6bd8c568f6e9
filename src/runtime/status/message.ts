/** Messages for people, cut to where they are shown: in a condition, in a table, in an Event. */

/**
 * Longest message of a condition, in UTF-16 units. metav1.Condition takes 32,768, but a message is read in a terminal
 * and goes out with each status write, and the same text is refused in an Event above 1,024 (events.k8s.io/v1).
 */
export const MAX_MESSAGE = 1_024;

/** Cuts a message at `max` UTF-16 units, the last an ellipsis; never in the middle of a character. */
export function cut(message: string, max = MAX_MESSAGE): string {
  if (message.length <= max) return message;
  const head = message.slice(0, max - 1);
  return `${head.isWellFormed() ? head : head.slice(0, -1)}…`;
}

/** `kubectl get azid` with it fits 120 columns: src/api/schema/kind.ts. */
export const MAX_SHORT_MESSAGE = 44;

const ARM_ID = /\/(?:subscriptions|providers)\/[^\s,;:'"`]*[^\s,;:.'"`)]/gi;

const GUID = /\b([0-9a-f]{8})(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi;

/**
 * A condition's message for a table: its first clause, which is the finding; the remedy comes after it. Ids are
 * shortened to the parts that differ. Nothing that is decided may depend on it.
 */
export function shortMessage(message: string): string {
  const [clause = ''] = message.split(/; |\n/, 1);
  const short = clause
    .replace(ARM_ID, (id) => `…/${id.split('/').at(-1)}`)
    .replace(GUID, '$1…')
    .trim();
  const letters = [...short];
  if (letters.length <= MAX_SHORT_MESSAGE) return short;
  const cut = letters.slice(0, MAX_SHORT_MESSAGE - 1).join('');
  const word = cut.lastIndexOf(' ');
  // A word that alone is as long as the line is cut in its middle.
  return `${(word > MAX_SHORT_MESSAGE / 2 ? cut.slice(0, word) : cut).replace(/[\s,:(…]+$/, '')}…`;
}

const encoder = new TextEncoder();

const decoder = new TextDecoder();

/**
 * Cuts `text` to at most `maxBytes` of UTF-8, on a character boundary and with an ellipsis. Status messages and event
 * notes have limits in bytes (events.k8s.io/v1 refuses a note above 1024).
 */
export function cutText(text: string, maxBytes: number): string {
  // A UTF-16 unit is at most 3 bytes of UTF-8, so most texts need no encoding to know that they fit.
  if (text.length * 3 <= maxBytes) return text;
  const bytes = encoder.encode(text);
  if (bytes.length <= maxBytes) return text;
  const ellipsis = '…';
  let end = Math.max(0, maxBytes - encoder.encode(ellipsis).length);
  // 10xxxxxx is the middle of a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return decoder.decode(bytes.subarray(0, end)) + ellipsis;
}
