import { kindNamed } from '../../api/kind-named.ts';
import { type ExplainedReason, explain } from '../../explain/explain.ts';
// As a module and not as a file read at run time, so that a bundle holds it.
import page from '../../explain/reasons.json' with { type: 'json' };
import { printed } from '../in-cluster.ts';
import { EXIT } from '../interruptible.ts';
import type { ExplainFlags } from './explain-command.ts';
import { explanationText, listText, unknownText } from './explain-text.ts';

const REASONS: readonly ExplainedReason[] = page.reasons;

export async function runExplain(word: string | undefined, flags: ExplainFlags): Promise<number> {
  const { output, kind: name } = flags;
  const kind = name === undefined ? undefined : kindNamed(name)?.resource.kind;
  if (name !== undefined && kind === undefined) {
    process.stderr.write(
      `azid explain: --kind: expected a kind of azid such as RoleGrant or its short name grant, got '${name}'\n`,
    );
    return EXIT.failed;
  }
  if (word === undefined) {
    const all = REASONS.filter(({ kinds }) => kind === undefined || kinds.includes(kind));
    await printed(output === 'json' ? json({ reasons: all }) : listText(all));
    return EXIT.done;
  }
  const explanation = explain(REASONS, word, kind);
  if (output === 'json') await printed(json(explanation));
  else if (explanation.found) await printed(explanationText(explanation));
  else process.stderr.write(unknownText(word, explanation.near, kind));
  return explanation.found ? EXIT.done : EXIT.failed;
}

const json = (value: object) => `${JSON.stringify(value, undefined, 2)}\n`;
