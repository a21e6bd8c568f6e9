import { asciiLower } from './ascii.ts';
import { MAKERS, type Tags, tag } from './identity-marks.ts';

/**
 * The tag `MAKERS` says as whom azid kept an identity for an object: object ids of the principals by which it signs in, in whichever
 * cluster. It proves nothing about whose the identity is. Two clusters may act as one installation and sign in as different identities;
 * then nothing else in Azure shows in which of them an object stands, and a sweep takes only what its own azid alone has kept
 * (docs/design/2026-11-29-who-made-it.md).
 */

/** A tag holds 256 characters. */
const MOST = 6;
const PRINCIPAL = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** In lower case; undefined: the tag is not there, or no list that azid writes. */
export function makersIn(tags: Tags): readonly string[] | undefined {
  const principals = asciiLower(tag(tags, MAKERS) ?? '')
    .trim()
    .split(/\s+/);
  return principals.every((each) => PRINCIPAL.test(each)) ? principals : undefined;
}

/**
 * The tag as this azid leaves it: nobody is ever taken out of it, so no two of them undo what the other wrote. One that is full, or none
 * that azid writes, stays as it is: no sweep takes what carries it.
 *
 * @param self absent: azid does not know as whom it signs in
 */
export function withMaker(tags: Tags, self: string | undefined): Tags {
  const before = tag(tags, MAKERS);
  const makers = before === undefined ? [] : makersIn(tags);
  const isNamed = self === undefined || !makers || makers.includes(asciiLower(self)) || makers.length >= MOST;
  const value = isNamed ? before : [...makers, asciiLower(self)].join(' ');
  return value === undefined ? {} : { [MAKERS]: value };
}

/** As it stands, and with this azid where another one is named. Where nobody is, nobody knows who kept it before. */
export function keptMakers(tags: Tags, self: string | undefined): Tags {
  return tag(tags, MAKERS) === undefined ? {} : withMaker(tags, self);
}
