/**
 * The names that roles have, for policies that name some: built-in roles are the same at every scope, so one list serves
 * all policies, and none is read while what the catalog holds answers.
 */
import { type CallContext, sharedContext } from '../../azure/arm/arm-calls.ts';
import type { AzureRoleDefinition, RoleDefinitions } from '../../azure/role-definitions.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import { SingleFlight } from '../calls/single-flight.ts';
import type { RoleCatalog } from './catalog.ts';

export type NamedRole = Pick<AzureRoleDefinition, 'roleName' | 'type' | 'guid'>;

/** Names of roles change with Azure's releases. */
const BELIEVED_MS = 12 * 3_600_000;

export class RoleNames {
  readonly #definitions: Pick<RoleDefinitions, 'list'>;
  readonly #catalog: Pick<RoleCatalog, 'held'>;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #signal: AbortSignal;
  readonly #flight = new SingleFlight<readonly NamedRole[]>();
  #listed: { readonly roles: readonly NamedRole[]; readonly at: number } | undefined;

  constructor(
    definitions: Pick<RoleDefinitions, 'list'>,
    catalog: Pick<RoleCatalog, 'held'>,
    clock: Pick<Clock, 'monotonic'>,
    signal: AbortSignal,
  ) {
    this.#definitions = definitions;
    this.#catalog = catalog;
    this.#clock = clock;
    this.#signal = signal;
  }

  /** What is known without asking; it says nothing of what it lacks. */
  known(): readonly NamedRole[] {
    return [...this.#catalog.held(), ...(this.#fresh() ?? [])];
  }

  /** All built-in roles, and the custom ones of the scope. Rejects as the list does. */
  async all(scope: string, context: CallContext): Promise<readonly NamedRole[]> {
    const fresh = this.#fresh();
    if (fresh) return [...this.#catalog.held(), ...fresh];
    const start = async () => {
      const at = this.#clock.monotonic();
      const roles: NamedRole[] = [];
      const shared = sharedContext(context, this.#signal);
      for await (const page of this.#definitions.list(scope, shared)) roles.push(...page.roles);
      this.#listed = { roles, at };
      return roles;
    };
    const listed = await this.#flight.join('all', context, start);
    return [...this.#catalog.held(), ...listed];
  }

  #fresh(): readonly NamedRole[] | undefined {
    const listed = this.#listed;
    return listed && this.#clock.monotonic() - listed.at < BELIEVED_MS ? listed.roles : undefined;
  }
}
