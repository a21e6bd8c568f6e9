/**
 * The last net under log lines: code must not log secrets in the first place, but an error of a library
 * can carry a whole request. What is found here is replaced, not dropped, so that one sees there was something.
 */

const REDACTED = '[redacted]';

/** Deeper, longer and wider values are cut: a log line is no dump. */
const MAX_DEPTH = 6;
const MAX_ITEMS = 100;
const MAX_STRING = 4_096;

/** Fields that hold a secret by their name, whatever they contain. `credential` is a name in azid, so it stays. */
const SECRET_NAME =
  /^(proxy-)?authorization$|^(set-)?cookie$|(token|secret|assertion|password|passphrase|(private|api|access|account)[-_]?key|connection[-_]?string)$/i;

/** Secrets inside text: each with what stays of it. */
const SECRETS_IN_TEXT: readonly (readonly [RegExp, string])[] = [
  [/\b(Bearer|Basic|SharedAccessSignature)\s+[\w.~+/=%&-]{6,}/gi, `$1 ${REDACTED}`],
  // A JWT: two parts of base64url JSON ({" is eyJ), and a signature that may be missing.
  [/\beyJ[\w-]{4,}\.[\w-]{4,}(\.[\w-]*)?/g, REDACTED],
  [
    /\b(\w*(?:_|-)?(?:token|secret|assertion|password)|SharedAccessKey|AccountKey|sig)("?\s*[=:]\s*"?)[^\s"&;,}]{4,}/gi,
    `$1$2${REDACTED}`,
  ],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, REDACTED],
];

export function redactText(text: string): string {
  let clean = text.length > MAX_STRING ? `${text.slice(0, MAX_STRING)}…` : text;
  for (const [pattern, replacement] of SECRETS_IN_TEXT) clean = clean.replace(pattern, replacement);
  return clean;
}

/** A copy of `fields` for a log line: plain JSON values, secrets replaced. `stacks`: keep the stacks of errors. */
export function redactFields(
  fields: Readonly<Record<string, unknown>>,
  { stacks }: { readonly stacks: boolean },
): Record<string, unknown> {
  const clean = (name: string, value: unknown, depth: number, above: readonly object[]): unknown => {
    if (typeof value === 'string') return SECRET_NAME.test(name) ? REDACTED : redactText(value);
    if (typeof value === 'bigint') return String(value);
    if (typeof value === 'function' || typeof value === 'symbol') return undefined;
    if (typeof value !== 'object' || value === null) return value;
    if (SECRET_NAME.test(name)) return REDACTED;
    if (depth >= MAX_DEPTH || above.includes(value)) return '…';
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
    const inside = [...above, value];
    if (Array.isArray(value) || value instanceof Set) {
      return [...value].slice(0, MAX_ITEMS).map((item) => clean('', item, depth + 1, inside));
    }
    const entries = value instanceof Error ? partsOfError(value, stacks) : entriesOf(value);
    return Object.fromEntries(
      entries.slice(0, MAX_ITEMS).map(([key, item]) => [key, clean(key, item, depth + 1, inside)]),
    );
  };
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, clean(key, value, 0, [])]));
}

function entriesOf(value: object): [string, unknown][] {
  return value instanceof Map ? [...value].map(([key, item]) => [String(key), item]) : Object.entries(value);
}

/** Only these of an error: libraries hang requests, responses and headers on theirs. */
function partsOfError(error: Error, stacks: boolean): [string, unknown][] {
  const known = ['name', 'message', 'code', 'reason', 'status', 'statusCode', 'cause', 'errors'];
  const parts = known.map((key): [string, unknown] => [key, Reflect.get(error, key)]);
  if (stacks) parts.push(['stack', error.stack]);
  return parts.filter(([, value]) => value !== undefined);
}
