import { matchesSubject } from './subject-pattern.ts';

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
