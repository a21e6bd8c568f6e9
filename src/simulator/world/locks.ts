import { ArmError } from '../http/operation.ts';
import { isWithin, scopeKey } from './scope.ts';

type LockLevel = 'CanNotDelete' | 'ReadOnly';

export interface Lock {
  readonly scope: string;
  readonly name: string;
  readonly level: LockLevel;
  readonly notes?: string;
}

/** Of a lock that the control endpoint sets; one made over ARM has a name of its own. */
const CONTROL_LOCK = 'azid-simulator';

/** The management locks of the world, and what they forbid (docs/azure-facts.md section 2). */
export class Locks {
  /** By `lockKey`. */
  readonly #locks = new Map<string, Lock>();
  /** As of `World.lineage`. */
  readonly #lineage: (scope: string) => string[];

  constructor(lineage: (scope: string) => string[]) {
    this.#lineage = lineage;
  }

  /** `ReadOnly` is the stronger: a second lock of a name on a scope keeps the stronger of the two. */
  set(scope: string, level: LockLevel, name = CONTROL_LOCK): void {
    if (this.get(scope, name)?.level !== 'ReadOnly') this.put({ scope, name, level });
  }

  /** Every lock at the scope itself; false when there was none. */
  clear(scope: string): boolean {
    const held = this.at(scope);
    for (const { name } of held) this.remove(scope, name);
    return held.length > 0;
  }

  put(lock: Lock): void {
    this.#locks.set(lockKey(lock.scope, lock.name), lock);
  }

  get(scope: string, name: string): Lock | undefined {
    return this.#locks.get(lockKey(scope, name));
  }

  remove(scope: string, name: string): boolean {
    return this.#locks.delete(lockKey(scope, name));
  }

  /** At the scope itself. */
  at(scope: string): Lock[] {
    const key = scopeKey(scope);
    return [...this.#locks.values()].filter((lock) => scopeKey(lock.scope) === key);
  }

  /** At the scope and beneath it. */
  within(scope: string): Lock[] {
    return [...this.#locks.values()].filter((lock) => isWithin(lock.scope, scope));
  }

  /** Drops what was locked at a scope that is no more, and beneath it. */
  dropWithin(scope: string): void {
    for (const lock of this.within(scope)) this.remove(lock.scope, lock.name);
  }

  /**
   * Throws `ScopeLocked` when a lock on the scope or above forbids the operation (docs/azure-facts.md section 2), or, for a
   * deletion, one on anything beneath it, which would go as well.
   */
  assertUnlocked(id: string, operation: 'write' | 'delete'): void {
    if (this.#locks.size === 0) return;
    const lineage = new Set(this.#lineage(id));
    const above = [...this.#locks.values()].filter(
      ({ scope, level }) => lineage.has(scopeKey(scope)) && (level === 'ReadOnly' || operation === 'delete'),
    );
    const beneath =
      operation === 'delete'
        ? [...this.#locks.values()].filter(
            ({ scope }) => isWithin(scope, id) && scopeKey(scope) !== scopeKey(id),
          )
        : [];
    const locks = [...above, ...beneath];
    if (locks.length === 0) return;
    const scopes = locks.map((lock) => `'${lock.scope}'`).join(',');
    throw new ArmError(
      409,
      'ScopeLocked',
      `The scope '${id}' cannot perform ${operation} operation because following scope(s) are locked: ${scopes}. Please remove the lock and try again.`,
    );
  }
}

const lockKey = (scope: string, name: string) => `${scopeKey(scope)} ${name.toLowerCase()}`;
