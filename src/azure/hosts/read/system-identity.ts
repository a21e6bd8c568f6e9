import { z } from 'zod';
import type { ArmAccess } from '../../arm/arm-access.ts';
import type { ArmCalls, CallContext } from '../../arm/arm-calls.ts';
import { classify } from '../../arm/classify.ts';
import { AzureError, LOCAL_CODES } from '../../arm/errors.ts';
import { MANAGED_IDENTITY } from '../../limits.ts';
import { parseResourceId } from '../../names/resource-id.ts';
import type { SystemIdentity } from './answers.ts';
import { wirePath } from './paths.ts';

/** Pinned, as for identities (docs/azure-facts.md section 3). */
const IDENTITIES_VERSION = '2024-11-30';

const systemIdentity = z.looseObject({
  properties: z.looseObject({
    principalId: z.string().min(1),
    clientId: z.string().min(1),
    tenantId: z.string().min(1),
  }),
});

/**
 * A host's system-assigned identity with its client id, which `identity` of the host lacks; `undefined` where the host or
 * its identity is not there.
 */
export async function readSystemIdentity(
  calls: ArmCalls,
  access: Pick<ArmAccess, 'send'>,
  id: string,
  context: CallContext,
): Promise<SystemIdentity | undefined> {
  const { subscriptionId } = parseResourceId(id);
  const call = { kind: 'read', provider: MANAGED_IDENTITY, subscriptionId, resourceId: id } as const;
  const path = `${wirePath(id)}/providers/Microsoft.ManagedIdentity/identities/default`;
  const request = { method: 'GET', url: `${path}?api-version=${IDENTITIES_VERSION}` } as const;
  try {
    const { value } = await calls.run(call, context, (options) => access.send(request, options));
    const read = systemIdentity.safeParse(value.body);
    if (!read.success)
      throw new AzureError({
        code: LOCAL_CODES.incomplete,
        message: `expected the system-assigned identity of ${id} with principalId, clientId and tenantId, got one without all of them`,
      });
    const { principalId, clientId, tenantId } = read.data.properties;
    return { principalId, clientId, tenantId };
  } catch (thrown) {
    const found = classify(thrown);
    if (found.kind !== 'notFound' || found.what === 'subscription') throw thrown;
    return undefined;
  }
}
