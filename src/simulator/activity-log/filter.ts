/** `resourceId` is what `az` sends for `resourceUri`. */
const FIELDS = [
  'resourcegroupname',
  'resourceuri',
  'resourceid',
  'resourceprovider',
  'correlationid',
] as const;

export interface EventFilter {
  /** Wall ms. */
  readonly from: number;
  readonly to: number;
  readonly field?: (typeof FIELDS)[number];
  readonly value: string;
}

const TIME = /^eventTimestamp\s+(ge|le)\s+'?([^']+?)'?$/i;
const TERM = /^(\w+)\s+eq\s+'?([^']*?)'?$/i;
/** Some clients name the channels; all there is comes by these. */
const CHANNELS = /^eventChannels\s+eq\s+/i;

/**
 * Reads the `$filter`: a time range, alone or with exactly one of the fields (docs/azure-facts.md section 16.2). A text is what is
 * wrong with it.
 */
export function readEventFilter(text: string | undefined): EventFilter | string {
  if (text === undefined || text.trim() === '') return 'The $filter query parameter is required.';
  let filter: EventFilter = { from: Number.NaN, to: Number.POSITIVE_INFINITY, value: '' };
  for (const part of text.split(/\s+and\s+/i)) {
    const term = part.trim();
    if (CHANNELS.test(term)) continue;
    const [, bound, moment = ''] = TIME.exec(term) ?? [];
    if (bound !== undefined) {
      const at = Date.parse(moment);
      if (Number.isNaN(at)) return `The time '${moment}' of $filter is invalid.`;
      filter = bound.toLowerCase() === 'ge' ? { ...filter, from: at } : { ...filter, to: at };
      continue;
    }
    const [, name = '', value = ''] = TERM.exec(term) ?? [];
    const field = FIELDS.find((each) => each === name.toLowerCase());
    if (field === undefined || filter.field !== undefined) return `The $filter '${text}' is not supported.`;
    filter = { ...filter, field, value };
  }
  return Number.isNaN(filter.from) ? 'The $filter must have the start of a time range.' : filter;
}
