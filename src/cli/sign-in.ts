import type { TokenCredential } from '@azure/identity';
import { type Cloud, resolveCloud } from '../azure/arm/clouds.ts';
import { createCredential } from '../azure/arm/credential.ts';
import type { Clock } from '../runtime/time/clock.ts';
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
