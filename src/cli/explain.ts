/** `azid explain REASON`: what a reason means, and what to do about it. */
import { type Command, Option } from 'commander';
import type { ExplainedReason, Explanation } from '../explain/explain.ts';
import { EXIT, printed } from './run-command.ts';
import { table } from './table.ts';

interface ExplainFlags {
  readonly kind?: string;
  readonly output: 'text' | 'json';
}

export function addExplainCommand(program: Command): void {
  program
    .command('explain')
    .description(
      'Explain a reason of a condition or an Event: what it means, what to do, for which kinds. Without one, all are listed. Asks neither cluster nor Azure. Exits 1 when there is no such reason, with those that are nearly it.',
    )
    .argument('[reason]', 'such as PolicyDenied, in any case')
    .addOption(new Option('--kind <kind>', 'what it means for this kind alone; short names, too'))
    .addOption(
      new Option('-o, --output <form>', 'form of the result').choices(['text', 'json']).default('text'),
    )
    .allowExcessArguments(false)
    .action(async (reason: string | undefined, flags: ExplainFlags) => {
      process.exitCode = await run(reason, flags);
    });
}

async function run(word: string | undefined, { output, kind: name }: ExplainFlags): Promise<number> {
  // Only now: the schemas of the kinds are far larger than reading flags.
  const [{ kindNamed }, { explain, kindsText, REASONS }] = await Promise.all([
    import('../api/index.ts'),
    import('../explain/explain.ts'),
  ]);
  const kind = name === undefined ? undefined : kindNamed(name)?.resource.kind;
  if (name !== undefined && kind === undefined) {
    process.stderr.write(
      `azid explain: --kind: expected a kind of azid such as RoleGrant or its short name grant, got '${name}'\n`,
    );
    return EXIT.failed;
  }
  if (word === undefined) {
    const all = REASONS.filter(({ kinds }) => kind === undefined || kinds.includes(kind));
    await printed(output === 'json' ? json({ reasons: all }) : listText(all, kindsText));
    return EXIT.done;
  }
  const explanation = explain(REASONS, word, kind);
  if (output === 'json') await printed(json(explanation));
  else if (explanation.found) await printed(explanationText(explanation, kindsText));
  else process.stderr.write(unknownText(word, explanation.near, kind));
  return explanation.found ? EXIT.done : EXIT.failed;
}

const json = (value: object) => `${JSON.stringify(value, undefined, 2)}\n`;

/** The kinds that a row is about. */
type KindsText = (row: ExplainedReason) => string;

function explanationText(
  { reason, rows }: Extract<Explanation, { found: true }>,
  kindsText: KindsText,
): string {
  const lines = rows.flatMap((row) => {
    const { section, heading, state, meaning, action } = row;
    const where = [section, heading].filter((each) => each !== undefined).join(', ');
    return [
      '',
      `${kindsText(row)}: ${where}${state === undefined ? '' : ` (${state})`}`,
      `  means: ${meaning}`,
      ...(action === undefined ? [] : [`  do:    ${action}`]),
    ];
  });
  return `${[reason, ...lines].join('\n')}\n`;
}

/** Each reason once, with those who may have it. */
function listText(rows: readonly ExplainedReason[], kindsText: KindsText): string {
  const cells = [...Map.groupBy(rows, ({ reason }) => reason)]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([reason, all]) => [reason, [...new Set(all.map(kindsText))].join(', ')]);
  return `${table([['REASON', 'OF'], ...cells]).join('\n')}\n`;
}

function unknownText(word: string, near: readonly string[], kind: string | undefined): string {
  const of = kind === undefined ? '' : ` of ${kind}`;
  const hint =
    near.length === 0 ? 'azid explain without a reason lists all' : `did you mean ${near.join(', ')}?`;
  return `azid explain: expected a reason that azid gives${of}, got '${word}'; ${hint}\n`;
}
