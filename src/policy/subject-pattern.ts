/**
 * Patterns of an IdentityPolicy for the subjects of tokens: `*` stands for any characters but `/` and `:`, `**` for any,
 * `$(namespace)` for the namespace of the object. Everything else stands for itself, and the whole subject must match.
 *
 * Not a regular expression: patterns and subjects are given by people who need not trust each other, and a walk over
 * the places reached so far takes time in proportion to pattern times subject for any two.
 */

type Part =
  | { readonly type: 'text'; readonly text: string }
  /** `*`: stops at `/` and `:`, so that it cannot reach into the next field of a subject. */
  | { readonly type: 'field' }
  | { readonly type: 'anything' };

/** What `*` does not cross. */
const SEPARATORS: ReadonlySet<string> = new Set(['/', ':']);
const NAMESPACE = '$(namespace)';

/** Whether the whole of `subject` is what `pattern` describes; upper and lower case differ, as they do to Entra. */
export function matchesSubject(pattern: string, subject: string, namespace: string): boolean {
  // Places in `subject` that the parts so far can end at.
  let reached = new Uint8Array(subject.length + 1);
  reached[0] = 1;
  for (const part of partsOf(pattern, namespace)) {
    reached = part.type === 'text' ? afterText(reached, part.text, subject) : spread(reached, part, subject);
  }
  return reached[subject.length] === 1;
}

function afterText(reached: Uint8Array, text: string, subject: string): Uint8Array<ArrayBuffer> {
  const next = new Uint8Array(reached.length);
  for (let at = 0; at + text.length < reached.length; at++) {
    if (reached[at] === 1 && subject.startsWith(text, at)) next[at + text.length] = 1;
  }
  return next;
}

function spread(reached: Uint8Array, part: Part, subject: string): Uint8Array<ArrayBuffer> {
  const next = new Uint8Array(reached.length);
  let open = false;
  for (let at = 0; at < reached.length; at++) {
    if (at > 0 && part.type === 'field' && SEPARATORS.has(subject.charAt(at - 1))) open = false;
    open ||= reached[at] === 1;
    if (open) next[at] = 1;
  }
  return next;
}

/** A namespace is put in as text: nothing in it is a pattern. */
function partsOf(pattern: string, namespace: string): Part[] {
  return pattern.split(/(\*+)/).flatMap((piece): Part[] => {
    if (piece === '') return [];
    if (piece === '*') return [{ type: 'field' }];
    if (/^\*+$/.test(piece)) return [{ type: 'anything' }];
    return [{ type: 'text', text: piece.split(NAMESPACE).join(namespace) }];
  });
}

/**
 * Subjects of GitHub Actions with the ids of owner and repository: `repo:contoso@5544123/shop@991:environment:production`.
 * A policy written for names alone does not match them, and the way that suggests itself, `repo:contoso*\/*`, would let
 * `contoso-evil` in: so the refusal says what is safe.
 */

const WITH_IDS = /^repo:([^/:@]+)@(\d+)\/([^/:@]+)@(\d+)(:.*)?$/;

/** What to say where only the ids keep a subject from being allowed; empty otherwise. */
export function hintOfIds(patterns: readonly string[], subject: string, namespace: string): string {
  const parts = WITH_IDS.exec(subject);
  if (!parts) return '';
  const [, owner, ownerId, repository, , context = ''] = parts;
  const named = `repo:${owner}/${repository}${context}`;
  if (!patterns.some((pattern) => matchesSubject(pattern, named, namespace))) return '';
  return `; it allows ${named}, the same repository by its names alone: a pattern that takes its ids is repo:${owner}@${ownerId}/*${context}`;
}
