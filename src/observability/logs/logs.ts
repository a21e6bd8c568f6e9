import { pino } from 'pino';
import type { Fields, Log } from '../../runtime/log.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import { redactFields, redactText } from './redact.ts';

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
