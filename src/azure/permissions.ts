/**
 * What azid may do at a scope, asked of Azure itself. Needed because a list without rights may come back short or empty
 * with 200 and no error (docs/azure-facts.md section 7).
 */
import { z } from 'zod';
import type { Priority } from '../runtime/outcome.ts';
import type { ArmAccess } from './arm/arm-access.ts';
import { AzureError, LOCAL_CODES } from './arm/errors.ts';
import { AUTHORIZATION } from './limits.ts';
import { subscriptionOf, wireScope } from './names/scope.ts';
import type { RequestScheduler } from './requests/request-scheduler.ts';

const Page = z.object({
  value: z.array(
    z.object({ actions: z.array(z.string()).nullish(), notActions: z.array(z.string()).nullish() }),
  ),
  nextLink: z.string().nullish(),
});

/** One role's share of the rights: `actions` without `notActions`. */
export interface Permission {
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
}

export interface Rights {
  /** Whether some role allows the action, e.g. `Microsoft.ManagedIdentity/userAssignedIdentities/read`. Deny assignments are not seen. */
  allows(action: string): boolean;
}

interface PermissionsOptions {
  readonly access: ArmAccess;
  readonly scheduler: RequestScheduler;
  readonly tenantId: string;
  /** Name of the caller for the request scheduler. */
  readonly credential: string;
}

export class Permissions {
  readonly #options: PermissionsOptions;

  constructor(options: PermissionsOptions) {
    this.#options = options;
  }

  /** The caller's rights at `scope`: any, from the tenant (`/`) down to a resource. */
  async at(
    scope: string,
    context: { priority: Priority; signal?: AbortSignal | undefined },
  ): Promise<Rights> {
    const { access, scheduler, tenantId, credential } = this.#options;
    const subscriptionId = subscriptionOf(scope);
    const permissions: Permission[] = [];
    const path = `${scope === '/' ? '' : `/${wireScope(scope)}`}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01`;
    for (let link: string | undefined = path; link !== undefined; ) {
      const url: string = link;
      const request = {
        tenantId,
        ...(subscriptionId !== undefined && { subscriptionId }),
        credential,
        kind: 'read',
        provider: AUTHORIZATION,
        ...context,
      } as const;
      const page = parsePage(await scheduler.run(request, () => access.getJson(url, context.signal)));
      for (const { actions, notActions } of page.value)
        permissions.push({ actions: actions ?? [], notActions: notActions ?? [] });
      link = page.nextLink || undefined;
    }
    return rightsOf(permissions);
  }
}

/** A role's `notActions` take away only from its own `actions`; the roles add up. */
export function rightsOf(permissions: readonly Permission[]): Rights {
  return {
    allows: (action) =>
      permissions.some(
        ({ actions, notActions }) =>
          actions.some((pattern) => matches(pattern, action)) &&
          !notActions.some((pattern) => matches(pattern, action)),
      ),
  };
}

function matches(pattern: string, action: string): boolean {
  const literal = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literal.join('.*')}$`, 'i').test(action);
}

function parsePage(body: unknown): z.infer<typeof Page> {
  const page = Page.safeParse(body);
  if (page.success) return page.data;
  throw new AzureError({
    code: LOCAL_CODES.incomplete,
    message: 'expected a list of permissions, got something else',
  });
}
