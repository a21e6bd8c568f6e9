import type { InstallationDeps } from '../leaving/deps.ts';
import type { ClusterFlags } from './cluster-flags.ts';
import { inCluster } from './in-cluster.ts';

/**
 * From flags to a command that changes an installation, with the rights of whoever runs it. What it has done so far is found again by the next run.
 *
 * @param work resolves with the exit code
 */
export function asAdministrator(
  name: string,
  flags: ClusterFlags,
  work: (deps: InstallationDeps) => Promise<number>,
): Promise<number> {
  const { namespace, leaseName } = flags;
  return inCluster(
    {
      name,
      interrupted: 'the same command goes on from here',
      forbidden: 'the command needs the rights of an administrator of azid',
    },
    flags,
    ({ contextNamespace: _, ...deps }) => work({ ...deps, namespace, leaseName }),
  );
}
