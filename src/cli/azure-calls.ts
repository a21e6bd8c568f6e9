import { ArmAccess } from '../azure/arm/arm-access.ts';
import type { ArmCallsOptions } from '../azure/arm/arm-calls.ts';
import { PrincipalStates } from '../azure/graph/directory.ts';
import { DIRECTORY_OBJECTS, graphAccess } from '../azure/graph/graph-access.ts';
import { RequestScheduler } from '../azure/requests/request-scheduler.ts';
import type { Clock } from '../runtime/time/clock.ts';
import type { AzureFlags } from './azure-flags.ts';
import { signIn } from './sign-in.ts';
import { VERSION } from './version.ts';

/** The ways to Azure of a command, with the rights of whoever runs it. Throws for flags that do not fit together. */
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
