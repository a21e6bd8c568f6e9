/** From flags to the ways into Azure: loaded only by a command that asks Azure, since the SDKs take longer to load than all else. */
import type { TokenCredential } from '@azure/identity';
import { ArmAccess } from '../azure/arm/arm-access.ts';
import type { ArmCallsOptions } from '../azure/arm/arm-calls.ts';
import { type Cloud, resolveCloud } from '../azure/arm/clouds.ts';
import { createCredential } from '../azure/arm/credential.ts';
import { PrincipalStates } from '../azure/graph/directory.ts';
import { DIRECTORY_OBJECTS, graphAccess } from '../azure/graph/graph.ts';
import { Permissions } from '../azure/permissions.ts';
import { RequestScheduler } from '../azure/requests/request-scheduler.ts';
import type { Clock } from '../runtime/time/clock.ts';
import { VERSION } from './azid-version.ts';
import type { AzureFlags } from './azure-flags.ts';

/** Which cloud the flags name, and by what one signs in there. Throws for flags that do not fit together. */
export function signIn(
  flags: AzureFlags,
  clock: Clock,
  env: NodeJS.ProcessEnv,
): { readonly cloud: Cloud; readonly credential: TokenCredential } {
  const cloud = resolveCloud(flags);
  const credential = createCredential({
    kind: flags.credential,
    tenantId: flags.tenantId,
    clientId: flags.clientId,
    tokenFile: flags.federatedTokenFile,
    authorityHost: cloud.authorityHost,
    caPem: cloud.caPem,
    disableInstanceDiscovery: !cloud.instanceDiscovery,
    clock,
    env,
  });
  return { cloud, credential };
}

/** The ways to Azure of a command, with the rights of the user who runs it. Throws for flags that do not fit together. */
export function azureCalls(
  flags: AzureFlags,
  clock: Clock,
  env: NodeJS.ProcessEnv,
): { readonly calls: ArmCallsOptions; readonly directory: PrincipalStates } {
  const { tenantId } = flags;
  const { cloud, credential } = signIn(flags, clock, env);
  const common = { cloud, credential, clock, version: VERSION };
  const scheduler = new RequestScheduler({ clock });
  return {
    calls: { access: new ArmAccess(common), scheduler, clock, tenantId, credential: 'person' },
    directory: new PrincipalStates(graphAccess(DIRECTORY_OBJECTS, common), clock),
  };
}

/** For questions about the rights of the principal that signed in. */
export function permissionsOf({
  cloud,
  credential,
  tenantId,
  clock,
}: {
  readonly cloud: Cloud;
  readonly credential: TokenCredential;
  readonly tenantId: string;
  readonly clock: Clock;
}): Permissions {
  const access = new ArmAccess({ cloud, credential, clock, version: VERSION });
  return new Permissions({
    access,
    scheduler: new RequestScheduler({ clock }),
    tenantId,
    credential: 'check',
  });
}
