import { type ControllerFlags, FLAGS } from './controller/controller-flags.ts';
import type { Flag } from './flag.ts';

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

/** As commander gives them. */
export type GivenAzureFlags = Omit<AzureFlags, 'caPem'> & { readonly caFile?: string };

export const AZURE_FLAGS: readonly Flag[] = FLAGS.filter(({ flags }) =>
  NAMES.includes(flags.split(' ')[0] ?? ''),
);

/** The file of `--ca-file` is read by then, and goes by the name of what it holds. */
export function withCaPem<T extends object>({
  caFile,
  ...flags
}: T & { readonly caFile?: string }): Omit<T, 'caFile'> & { readonly caPem?: string } {
  return { ...flags, ...(caFile !== undefined && { caPem: caFile }) };
}
