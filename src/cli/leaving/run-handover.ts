import { readFile } from 'node:fs/promises';
import { text as textOf } from 'node:stream/consumers';
import { CommandRefused, type InstallationDeps } from '../../leaving/deps.ts';
import { readBundle, writeBundle } from '../../leaving/handover/bundle.ts';
import { exportBundle } from '../../leaving/handover/export.ts';
import { finish, revert } from '../../leaving/handover/finish.ts';
import { importBundle } from '../../leaving/handover/import.ts';
import { asAdministrator } from '../as-administrator.ts';
import { EXIT } from '../interruptible.ts';
import { isConfirmed } from './confirm.ts';
import type { HandoverFlags, HandoverStep } from './handover.ts';

export function runHandover(step: HandoverStep, flags: HandoverFlags): Promise<number> {
  return asAdministrator(`handover ${step}`, flags, (deps) => RUN[step](flags, deps));
}

type Run = (flags: HandoverFlags, deps: InstallationDeps) => Promise<number>;

const RUN: Readonly<Record<HandoverStep, Run>> = {
  export: async ({ withoutController = false, timeout: timeoutMs = 0 }, deps) => {
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
    const { objects, done } = await importBundle(readBundle(await read(file)), deps);
    if (!done) deps.say(`all ${objects} objects were imported before: nothing was done`);
    return EXIT.done;
  },
  finish: async ({ yes, timeout: timeoutMs = 0 }, deps) => {
    const question = 'All objects of azid go here; Azure stays as it is. Does the new cluster have them all?';
    if (!(await isConfirmed(question, yes, deps.signal))) return EXIT.failed;
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
