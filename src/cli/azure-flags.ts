import { type ControllerFlags, FLAGS, type Flag } from './controller-flags.ts';

/** How a command of a person reaches Azure: the flags of the controller that say it. */

const NAMES = [
  '--cloud',
  '--arm-endpoint',
  '--authority-host',
  '--graph-endpoint',
  '--ca-file',
  '--credential',
  '--tenant-id',
  '--client-id',
  '--federated-token-file',
];

export type AzureFlags = Pick<
  ControllerFlags,
  | 'cloud'
  | 'armEndpoint'
  | 'authorityHost'
  | 'graphEndpoint'
  | 'caPem'
  | 'credential'
  | 'tenantId'
  | 'clientId'
  | 'federatedTokenFile'
>;

/** As commander gives them: the file is read by then. */
export type GivenAzureFlags = Omit<AzureFlags, 'caPem'> & { readonly caFile?: string };

export const AZURE_FLAGS: readonly Flag[] = FLAGS.filter(({ flags }) =>
  NAMES.includes(flags.split(' ')[0] ?? ''),
);

export function azureFlagsOf({ caFile, ...flags }: GivenAzureFlags): AzureFlags {
  return { ...flags, ...(caFile !== undefined && { caPem: caFile }) };
}
