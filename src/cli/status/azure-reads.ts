import { FederatedCredentials } from '../../azure/federated-credentials.ts';
import { Hosts } from '../../azure/hosts/hosts.ts';
import { Identities } from '../../azure/identities.ts';
import { RoleAssignments } from '../../azure/role-assignments.ts';
import { RoleDefinitions } from '../../azure/role-definitions.ts';
import type { AzureReads } from '../../inspect/azure/live.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import { azureCalls } from '../azure-calls.ts';
import type { AzureFlags } from '../azure-flags.ts';
import type { StatusFlags } from './status.ts';

/** The flags were checked: with --azure there is a tenant. */
export function azureReads(flags: StatusFlags, clock: Clock): AzureReads {
  const { calls } = azureCalls(flags as AzureFlags, clock, process.env);
  return {
    identities: new Identities(calls),
    credentials: new FederatedCredentials(calls),
    assignments: new RoleAssignments(calls),
    definitions: new RoleDefinitions(calls),
    hosts: new Hosts(calls),
  };
}
