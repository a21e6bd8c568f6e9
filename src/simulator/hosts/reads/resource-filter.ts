import { ArmError } from '../../http/operation.ts';

const FIELDS = [
  'resourcetype',
  'resourcegroup',
  'name',
  'location',
  'tagname',
  'tagvalue',
  'identity/principalid',
] as const;

export interface FilterTerm {
  readonly field: (typeof FIELDS)[number];
  readonly value: string;
}

/** Any of the rows, all terms of it; empty = everything. */
export type ResourceFilter = readonly (readonly FilterTerm[])[];

const TERM = /^([a-z/]+)\s+eq\s+'((?:[^']|'')*)'$/i;

/**
 * Reads the `$filter` of the generic list: `eq` terms joined by `and`, and those by `or`, without brackets. Throws
 * `InvalidFilterInQueryString` for anything else, and for tags beside other fields, which the service does not take.
 */
export function readFilter(text: string | undefined): ResourceFilter {
  if (text === undefined || text.trim() === '') return [];
  const filter = splitAt(text, 'or').map((row) => splitAt(row, 'and').map(readTerm));
  const fields = filter.flat().map(({ field }) => field);
  if (namesTags(filter) && fields.some((field) => !field.startsWith('tag'))) throw invalid(text);
  return filter;
}

export const namesTags = (filter: ResourceFilter): boolean =>
  filter.some((terms) => terms.some(({ field }) => field.startsWith('tag')));

function readTerm(text: string): FilterTerm {
  const [, name = '', value = ''] = TERM.exec(text.trim()) ?? [];
  const field = FIELDS.find((each) => each === name.toLowerCase());
  if (field === undefined) throw invalid(text);
  return { field, value: value.replaceAll("''", "'") };
}

/** Splits at a word outside of quotes. */
function splitAt(text: string, word: 'and' | 'or'): string[] {
  const parts = text.split(new RegExp(`\\s+${word}\\s+(?=(?:[^']*'[^']*')*[^']*$)`, 'i'));
  return parts.map((part) => part.trim());
}

/** Text of Azure/azure-cli#21187; the code is unsure. */
function invalid(text: string): ArmError {
  return new ArmError(
    400,
    'InvalidFilterInQueryString',
    `Invalid $filter '${text}' specified in the query string.`,
  );
}
