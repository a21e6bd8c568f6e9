/**
 * `azid restore`: what a sweep deleted is made again from its record, as far as Azure allows. With the caller's rights in Azure: what
 * is given here is given by the user who runs the command. It can be interrupted and run again: what is there is left.
 */
import { type OrphanRecord, orphanRecord } from '../api/orphan-record.ts';
import type { ArmCallsOptions } from '../azure/arm/arm-calls.ts';
import { FederatedCredentials } from '../azure/federated-credentials.ts';
import { Identities } from '../azure/identities.ts';
import { RoleAssignments } from '../azure/role-assignments.ts';
import { configMaps } from '../kube/builtin.ts';
import { isNotFound } from '../kube/errors.ts';
import { INSTALLATION_CONFIG_MAP } from '../reconcilers/own-config-maps.ts';
import { CommandRefused } from '../runtime/command-refused.ts';
import type { RestoreDeps, Restored, RestoreOptions } from './run.ts';
import { Run } from './run.ts';

export async function restore(name: string, deps: RestoreDeps, options: RestoreOptions): Promise<Restored> {
  const record = await recordOf(name, deps);
  const run = new Run(record, deps, options);
  switch (record.spec.type) {
    case 'Identity':
      await run.identity();
      break;
    case 'RoleAssignment':
      await run.assignment();
      break;
    case 'FederatedIdentityCredential':
      await run.credential();
      break;
  }
  return run;
}

/** What is read and made in Azure, by calls of the user who runs the command. */
export function restoreCalls(calls: ArmCallsOptions): Omit<RestoreDeps['azure'], 'directory'> {
  return {
    identities: new Identities(calls),
    credentials: new FederatedCredentials(calls),
    assignments: new RoleAssignments(calls),
  };
}

async function recordOf(name: string, { client, namespace, signal }: RestoreDeps): Promise<OrphanRecord> {
  const { resource } = orphanRecord;
  try {
    const record = await client.get(resource, `${namespace}/${name}`, signal);
    const claim = await client.get(configMaps, `${namespace}/${INSTALLATION_CONFIG_MAP}`, signal);
    const installationId = claim.data?.installationId;
    if (installationId !== record.spec.installationId)
      throw new CommandRefused(
        `expected a record of installation ${installationId}, which ConfigMap ${namespace}/${INSTALLATION_CONFIG_MAP} holds, got one of ${record.spec.installationId}: run the command against that one's cluster`,
      );
    return record as OrphanRecord;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw new CommandRefused(
      `expected OrphanRecord ${name} and ConfigMap ${INSTALLATION_CONFIG_MAP} in namespace ${namespace}, one is not there; kubectl get orphanrecords -n ${namespace} lists the records`,
    );
  }
}
