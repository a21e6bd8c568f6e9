import { scopeKey } from '../scope.ts';
import { VERSIONS } from './version-table.ts';

const BY_TYPE = new Map(
  Object.entries(VERSIONS).map(([type, text]) => [scopeKey(type), text.trim().split(/\s+/)] as const),
);

/** What an operation of a type is served at: from the version that brought it, and to the one that was its last. */
interface VersionRange {
  readonly since?: string;
  /** Some operations were dropped again: listing an identity's resources has no stable version. */
  readonly until?: string;
}

/**
 * The versions of one operation (docs/azure-facts.md section 16.9: versions belong to operations, not to types). Throws for a type
 * that the table does not have, which is a mistake of whoever adds an operation.
 */
export function versionsOf(type: string, { since = '', until = '9' }: VersionRange = {}): readonly string[] {
  const versions = BY_TYPE.get(scopeKey(type));
  if (!versions) throw new Error(`expected ${type} to be in the table of versions (version-table.ts)`);
  return versions.filter((version) => version >= since && version <= until);
}

const STABLE = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;

/**
 * Whether a version is served: one of those known, in any case, or a stable one that is newer than all stable ones known
 * and not of the future. Azure may have brought it since the table was written; it never had one between two of them.
 */
export function serves(known: readonly string[], version: string, today: string): boolean {
  const asked = version.toLowerCase();
  if (known.some((each) => each.toLowerCase() === asked)) return true;
  const newest = known
    .filter((each) => STABLE.test(each))
    .sort()
    .at(-1);
  return newest !== undefined && STABLE.test(asked) && asked > newest && asked <= today;
}
