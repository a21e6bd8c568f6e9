/** `azid orphans`: what a sweep would list, once, at a terminal. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Candidate } from '../../orphans/report.ts';
import { timestamp } from '../../runtime/status/conditions.ts';
import { unlessAborted } from '../../runtime/time/bounded-waits.ts';
import { systemClock } from '../../runtime/time/clock.ts';
import { withCaPem } from '../azure-flags.ts';
import { type ControllerFlags, FLAGS } from '../controller/controller.ts';
import { optionOf } from '../flag.ts';
import { EXIT, endInterrupted, interruptible, NOTHING_CHANGED } from '../run-command.ts';
import { shortened, table } from '../table.ts';
import type { OrphanReport } from './orphan-report.ts';

type OrphansFlags = Partial<ControllerFlags> & {
  readonly scope: readonly string[];
  readonly output: 'table' | 'wide' | 'json';
};

/** Of the controller: how the cluster and Azure are reached, and as whom. */
const SHARED = new Set([
  '--kubeconfig <path>',
  '--namespace <name>',
  '--cloud <name>',
  '--arm-endpoint <url>',
  '--authority-host <url>',
  '--graph-endpoint <url>',
  '--ca-file <path>',
  '--credential <kind>',
  '--tenant-id <uuid>',
  '--client-id <uuid>',
  '--federated-token-file <path>',
  '--installation-id <uuid>',
  '--directory <bool>',
  '--log-level <level>',
]);

export function addOrphansCommand(program: Command): void {
  const command = program
    .command('orphans')
    .description(
      'List what azid made in Azure and nothing in the cluster stands for any more, and assignments of principals that are gone. Nothing is changed. Exits 2 when there are any, 0 when there are none, 1 when that cannot be told.',
    )
    .allowExcessArguments(false)
    .addOption(
      new Option(
        '--scope <id>',
        'subscription or resource group to look in, by ARM id; may be given several times',
      )
        .argParser((value: string, before: readonly string[] | undefined) => [
          ...(before ?? []),
          scope(value),
        ])
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('-o, --output <form>', 'wide: with whole ids and what keeps each')
        .choices(['table', 'wide', 'json'])
        .default('table'),
    );
  for (const flag of FLAGS) if (SHARED.has(flag.flags)) command.addOption(optionOf(flag));
  command.action(async (flags: OrphansFlags & { caFile?: string }) => {
    process.exitCode = await run(withCaPem(flags));
  });
}

const SCOPE =
  /^\/subscriptions\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\/resourceGroups\/[-_.()a-z0-9]{0,89}[-_()a-z0-9])?$/i;

function scope(value: string): string {
  if (!SCOPE.test(value))
    throw new InvalidArgumentError(
      'Expected the ARM id of a subscription or resource group: /subscriptions/<id> or /subscriptions/<id>/resourceGroups/<name>.',
    );
  return value;
}

function run({ scope, output, ...given }: OrphansFlags): Promise<number> {
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  return interruptible(async (signal) => {
    try {
      // Only now: a report loads nearly all that a controller does.
      const [{ createLog }, { optionsOf }, { reportOrphans }] = await Promise.all([
        import('../../observability/logs/logs.ts'),
        import('../controller/run-controller.ts'),
        import('./orphan-report.ts'),
      ]);
      const flags = { ...defaults(), listenAddress: '0', logFormat: 'text', ...given } as ControllerFlags;
      const log = createLog({
        clock: systemClock,
        level: flags.logLevel === 'info' ? 'warn' : flags.logLevel,
        format: 'text',
      });
      const report = await unlessAborted(
        reportOrphans(optionsOf(flags, process.env, log), scope, say, signal),
        signal,
      );
      process.stdout.write(output === 'json' ? jsonOf(report) : textOf(report, output === 'wide'));
      return exitCodeOf(report);
    } catch (error) {
      if (signal.aborted) return endInterrupted('orphans', NOTHING_CHANGED);
      say(`azid orphans: ${error instanceof Error ? error.message : error}`);
      return EXIT.failed;
    }
  });
}

/** Of those flags of the controller that a report has no use for. */
function defaults(): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    FLAGS.filter(({ fallback }) => fallback !== undefined).map(({ flags, fallback }) => {
      const name = flags.split(' ')[0]?.slice(2) ?? '';
      return [name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()), fallback];
    }),
  );
}

export function exitCodeOf({ observed, report }: OrphanReport): number {
  if (report.candidates.length > 0) return EXIT.found;
  return observed.areas.every(({ state }) => state === 'complete') ? EXIT.done : EXIT.failed;
}

/** As a sweep would list it: times in RFC 3339. */
export function jsonOf({ observed, report }: OrphanReport): string {
  const candidates = report.candidates.map(({ type, id, scope, reason, owner, verdict }) => ({
    type,
    id,
    scope,
    reason,
    ...(owner !== undefined && { owner }),
    ...(verdict.type === 'kept' && { keptBecause: verdict.because }),
    message: messageOf(verdict),
  }));
  const { areas, installationId } = observed;
  const fields = {
    installationId,
    time: timestamp(observed.now),
    areas,
    candidates,
    judged: report.evaluated,
  };
  return `${JSON.stringify(fields, undefined, 2)}\n`;
}

export function textOf({ observed, report }: OrphanReport, wide: boolean): string {
  const incomplete = observed.areas.flatMap(({ scope, state, why }) =>
    state === 'complete' ? [] : [`Not all of ${scope} could be read: ${why ?? state}`],
  );
  const { Identity, RoleAssignment, FederatedIdentityCredential } = report.evaluated;
  const extent = `Looked at ${Identity} identities, ${RoleAssignment} role assignments and ${FederatedIdentityCredential} credentials of installation ${observed.installationId}.`;
  if (report.candidates.length === 0) {
    const none = incomplete.length > 0 ? [] : ['No orphans.'];
    return `${[...none, ...incomplete, extent].join('\n')}\n`;
  }
  const head = ['TYPE', 'REASON', 'OWNER', wide ? 'ID' : 'NAME', ...(wide ? ['MESSAGE'] : [])];
  const rows = report.candidates.map((each) => rowOf(each, wide));
  return `${[...table([head, ...rows]), ...incomplete, extent].join('\n')}\n`;
}

function rowOf({ type, reason, owner = '-', id, verdict }: Candidate, wide: boolean): readonly string[] {
  const kept = verdict.type === 'kept' ? `${reason} (${verdict.because})` : reason;
  return wide ? [type, kept, owner, id, messageOf(verdict)] : [type, kept, owner, shortened(id)];
}

function messageOf(verdict: Candidate['verdict']): string {
  switch (verdict.type) {
    case 'kept':
    case 'reported':
      return verdict.why;
    case 'due':
      return 'a sweep may delete it';
    case 'waiting':
      return `a sweep may delete it from ${timestamp(verdict.until)}`;
  }
}
