import type { HostIdentity } from '../../../api/host-identity.ts';
import type { IdentityBody } from '../../../azure/hosts/host.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import type { KubeObject } from '../../../kube/types.ts';
import type { HostView } from '../../../simulator/hosts/host-body.ts';
import { linesOf, SYSTEM } from '../../hosts/ledger/lines.ts';
import { ownStatusOf } from '../../status/summary.ts';
import type { Stores } from '../../stores.ts';

/** What is asked of the host, and what azid has written down. */
interface Declared {
  readonly stores: Stores;
  readonly ledger: HostIdentity | undefined;
  /** By the policies. */
  readonly allowed: boolean;
}

/** `either`: somebody did what azid had done before, or may have; nobody can tell afterwards whose it is. */
type By = 'azid' | 'others' | 'either';

/**
 * What must hold in every sequence, by what is on the host and by what is declared, not by what azid reports of
 * itself. Identities go by `armKey`, the resource's own by `SYSTEM`.
 */
export class Model {
  /** Who put on the host what is there. */
  readonly #by = new Map<string, By>();
  /** By object: what it wanted so far. */
  readonly #had = new Map<string, Set<string>>();
  /** An object asked for it to be left in Azure; or for it to go with the object. */
  readonly #retained = new Set<string>();
  readonly #goes = new Set<string>();
  readonly #adopted = new Set<string>();
  readonly #foreign: ReadonlySet<string>;
  #seen = new Map<string, string | null>();

  /** @param foreign identities that no object ever names */
  constructor(foreign: readonly string[]) {
    this.#foreign = new Set(foreign.map(armKey));
  }

  /** Notes what changed since the last look, as done by `who`; fails if azid may not have done it. */
  record(who: 'azid' | 'others', host: HostView | undefined): void {
    const now = contentOf(host);
    for (const [key, principal] of this.#seen) {
      const after = now.get(key);
      if (!host || after === undefined) this.#by.delete(key);
      if (!host || who === 'others' || !this.#foreign.has(key)) continue;
      if (after === undefined || (after !== principal && after !== null))
        throw new Error(`a foreign identity was changed: ${key}`);
    }
    for (const key of now.keys()) {
      if (this.#by.has(key)) continue;
      if (who === 'azid' && this.#foreign.has(key)) throw new Error(`a foreign identity was added: ${key}`);
      this.#by.set(key, who);
    }
    this.#seen = now;
  }

  /** azid, and nobody else, put it there. */
  isOfAzid(key: string): boolean {
    return this.#by.get(key) === 'azid';
  }

  /** Nothing shows any more who put it there. */
  blur(keys: Iterable<string>): void {
    for (const key of keys) this.#by.set(key, 'either');
  }

  /** An object wants it from now on. What it asks to be left in Azure is all that it had, too. */
  wanted(who: string, key: string, { retain = false, adopt = false }): void {
    const had = this.#had.get(who) ?? new Set();
    this.#had.set(who, had.add(key));
    if (retain) for (const each of had) this.#retained.add(each);
    else this.#goes.add(key);
    if (adopt) this.#adopted.add(key);
  }

  /** What azid is about to send, before Azure takes it. */
  check(body: IdentityBody, host: HostView, { stores, ledger, allowed }: Declared): void {
    const wants = wantedIn(stores);
    // Whom the policies deny keeps what it has, and gets nothing more.
    const held = allowed ? wants : wantedIn(stores, ownersIn(ledger));
    const there = contentOf(host);
    const lines = ledger ? linesOf(ownStatusOf(ledger)) : new Map();
    if (ledger?.status?.writeStartedAt === undefined)
      throw new Error('a write without its mark in the ledger');
    const types = body.type.split(',').map((each) => each.trim());
    const mayRemove = (key: string) => this.#by.get(key) !== 'others' || this.#adopted.has(key);
    const named = Object.entries(body.userAssignedIdentities ?? {});
    const gone = new Set(named.flatMap(([id, value]) => (value === null ? armKey(id) : [])));
    // A type without user-assigned identities drops all of them, named or not (docs/azure-facts.md section 7).
    if (!types.includes('UserAssigned')) for (const key of there.keys()) if (key !== SYSTEM) gone.add(key);
    for (const [id, value] of named) {
      const key = armKey(id);
      if (this.#foreign.has(key)) throw new Error(`a write names a foreign identity: ${id}`);
      if (value === null) continue;
      const line = lines.get(key);
      if (Object.keys(value).length > 0) throw new Error(`a write sends what was read: ${id}`);
      if (!wants.has(key)) throw new Error(`a write adds what nobody wants: ${id}`);
      if (line?.state !== 'Attaching' || !line.owned) throw new Error(`an add without intent: ${id}`);
    }
    for (const key of gone) {
      if (this.#foreign.has(key)) throw new Error(`a write drops a foreign identity: ${key}`);
      if (typeof there.get(key) === 'string') {
        if (held.has(key)) throw new Error(`a write removes what is wanted, and alive: ${key}`);
        if (!mayRemove(key)) throw new Error(`a write removes what others attached: ${key}`);
        if (lines.get(key)?.state !== 'Detaching') throw new Error(`a removal without intent: ${key}`);
      } else if (there.has(key) && !mayRemove(key))
        throw new Error(`a write removes a dead entry of others: ${key}`);
    }
    const isOn = types.includes('SystemAssigned');
    this.#checkSystem(isOn, there.has(SYSTEM), held.has(SYSTEM), mayRemove(SYSTEM));
  }

  #checkSystem(after: boolean, before: boolean, isWanted: boolean, mayGo: boolean): void {
    if (after && !before && !isWanted) throw new Error('a write switches the system identity on, unasked');
    if (!after && before && (isWanted || !mayGo || this.#retainsOnly(SYSTEM)))
      throw new Error('a write switches the system identity off, unasked');
  }

  #retainsOnly(key: string): boolean {
    return this.#retained.has(key) && !this.#goes.has(key);
  }

  /** What is wrong with the host at the end. @param living principals of the user-assigned identities by key */
  verdict(host: HostView, stores: Stores, living: ReadonlyMap<string, string>): string[] {
    const wants = wantedIn(stores);
    const there = contentOf(host);
    const wrong: string[] = [];
    for (const key of wants) {
      const has = there.get(key);
      if (has === undefined) wrong.push(`${key} is wanted, and not there`);
      else if (key !== SYSTEM && has !== living.get(key)) wrong.push(`${key} is wanted, and dead`);
    }
    for (const key of there.keys()) {
      if (wants.has(key) || this.#by.get(key) !== 'azid' || this.#retained.has(key)) continue;
      wrong.push(`${key} is there by azid, and nobody wants it`);
    }
    return wrong;
  }
}

/** By key: the principal, null where it is dead. */
function contentOf(host: HostView | undefined): Map<string, string | null> {
  const entries = (host?.attached ?? []).map(({ id, principalId }) => [armKey(id), principalId] as const);
  const own = host?.system ? [[SYSTEM, host.system.principalId] as const] : [];
  return new Map([...entries, ...own]);
}

/** What objects that are not on their way out ask for. @param only these, by uid */
function wantedIn(
  { attachments, systemIdentities }: Stores,
  only?: ReadonlySet<string>,
): ReadonlySet<string> {
  const counts = ({ metadata }: KubeObject) =>
    !metadata.deletionTimestamp && (only === undefined || only.has(metadata.uid));
  const named = attachments
    .values()
    .filter(counts)
    .flatMap(({ spec }) => (spec.identityId === undefined ? [] : armKey(spec.identityId)));
  return new Set([...named, ...(systemIdentities.values().some(counts) ? [SYSTEM] : [])]);
}

function ownersIn(ledger: HostIdentity | undefined): ReadonlySet<string> {
  const lines = ledger ? [...linesOf(ownStatusOf(ledger)).values()] : [];
  return new Set(lines.flatMap(({ owners }) => owners.map(({ uid }) => uid)));
}
