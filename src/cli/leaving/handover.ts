import type { Command } from 'commander';
import {
  CLUSTER_FLAGS,
  type ClusterFlags,
  timeoutFlag,
  WITHOUT_CONTROLLER_FLAG,
  YES_FLAG,
} from '../cluster-flags.ts';
import { type Flag, optionOf } from '../flag.ts';

/** `azid handover`: what azid has in one cluster moves to another, while Azure stays as it is. */

export interface HandoverFlags extends ClusterFlags {
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

export type HandoverStep = 'export' | 'import' | 'finish' | 'revert';

export function addHandoverCommand(program: Command): void {
  const parent = program
    .command('handover')
    .description('Move what azid has to another cluster, without a change in Azure: export, import, finish.');
  for (const { name, about, flags } of STEPS) {
    const command = parent.command(name).description(about).allowExcessArguments(false);
    for (const flag of [...CLUSTER_FLAGS, ...flags]) command.addOption(optionOf(flag));
    command.action(async (given: HandoverFlags) => {
      const { runHandover } = await import('./run-handover.ts');
      process.exitCode = await runHandover(name, given);
    });
  }
}
