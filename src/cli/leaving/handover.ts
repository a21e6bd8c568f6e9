/** `azid handover`: what azid has in one cluster moves to another, while Azure stays as it is. */
import { readFile } from 'node:fs/promises';
import { text as textOf } from 'node:stream/consumers';
import type { Command } from 'commander';
import type { InstallationDeps } from '../../leaving/objects.ts';
import { CommandRefused } from '../../runtime/command-refused.ts';
import {
  CLUSTER_FLAGS,
  type ClusterFlags,
  type Flag,
  optionOf,
  timeoutFlag,
  WITHOUT_CONTROLLER_FLAG,
  YES_FLAG,
} from '../flag.ts';
import { asAdministrator, EXIT, isConfirmed } from '../run-command.ts';

interface HandoverFlags extends ClusterFlags {
  readonly withoutController?: boolean;
  readonly file?: string;
  readonly yes?: boolean;
  readonly timeout?: number;
}

const STEPS: readonly {
  readonly name: HandoverStep;
  readonly about: string;
  readonly flags: readonly Flag[];
}[] = [
  {
    name: 'export',
    about:
      'On the cluster that is left: end the work of azid there, and write all that it has to stdout. Nothing in Azure changes.',
    flags: [WITHOUT_CONTROLLER_FLAG, timeoutFlag(180_000, '3m')],
  },
  {
    name: 'import',
    about:
      'On the new cluster, before azid is started there: make what was exported. Nothing in Azure changes, and nothing that is there is overwritten.',
    flags: [
      { flags: '-f, --file <path>', about: 'output of azid handover export; -: stdin', required: true },
    ],
  },
  {
    name: 'finish',
    about:
      'On the cluster that is left, once the new one has everything: take the objects away. Nothing in Azure changes.',
    flags: [YES_FLAG, timeoutFlag(300_000, '5m')],
  },
  {
    name: 'revert',
    about: 'On the cluster that is left, if the new one cannot take over: let azid work there again.',
    flags: [YES_FLAG],
  },
];

type HandoverStep = 'export' | 'import' | 'finish' | 'revert';

export function addHandoverCommand(program: Command): void {
  const parent = program
    .command('handover')
    .description('Move what azid has to another cluster, without a change in Azure: export, import, finish.');
  for (const { name, about, flags } of STEPS) {
    const command = parent.command(name).description(about).allowExcessArguments(false);
    for (const flag of [...CLUSTER_FLAGS, ...flags]) command.addOption(optionOf(flag));
    command.action(async (given: HandoverFlags) => {
      process.exitCode = await asAdministrator(`handover ${name}`, given, (deps) => RUN[name](given, deps));
    });
  }
}

type Run = (flags: HandoverFlags, deps: InstallationDeps) => Promise<number>;

/** What a step does is loaded by the step that runs: it is far larger than reading flags. */
const RUN: Readonly<Record<HandoverStep, Run>> = {
  export: async ({ withoutController = false, timeout: timeoutMs = 0 }, deps) => {
    const [{ exportBundle }, { writeBundle }] = await Promise.all([
      import('../../leaving/handover/export.ts'),
      import('../../leaving/handover/bundle.ts'),
    ]);
    const bundle = await exportBundle(deps, { timeoutMs, withoutController });
    await written(writeBundle(bundle));
    const { objects, installationId } = bundle;
    deps.say(`${objects.length} objects of installation ${installationId}; azid does not work here any more`);
    const ofCluster = objects.filter(
      ({ kind, spec }) => kind === 'FederatedIdentityCredential' && 'kubernetes' in spec,
    );
    if (ofCluster.length > 0)
      deps.say(
        `${ofCluster.length} credentials are for ServiceAccounts of their cluster (spec.kubernetes): the new cluster's azid writes its own issuer into them, unless --cluster-issuer gives this one's`,
      );
    return EXIT.done;
  },
  import: async ({ file = '-' }, deps) => {
    const [{ importBundle }, { readBundle }] = await Promise.all([
      import('../../leaving/handover/import.ts'),
      import('../../leaving/handover/bundle.ts'),
    ]);
    const { objects, done } = await importBundle(readBundle(await read(file)), deps);
    if (!done) deps.say(`all ${objects} objects were imported before: nothing was done`);
    return EXIT.done;
  },
  finish: async ({ yes, timeout: timeoutMs = 0 }, deps) => {
    const question = 'All objects of azid go here; Azure stays as it is. Does the new cluster have them all?';
    if (!(await isConfirmed(question, yes, deps.signal))) return EXIT.failed;
    const { finish } = await import('../../leaving/handover/finish.ts');
    const left = await finish(deps, { timeoutMs });
    for (const each of left) deps.say(`still there, held by finalizers of others: ${each}`);
    if (left.length === 0)
      deps.say(
        'nothing of azid is left here but its installation; remove that as the guide to uninstalling says',
      );
    return left.length === 0 ? EXIT.done : EXIT.failed;
  },
  revert: async ({ yes }, deps) => {
    const question = 'azid may be started here again. Is it stopped on the new cluster, for good?';
    if (!(await isConfirmed(question, yes, deps.signal))) return EXIT.failed;
    const { revert } = await import('../../leaving/handover/finish.ts');
    await revert(deps);
    deps.say('azid may be started here again');
    return EXIT.done;
  },
};

async function read(file: string): Promise<string> {
  if (file === '-') return textOf(process.stdin);
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CommandRefused(
      `--file: expected a readable file, got ${file}: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** A pipe takes it in pieces, and the process may end only after the last. */
function written(text: string): Promise<void> {
  return new Promise((done, fail) => process.stdout.write(text, (error) => (error ? fail(error) : done())));
}
