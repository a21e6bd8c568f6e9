/** Flags as data, and those that several commands have: commands, help and the reference page come from tables of these. */
import { Option } from 'commander';
import { dnsLabel, duration } from './parse.ts';

export interface Flag {
  readonly flags: string;
  /** Absent: a switch of one call, which no environment should throw. */
  readonly env?: string;
  readonly about: string;
  readonly parse?: (value: string) => unknown;
  readonly choices?: readonly string[];
  readonly fallback?: unknown;
  /** How the default reads in the help. */
  readonly shown?: string;
  readonly required?: boolean;
}

/** A row of a table of flags, as commander takes it. */
export function optionOf(flag: Flag): Option {
  const option = new Option(flag.flags, flag.about);
  if (flag.env !== undefined) option.env(flag.env);
  if (flag.choices) option.choices(flag.choices);
  if (flag.parse) option.argParser(flag.parse);
  if (flag.fallback !== undefined) option.default(flag.fallback, flag.shown);
  if (flag.required) option.makeOptionMandatory();
  return option;
}

/** Of the commands that work on an installation in a cluster. */
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
