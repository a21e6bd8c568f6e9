import { FederatedCredentials } from '../../azure/federated-credentials.ts';
import { Identities } from '../../azure/identities.ts';
import { RoleAssignments } from '../../azure/role-assignments.ts';
import { retainedOf } from '../../operator/records.ts';
import type { Restored } from '../../restore/deps.ts';
import { restore } from '../../restore/restore.ts';
import { asAdministrator } from '../as-administrator.ts';
import { azureCalls } from '../azure-calls.ts';
import { EXIT } from '../interruptible.ts';
import type { RestoreFlags } from './restore.ts';

export function runRestore(record: string, flags: RestoreFlags): Promise<number> {
  return asAdministrator('restore', { ...flags, leaseName: '' }, async (deps) => {
    const { calls, directory } = azureCalls(flags, deps.clock, process.env);
    const azure = {
      identities: new Identities(calls),
      credentials: new FederatedCredentials(calls),
      assignments: new RoleAssignments(calls),
      directory,
    };
    const retained = (installationId: string) =>
      retainedOf({ options: deps, client: deps.client, installationId });
    const restored = await restore(record, { ...deps, azure, retained }, { dryRun: flags.dryRun ?? false });
    process.stdout.write(flags.output === 'json' ? json(restored) : text(restored));
    return EXIT.done;
  });
}

const json = ({ made, there, left }: Restored) => `${JSON.stringify({ made, there, left }, undefined, 2)}\n`;

/** Progress goes to stderr, as it is made. */
const text = ({ left }: Restored) => left.map((line) => `to do: ${line}\n`).join('');
