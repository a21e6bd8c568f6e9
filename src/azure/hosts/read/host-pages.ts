import { z } from 'zod';
import type { ArmAccess, ArmRequest } from '../../arm/arm-access.ts';
import type { ArmCalls, CallContext } from '../../arm/arm-calls.ts';
import { AzureError, LOCAL_CODES } from '../../arm/errors.ts';
import type { HostPage } from './answers.ts';
import { providerOf } from './paths.ts';
import { readHostIfAny } from './read-host.ts';

const page = z.looseObject({ value: z.array(z.unknown()), nextLink: z.string().nullish() });

interface HostList {
  readonly subscriptionId: string;
  readonly type: string;
  /** URL of the first page. */
  readonly first: string;
}

/** The pages of one list of hosts; each is a call of its own. */
export async function* hostPages(
  calls: ArmCalls,
  access: Pick<ArmAccess, 'send'>,
  { subscriptionId, type, first }: HostList,
  context: CallContext,
): AsyncGenerator<HostPage, void, undefined> {
  const call = { kind: 'list', provider: providerOf(type), subscriptionId } as const;
  for (let url: string | undefined = first; url !== undefined; ) {
    const request: ArmRequest = { method: 'GET', url };
    const { value, requestedAt } = await calls.run(call, context, (options) => access.send(request, options));
    const read = page.safeParse(value.body);
    if (!read.success)
      throw new AzureError({
        code: LOCAL_CODES.incomplete,
        message: `expected a list of ${type}, got something else`,
      });
    // One odd item of somebody else must not hide all others; what lacks its id shows in no other way either.
    yield { hosts: read.data.value.map(readHostIfAny).filter((host) => host !== undefined), requestedAt };
    url = read.data.nextLink || undefined;
  }
}
