import { pino } from 'pino';
import type { Fields, Log } from '../../runtime/log.ts';
import type { Clock } from '../../runtime/time/clock.ts';

export type { Fields, Log } from '../../runtime/log.ts';
export { silentLog } from '../../runtime/log.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
const LOG_FORMATS = ['json', 'text'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
type LogFormat = (typeof LOG_FORMATS)[number];

export interface LogOptions {
  readonly clock: Clock;
  /** The least urgent level that is written. Defaults to `info`. */
  readonly level?: LogLevel;
  /** JSON lines for machines, or one readable line each. Defaults to `json`. */
  readonly format?: LogFormat;
  /** Takes whole lines. Defaults to standard error, written at once so that the last line before an exit is there. */
  readonly destination?: { write(line: string): unknown };
}

/**
 * The log of a process. A line has `time`, `level`, `msg` (constant) and the fields; anything that resembles a token
 * or an authorization header is replaced. Errors carry their stack at level `error` only: what is retried or waits
 * for a person is no fault of the code.
 */
export function createLog({ clock, level = 'info', format = 'json', destination }: LogOptions): Log {
  const out = destination ?? pino.destination({ fd: 2, sync: true });
  const lines = format === 'json' ? out : { write: (line: string) => out.write(textLine(line)) };
  const logger = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    lines,
  );
  const boundTo = (bound: Fields): Log => {
    const write = (at: LogLevel) => (fields: Fields, message: string) => {
      if (!logger.isLevelEnabled(at)) return;
      logger[at](redactFields({ ...bound, ...fields }, { stacks: at === 'error' }), redactText(message));
    };
    return {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      child: (fields) => boundTo({ ...bound, ...fields }),
    };
  };
  return boundTo({});
}

/** `2026-11-23T10:00:00.000Z INFO  identity created controller=identity namespace=team name=app` */
function textLine(json: string): string {
  const { time, level, msg, ...fields }: Record<string, unknown> = JSON.parse(json);
  const pairs = Object.entries(fields).map(([name, value]) => `${name}=${textValue(value)}`);
  const head = `${time} ${String(level).toUpperCase().padEnd(5)} ${oneLine(String(msg))}`;
  return `${[head, ...pairs].join(' ')}\n`;
}

function textValue(value: unknown): string {
  if (typeof value === 'string') return /^[\w.:/@+-]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value);
}

/** Nothing from outside may start a line of its own. */
function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ');
}

const REDACTED = '[redacted]';

/** Deeper, longer and wider values are cut: a log line is no dump. */
const MAX_DEPTH = 6;
const MAX_ITEMS = 100;
const MAX_STRING = 4_096;

/** Fields that hold a secret by their name, with any content. `credential` is a name in azid, so it stays. */
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

/**
 * The last net under log lines: code must not log secrets in the first place, but an error of a library
 * can carry a whole request. What is found here is replaced, not dropped, so that one sees there was something.
 */
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
