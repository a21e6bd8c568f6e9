import { Option } from 'commander';
import type { Flag } from './controller/controller-flags.ts';

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
