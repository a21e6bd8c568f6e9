/**
 * What a user-assigned identity is attached to, as Azure's own index has it (docs/azure-facts.md section 6), by raw REST: no SDK offers
 * the call. Asked by POST, it changes nothing, and counts as a read. The index is behind: what is not in it may be attached all the same.
 */
import { z } from 'zod';
import { ArmCalls, type ArmCallsOptions, type CallContext } from './arm/arm-calls.ts';
import { AzureError } from './arm/errors.ts';
import { MANAGED_IDENTITY } from './limits.ts';
import { parseIdentityId } from './names/resource-id.ts';
import { wireScope } from './names/scope.ts';

/** The newest of the two there are; no stable version has the call. */
const VERSION = '2022-01-31-preview';

/** So that an answer whose next link never ends does not hold the caller for ever. */
const MAX_PAGES = 500;

const page = z.looseObject({
  totalCount: z.number(),
  value: z.array(z.looseObject({ id: z.string().min(1), type: z.string().nullish() })),
  nextLink: z.string().nullish(),
});

interface AssociatedResource {
  /** As the index spells it. */
  readonly id: string;
  readonly type: string;
}

export class AssociatedResources {
  readonly #options: ArmCallsOptions;
  readonly #calls: ArmCalls;

  constructor(options: ArmCallsOptions) {
    this.#options = options;
    this.#calls = new ArmCalls(options);
  }

  /** All of them, or an `AzureError`: of an identity that is not there, and of an answer that is not whole, too. */
  async of(identityId: string, context: CallContext): Promise<readonly AssociatedResource[]> {
    const { subscriptionId } = parseIdentityId(identityId);
    const call = {
      kind: 'read',
      provider: MANAGED_IDENTITY,
      subscriptionId,
      resourceId: identityId,
    } as const;
    const found: AssociatedResource[] = [];
    let total = 0;
    let url: string | undefined = `/${wireScope(identityId)}/listAssociatedResources?api-version=${VERSION}`;
    for (let count = 0; url !== undefined; count++) {
      if (count >= MAX_PAGES)
        throw unreadable(identityId, `at most ${MAX_PAGES} pages, got a link to another one`);
      const request = { method: 'POST', url } as const;
      const { value } = await this.#calls.run(call, context, (options) =>
        this.#options.access.send(request, options),
      );
      const read = page.safeParse(value.body);
      if (!read.success) throw unreadable(identityId, 'a page of them, got something else');
      found.push(...read.data.value.map(({ id, type }) => ({ id, type: type ?? '' })));
      total = read.data.totalCount;
      url = read.data.nextLink || undefined;
    }
    // What it counts and does not show is attached as well.
    if (found.length < total) throw unreadable(identityId, `all ${total}, got ${found.length}`);
    return found;
  }
}

function unreadable(id: string, expected: string): AzureError {
  return new AzureError({
    code: 'IncompleteAnswer',
    message: `resources that have ${id}: expected ${expected}`,
  });
}
