/** What every module may know about logging. `src/observability/logs/logs.ts` makes one; modules receive it and add their own fields. */
export interface Log {
  /** Everything that is not a change made: reconciles, waits, cache events. */
  debug(fields: Fields, message: string): void;
  /** Changes made, starts and stops. */
  info(fields: Fields, message: string): void;
  /** Something failed and is retried, or waits for a person. */
  warn(fields: Fields, message: string): void;
  /** A fault of azid itself, or one it cannot recover from alone. */
  error(fields: Fields, message: string): void;
  /** A log whose lines all carry `fields` as well. */
  child(fields: Fields): Log;
}

/**
 * Values beside the constant message: `controller`, `namespace`, `name`, `reconcileId` by convention,
 * an `Error` under `error`. Never a token, a header or a payload.
 */
export type Fields = Readonly<Record<string, unknown>>;

/** Says nothing: for tests and for tools that print their own output. */
export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
};
