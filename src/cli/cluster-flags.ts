import type { Flag } from './flag.ts';
import { dnsLabel, duration } from './parse.ts';

/** Flags of the commands that work on an installation in a cluster. As data, as those of the controller. */

export interface ClusterFlags {
  readonly kubeconfig?: string;
  readonly namespace: string;
  readonly leaseName: string;
}

export const CLUSTER_FLAGS: readonly Flag[] = [
  {
    flags: '--kubeconfig <path>',
    env: 'AZID_KUBECONFIG',
    about: 'kubeconfig of the cluster; by default KUBECONFIG, then the pod, then ~/.kube/config',
  },
  {
    flags: '--namespace <name>',
    env: 'AZID_NAMESPACE',
    about: "azid's own namespace",
    parse: dnsLabel,
    fallback: 'azid-system',
  },
  {
    flags: '--lease-name <name>',
    env: 'AZID_LEASE_NAME',
    about: 'name of the Lease that shows whether a controller works',
    parse: dnsLabel,
    fallback: 'azid-controller',
  },
];

export function timeoutFlag(fallback: number, shown: string): Flag {
  return {
    flags: '--timeout <duration>',
    about: 'how long to wait at most; the same command goes on from where it ended',
    parse: duration('1s', '7d'),
    fallback,
    shown,
  };
}

export const OUTPUT_FLAG: Flag = {
  flags: '-o, --output <form>',
  about: 'form of the result on stdout; progress goes to stderr',
  choices: ['text', 'json'],
  fallback: 'text',
};

export const YES_FLAG: Flag = {
  flags: '--yes',
  about: 'do not ask; needed where nobody can be asked',
};

export const WITHOUT_CONTROLLER_FLAG: Flag = {
  flags: '--without-controller',
  about: 'no controller works, where no Lease shows it (--leader-elect false): finalizers are taken off',
};
