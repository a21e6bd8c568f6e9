import { armKey } from '../../../azure/names/resource-id.ts';
import type { Facts, OwnStatus, RoleGrant } from '../facts.ts';
import { isOurs } from '../target/target.ts';

/**
 * Which assignments this process saw an object have, as it asked for them and a policy allowed: proof of the time before its identity
 * was made again, for which nothing else may be left. A status says the same, but anybody may have written it before the start.
 */
export class GrantedHere {
  readonly #byUid = new Map<string, ReadonlySet<string>>();

  has({ metadata: { uid } }: RoleGrant, id: string): boolean {
    return this.#byUid.get(uid)?.has(armKey(id)) ?? false;
  }

  /** Known for as long as the ledger names it. The target is considered only for an object that is allowed it. */
  decided(
    { metadata: { uid } }: RoleGrant,
    facts: Pick<Facts, 'target' | 'azure' | 'installationId'>,
    { ledger = [] }: Pick<OwnStatus, 'ledger'>,
  ): void {
    const { target, azure } = facts;
    const known = new Set(this.#byUid.get(uid));
    if (target && azure?.state === 'present' && isOurs(azure.assignment, facts)) known.add(armKey(target.id));
    const kept = new Set(ledger.map(armKey)).intersection(known);
    if (kept.size > 0) this.#byUid.set(uid, kept);
    else this.#byUid.delete(uid);
  }

  forget(uid: string): void {
    this.#byUid.delete(uid);
  }
}
