import { Option } from 'commander';

/** A flag as data: commands, help and the reference page come from tables of these. */
export interface Flag {
  readonly flags: string;
  /** Absent: a switch of one call, which no environment should throw. */
  readonly env?: string;
  readonly about: string;
  readonly parse?: (value: string) => unknown;
  readonly choices?: readonly string[];
  readonly fallback?: unknown;
  /** How the default reads in the help. */
  readonly shown?: string;
  readonly required?: boolean;
}

/** A row of a table of flags, as commander takes it. */
export function optionOf(flag: Flag): Option {
  const option = new Option(flag.flags, flag.about);
  if (flag.env !== undefined) option.env(flag.env);
  if (flag.choices) option.choices(flag.choices);
  if (flag.parse) option.argParser(flag.parse);
  if (flag.fallback !== undefined) option.default(flag.fallback, flag.shown);
  if (flag.required) option.makeOptionMandatory();
  return option;
}
