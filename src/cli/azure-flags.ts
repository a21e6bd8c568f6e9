/** How Azure is reached, and as whom: flags of the controller, and of each command that a person signs in with. */
import { CREDENTIAL_KINDS, type CredentialKind } from '../azure/arm/credential.ts';
import type { Flag } from './flag.ts';
import { httpsOrigin, pemFile, uuid } from './parse.ts';

export interface AzureFlags {
  readonly cloud: string;
  readonly armEndpoint?: string;
  readonly authorityHost?: string;
  readonly graphEndpoint?: string;
  readonly caPem?: string;
  readonly credential: CredentialKind;
  readonly tenantId: string;
  readonly clientId?: string;
  readonly federatedTokenFile?: string;
}

/** As commander gives them. */
export type GivenAzureFlags = Omit<AzureFlags, 'caPem'> & { readonly caFile?: string };

/** The file of `--ca-file` is read by then, and goes by the name of what it holds. */
export function withCaPem<T extends object>({
  caFile,
  ...flags
}: T & { readonly caFile?: string }): Omit<T, 'caFile'> & { readonly caPem?: string } {
  return { ...flags, ...(caFile !== undefined && { caPem: caFile }) };
}

export const ENDPOINT_FLAGS: readonly Flag[] = [
  {
    flags: '--cloud <name>',
    env: 'AZID_CLOUD',
    about: 'Azure cloud',
    choices: ['Public', 'USGovernment', 'China'],
    fallback: 'Public',
  },
  {
    flags: '--arm-endpoint <url>',
    env: 'AZID_ARM_ENDPOINT',
    about: "Azure Resource Manager, in place of the cloud's",
    parse: httpsOrigin,
  },
  {
    flags: '--authority-host <url>',
    env: 'AZURE_AUTHORITY_HOST',
    about: "Entra ID, in place of the cloud's",
    parse: httpsOrigin,
  },
  {
    flags: '--graph-endpoint <url>',
    env: 'AZID_GRAPH_ENDPOINT',
    about: "Microsoft Graph, in place of the cloud's; asked with --sign-ins or --directory alone",
    parse: httpsOrigin,
  },
];

export const SIGN_IN_FLAGS: readonly Flag[] = [
  {
    flags: '--ca-file <path>',
    env: 'AZID_CA_FILE',
    about: 'PEM file with the CA of Resource Manager, Entra ID and Service Bus, where it is private',
    parse: pemFile,
  },
  {
    flags: '--credential <kind>',
    env: 'AZID_CREDENTIAL',
    about:
      'how azid signs in to Azure; auto: workload identity where a token file is given, else managed identity',
    choices: CREDENTIAL_KINDS,
    fallback: 'auto',
  },
  { flags: '--tenant-id <uuid>', env: 'AZURE_TENANT_ID', about: 'Entra tenant', parse: uuid, required: true },
  {
    flags: '--client-id <uuid>',
    env: 'AZURE_CLIENT_ID',
    about: "client id of azid's own identity",
    parse: uuid,
  },
  {
    flags: '--federated-token-file <path>',
    env: 'AZURE_FEDERATED_TOKEN_FILE',
    about: 'file with the ServiceAccount token that workload identity exchanges',
  },
];

export const AZURE_FLAGS: readonly Flag[] = [...ENDPOINT_FLAGS, ...SIGN_IN_FLAGS];
