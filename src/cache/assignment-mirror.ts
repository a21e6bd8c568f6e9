/**
 * The watched picture of role assignments: one bulk list per subscription in use, which shows all beneath it, and one
 * for each management group, or the tenant, that is itself a scope in use. A list also shows what is inherited from
 * above; that is at home in another list and is left to it, so each absence has one list that can tell it.
 */
import type { CallContext } from '../azure/arm-calls.ts';
import { asciiLower } from '../azure/ascii.ts';
import {
  type AzureRoleAssignment,
  parseAssignmentId,
  sameAssignment,
  sameGrant,
} from '../azure/azure-role-assignment.ts';
import { trailingGuid } from '../azure/guid.ts';
import type { Permissions } from '../azure/permissions.ts';
import { armKey } from '../azure/resource-id.ts';
import type { RoleAssignmentObserver, RoleAssignments } from '../azure/role-assignments.ts';
import { areaOf, parseScope } from '../azure/scope.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Priority } from '../runtime/outcome.ts';
import { Areas } from './areas.ts';
import { type CachePart, placeOfScope } from './cache-part.ts';
import type { Completeness } from './completeness.ts';
import type { Observation } from './entry.ts';
import { KeyIndex } from './key-index.ts';
import type { Listing } from './list-watch.ts';
import { type ChangeListener, Picture } from './picture.ts';
import type { ResyncOptions } from './resync.ts';

export const READ_ASSIGNMENTS = 'Microsoft.Authorization/roleAssignments/read';

export interface AssignmentMirrorOptions {
  readonly assignments: RoleAssignments;
  readonly permissions: Permissions;
  readonly clock: Clock;
  /** Stops lists and looks. */
  readonly signal: AbortSignal;
  /** 0 <= random() < 1; default `Math.random`. */
  readonly random?: () => number;
  /** How long Azure may show what was before a write. Default 2 min. */
  readonly lagMs?: number;
  /** Default every 10 min. */
  readonly resync?: Partial<ResyncOptions>;
  /** A list failed; it is tried again. For the log. */
  readonly onListFailure?: (area: string, error: unknown) => void;
}

/** What Azure allows only once. */
export interface Triple {
  readonly scope: string;
  /** GUID of the role, or an id that ends in it. */
  readonly role: string;
  readonly principalId: string;
}

export class AssignmentMirror implements RoleAssignmentObserver {
  readonly #options: AssignmentMirrorOptions;
  readonly #picture: Picture<AzureRoleAssignment>;
  readonly #areas: Areas<AzureRoleAssignment>;
  readonly #byPrincipal = new KeyIndex<AzureRoleAssignment>(({ principalId }) => [principalId]);
  readonly #byTriple = new KeyIndex<AzureRoleAssignment>(({ scope, roleGuid, principalId }) => [
    tripleTerm({ scope, role: roleGuid, principalId }),
  ]);

  constructor(options: AssignmentMirrorOptions) {
    this.#options = options;
    const { clock, signal, assignments, lagMs, random, resync } = options;
    this.#picture = new Picture({
      clock,
      signal,
      lagMs,
      what: 'role assignments',
      sameContent: sameAssignment,
      sameInstance: notMadeAgain,
      areaOf: (id) => areaOf(parseAssignmentId(id).scope),
      get: (id, priority, stop) => this.#get(id, { priority, signal: stop }),
      reindex: (before, after) => {
        this.#byPrincipal.replace(before, after);
        this.#byTriple.replace(before, after);
      },
    });
    this.#areas = new Areas({
      clock,
      signal,
      random,
      resync,
      accept: (area, list, stop) => this.#picture.accept(area, list, stop),
    });
    assignments.observedBy(this);
    signal.addEventListener('abort', () => void this.stop(), { once: true });
  }

  /** Somebody has grants at this scope: the list that shows it starts, unless it runs. */
  use(scope: string): void {
    const area = areaOf(scope);
    this.#areas.use(area, this.#listing(area), (error) => this.#options.onListFailure?.(area, error));
  }

  /** Nobody needs this scope's list any more (it serves all scopes of one subscription). What is known is forgotten. */
  release(scope: string): void {
    const area = areaOf(scope);
    if (this.#areas.release(area)) this.#picture.forget(area);
  }

  /** What was read of an assignment where no list is in use would else be kept for good. */
  forgetUnlisted(id: string): void {
    const area = areaOf(parseAssignmentId(id).scope);
    if (!this.#areas.inUse(area)) this.#picture.forget(area);
  }

  /** What is held of this assignment now. Costs nothing. */
  observe(id: string): Observation<AzureRoleAssignment> {
    const seen = this.#picture.observe(id);
    if (seen) return seen;
    const area = areaOf(parseAssignmentId(id).scope);
    return { state: this.#areas.listed(area) ? 'suspectAbsent' : 'unknown' };
  }

  /** A live GET, merged. Within the lag of an own write its 404 is no proof, and what was written is still told. */
  async refresh(
    id: string,
    priority: Priority,
    of: Omit<CallContext, 'priority'> = {},
  ): Promise<Observation<AzureRoleAssignment>> {
    await this.#get(id, { ...of, priority });
    return this.observe(id);
  }

  /**
   * Whether what a list shows is there, for lists that are made outside of this cache: such a list is as far behind as any. What
   * was proven to be gone within Azure's lag is not believed to be there again, unless a GET shows it.
   */
  async believes(
    assignment: AzureRoleAssignment,
    requestedAt: number,
    context: CallContext,
  ): Promise<boolean> {
    const judged = this.#picture.judgeListed(assignment, requestedAt);
    if (judged !== 'ask') return judged === 'there';
    return (await this.refresh(assignment.id, context.priority, context)).state === 'present';
  }

  /** Something said that this assignment changed: looked at soon, whether true or not. */
  suspect(id: string): void {
    this.#picture.suspect(id);
  }

  /** All that this principal is held to have, as far as lists in use show it. */
  ofPrincipal(principalId: string): AzureRoleAssignment[] {
    return this.#held(this.#byPrincipal.find(asciiLower(principalId)));
  }

  /** Under whatever name. Azure allows one; two only while one of them is gone and not yet known to be. */
  withTriple(triple: Triple): AzureRoleAssignment[] {
    const role = trailingGuid('the role', triple.role);
    return this.#held(this.#byTriple.find(tripleTerm({ ...triple, role })));
  }

  /** All that are held to be there, in the area of a scope: its subscription with all beneath, else at that scope alone. */
  present(scope: string): AzureRoleAssignment[] {
    return this.#picture.presentIn(areaOf(scope));
  }

  /** Resolves with the first whole list that shows a scope in use. */
  whenLoaded(scope: string, signal?: AbortSignal): Promise<void> {
    return this.#areas.whenLoaded(areaOf(scope), `scope ${scope}`, signal);
  }

  loading(scope: string): boolean {
    return this.#areas.loading(areaOf(scope));
  }

  completeness(scope: string): Completeness {
    return this.#areas.completeness(areaOf(scope), 'scope');
  }

  /** Ms since the last whole list began; undefined before the first. */
  age(scope: string): number | undefined {
    return this.#areas.age(areaOf(scope));
  }

  /** How the list of each area in use stands. */
  parts(): readonly CachePart[] {
    return this.#areas.names.map((area) => ({
      cache: 'assignments',
      ...placeOfScope(area),
      ageMs: this.#areas.age(area),
      entries: this.#picture.countIn(area),
      partial: this.#areas.completeness(area, 'scope').state === 'partial',
    }));
  }

  resyncNow(scope: string): void {
    this.#areas.resyncNow(areaOf(scope));
  }

  /** Hears of each assignment whose content or presence changed, by its key, suspicions included. */
  onChange(listener: ChangeListener): Disposable {
    return this.#picture.onChange(listener);
  }

  /** Ends lists and looks and waits for what is under way. The signal does the same without the waiting. */
  async stop(): Promise<void> {
    await Promise.all([this.#areas.stop(), this.#picture.stop()]);
  }

  noteGet(id: string, found: AzureRoleAssignment | undefined, requestedAt: number): void {
    this.#picture.noteGet(id, found, requestedAt);
  }

  noteWrite(assignment: AzureRoleAssignment): void {
    this.#picture.noteWrite(assignment);
  }

  noteDelete(id: string): void {
    this.#picture.noteDelete(id);
  }

  noteWriteAttempt(id: string): void {
    this.#picture.noteWriteAttempt(id);
  }

  #get(id: string, context: CallContext): Promise<unknown> {
    const { scope, name } = parseAssignmentId(id);
    return this.#options.assignments.get(scope, name, context);
  }

  #held(keys: readonly string[]): AzureRoleAssignment[] {
    return keys.map((key) => this.#picture.present(key)).filter((each) => each !== undefined);
  }

  #listing(area: string): Listing<AzureRoleAssignment> {
    const { assignments, permissions } = this.#options;
    // Without a filter a subscription's list also shows what lies below it (docs/azure-facts.md section 5). Should Azure not do so,
    // witnesses are missing and the area stays partial: nothing is deleted on its word.
    const filter = parseScope(area).kind === 'subscription' ? 'everything' : 'atScope';
    return {
      async *pages(signal) {
        for await (const page of assignments.list(area, filter, { priority: 'resync', signal })) {
          const things = page.assignments.filter(({ id }) => homeOf(id) === area);
          yield { things, requestedAt: page.requestedAt };
        }
      },
      async missingRight(signal) {
        const rights = await permissions.at(area, { priority: 'resync', signal });
        if (rights.allows(READ_ASSIGNMENTS)) return undefined;
        return `azid has no right to ${READ_ASSIGNMENTS} at ${area}, so lists may leave assignments out`;
      },
    };
  }
}

/**
 * Undefined for one at a scope that azid cannot read, and so never grants at: somebody else's odd id must not make the
 * list fail for all.
 */
function homeOf(id: string): string | undefined {
  try {
    return areaOf(parseAssignmentId(id).scope);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** The answer to a creation and later reads give times that differ a little (docs/azure-facts.md section 5). */
const CREATED_APART_MS = 10_000;

/** The name of an assignment follows from what it grants, so only the time of its creation can tell that it was made again. */
function notMadeAgain(before: AzureRoleAssignment, now: AzureRoleAssignment): boolean {
  const [was = 0, is = was] = [before.createdOn, now.createdOn];
  return sameGrant(before, now) && (was === 0 || is <= was + CREATED_APART_MS);
}

/** A line end cannot occur in any of the three. */
function tripleTerm({ scope, role, principalId }: Triple): string {
  return [armKey(scope), asciiLower(role), asciiLower(principalId)].join('\n');
}
