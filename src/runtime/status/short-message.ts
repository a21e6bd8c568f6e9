/**
 * A condition's message for a table: its first clause, which is the finding; the remedy comes after it. Ids are
 * shortened to the parts that differ. Nothing that is decided may depend on it.
 */

/** `kubectl get azid` with it fits 120 columns: src/api/schema/columns.ts. */
export const MAX_SHORT_MESSAGE = 44;

const ARM_ID = /\/(?:subscriptions|providers)\/[^\s,;:'"`]*[^\s,;:.'"`)]/gi;
const GUID = /\b([0-9a-f]{8})(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi;

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
