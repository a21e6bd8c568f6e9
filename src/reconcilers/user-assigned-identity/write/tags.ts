import { MAX_TAGS } from '../../../api/schema/common.ts';
import { type Tags, tag, withoutMarks } from '../../../azure/names/identity-marks.ts';
import { asciiLower, sameText } from '../../../azure/names/text.ts';

/** What the tags of an identity should be, and what a PATCH must say to get there. */

/** Names, as the status has them. */
export function keysOf(tags: Readonly<Record<string, string>>): string[] {
  return Object.keys(tags).sort();
}

/** The spec's tags over the policy's; names that differ only in case are one tag to Azure. */
export function wantedTags(defaults: Tags, spec: Tags): Tags {
  const taken = new Set(Object.keys(spec).map(asciiLower));
  const kept = Object.entries(defaults).filter(([name]) => !taken.has(asciiLower(name)));
  return { ...Object.fromEntries(kept), ...spec };
}

/** Two names of the spec that Azure takes for one, or undefined. */
function ambiguousTag(spec: Tags): string | undefined {
  const seen = new Set<string>();
  return Object.keys(spec).find((name) => {
    const lower = asciiLower(name);
    if (seen.has(lower)) return true;
    seen.add(lower);
    return false;
  });
}

/** The message for a user about what is wrong with the tags an object asks for; undefined: nothing. */
export function tagFault(defaults: Tags, spec: Tags): string | undefined {
  const ambiguous = ambiguousTag(spec);
  if (ambiguous !== undefined)
    return `spec.tags: expected names that differ in more than case, as Azure takes them for one; got '${ambiguous}' twice`;
  const count = Object.keys(wantedTags(defaults, spec)).length;
  if (count > MAX_TAGS)
    return `spec.tags: expected at most ${MAX_TAGS} tags together with the policies' defaults.tags, got ${count}; Azure allows 50 and azid needs some for its marks: remove some here or there`;
  return undefined;
}

/**
 * The whole map to send: ARM replaces `tags` on PATCH instead of merging it (Azure/typespec-azure #1234), so foreign
 * tags go back as they were read. Undefined when nothing differs.
 *
 * @param actual  tags as read for this write
 * @param wanted  tags azid keeps, marks left out
 * @param marks   the marks the identity should carry; every other mark goes
 * @param owned   names azid set earlier: those no longer wanted go
 */
export function tagChange(
  actual: Tags,
  wanted: Tags,
  marks: Tags,
  owned: readonly string[],
): Tags | undefined {
  const wantedNames = new Set(Object.keys(wanted).map(asciiLower));
  const dropped = new Set(owned.map(asciiLower).filter((name) => !wantedNames.has(name)));
  const next: Record<string, string> = {};
  for (const [name, value] of Object.entries(withoutMarks(actual))) {
    if (!dropped.has(asciiLower(name))) next[name] = value;
  }
  for (const [name, value] of Object.entries(wanted)) {
    // Azure keeps the spelling a tag was made with; a second spelling would be a second key in the map we send.
    const spelled = Object.keys(next).find((key) => sameText(key, name)) ?? name;
    next[spelled] = value;
  }
  Object.assign(next, marks);
  return sameTags(actual, next) ? undefined : next;
}

function sameTags(a: Tags, b: Tags): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => tag(b, name) === a[name]);
}
