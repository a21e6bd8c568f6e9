import type { Clock } from '../../clock.ts';
import type { Random } from '../../random.ts';
import { History, type Staleness } from '../../world/history.ts';
import { isWithin, parseScope, scopeKey } from '../../world/scope.ts';
import type { Condition } from '../conditions/conditions.ts';
import { ensure } from '../ensure.ts';

export interface RoleAssignment {
  /** Its name, lower-case; unique in the tenant, over all scopes (docs/azure-facts.md section 5). */
  readonly name: string;
  /** As it was sent, with a leading slash; '/' for the tenant. */
  readonly scope: string;
  readonly roleGuid: string;
  /** Lower-case. */
  readonly principalId: string;
  /** Frozen at creation: a deleted principal keeps it (docs/azure-facts.md section 6). */
  readonly principalType: string;
  readonly condition: { readonly text: string; readonly parsed: Condition; readonly version: string } | null;
  readonly description: string | null;
  readonly delegatedManagedIdentityResourceId: string | null;
  /** Wall ms. */
  readonly createdOn: number;
  readonly updatedOn: number;
  readonly createdBy: string | null;
  readonly updatedBy: string | null;
  /** Wall ms from which it acts for tokens that are older than it; at once for newer ones. */
  readonly effectiveAt: number;
}

/** scope + role + principal, which may be assigned only once. */
export type Triple = Pick<RoleAssignment, 'scope' | 'roleGuid' | 'principalId'>;

const NO_LAG: Staleness = { listLagMs: 0, readAfterWriteMs: 0 };

/**
 * The role assignments of the tenant. The truth for writes and rights, a lagging view for lists. Assignments of deleted
 * principals stay and count; those of a scope that is removed go with it.
 */
export class RoleAssignments {
  readonly #history: History<RoleAssignment>;
  readonly #byTriple = new Map<string, RoleAssignment>();
  readonly #byPrincipal = new Map<string, Map<string, RoleAssignment>>();
  readonly #perSubscription = new Map<string, number>();
  readonly #listeners = new Set<(assignment: RoleAssignment, held: boolean) => void>();
  #atOnce = false;

  constructor(clock: Clock, random: Random, staleness: () => Staleness) {
    this.#history = new History(clock, random, () => (this.#atOnce ? NO_LAG : staleness()));
  }

  /** By name alone; the caller compares the scope. */
  get(name: string): RoleAssignment | undefined {
    return this.#history.get(name.toLowerCase());
  }

  /** True while a GET shall miss the fresh creation. */
  hidden(name: string): boolean {
    return this.#history.hidden(name.toLowerCase());
  }

  byTriple(triple: Triple): RoleAssignment | undefined {
    return this.#byTriple.get(tripleKey(triple));
  }

  ofPrincipal(principalId: string): RoleAssignment[] {
    return [...(this.#byPrincipal.get(principalId.toLowerCase())?.values() ?? [])];
  }

  /** How many count against the limit of what holds the scope: its subscription, or its management group alone. */
  countAgainst(scope: string): number {
    return this.#perSubscription.get(budgetKey(scope)) ?? 0;
  }

  /** What lists show by now. */
  listed(): RoleAssignment[] {
    return this.#history.list();
  }

  all(): RoleAssignment[] {
    return this.#history.values();
  }

  /** `atOnce`: lists and GETs show it without lag (seeds, and the control endpoint). */
  put(assignment: RoleAssignment, options: { readonly atOnce?: boolean } = {}): void {
    this.#unindex(assignment.name);
    this.#write(options, () => this.#history.set(assignment.name, assignment));
    this.#byTriple.set(tripleKey(assignment), assignment);
    const own = ensure(this.#byPrincipal, assignment.principalId, () => new Map<string, RoleAssignment>());
    own.set(assignment.name, assignment);
    const budget = budgetKey(assignment.scope);
    this.#perSubscription.set(budget, (this.#perSubscription.get(budget) ?? 0) + 1);
    for (const listener of this.#listeners) listener(assignment, true);
  }

  delete(name: string, options: { readonly atOnce?: boolean } = {}): void {
    const old = this.#history.get(name);
    this.#unindex(name);
    this.#write(options, () => this.#history.delete(name));
    if (old) for (const listener of this.#listeners) listener(old, false);
  }

  /** Drops what was assigned at a scope that is no more, and beneath it. */
  dropWithin(scope: string): void {
    for (const assignment of this.all()) if (isWithin(assignment.scope, scope)) this.delete(assignment.name);
  }

  /** Called for each one that is made, changed (`held`) or deleted. */
  onChanged(listener: (assignment: RoleAssignment, held: boolean) => void): void {
    this.#listeners.add(listener);
  }

  settle(): void {
    this.#history.settle();
  }

  #write({ atOnce = false }: { readonly atOnce?: boolean }, write: () => void): void {
    this.#atOnce = atOnce;
    try {
      write();
    } finally {
      this.#atOnce = false;
    }
  }

  #unindex(name: string): void {
    const old = this.#history.get(name);
    if (!old) return;
    this.#byTriple.delete(tripleKey(old));
    this.#byPrincipal.get(old.principalId)?.delete(name);
    const budget = budgetKey(old.scope);
    this.#perSubscription.set(budget, (this.#perSubscription.get(budget) ?? 1) - 1);
  }
}

/** The id, in the spelling of the scope. */
export function assignmentId({ scope, name }: Pick<RoleAssignment, 'scope' | 'name'>): string {
  return `${scope === '/' ? '' : scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;
}

export function sameTriple(a: Triple, b: Triple): boolean {
  return tripleKey(a) === tripleKey(b);
}

const tripleKey = ({ scope, roleGuid, principalId }: Triple) =>
  `${scopeKey(scope)}|${roleGuid}|${principalId}`;

function budgetKey(scope: string): string {
  const parsed = parseScope(scope);
  return 'subscriptionId' in parsed && parsed.subscriptionId !== undefined
    ? parsed.subscriptionId.toLowerCase()
    : scopeKey(scope);
}
