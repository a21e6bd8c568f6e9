import { type Command, Option } from 'commander';

/** `azid explain REASON`: what a reason means, and what to do about it. */

export interface ExplainFlags {
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
      const { runExplain } = await import('./run-explain.ts');
      process.exitCode = await runExplain(reason, flags);
    });
}
