/**
 * Which hosts of an attachment by selector may be changed now (`rollout`). The attachment's own reconcile decides it afresh
 * each time from the ledgers; what is kept here is only its last word, so a new process changes nothing before the
 * attachment was looked at.
 */
export interface Turn {
  /** Keys of hosts. */
  readonly attach: ReadonlySet<string>;
  readonly detach: ReadonlySet<string>;
  /** They are to have the identity, and wait until others of the rollout are done. */
  readonly held?: ReadonlySet<string>;
}

export class Turns {
  readonly #byUid = new Map<string, Turn>();
  readonly #enqueue: (hostKey: string) => void;

  /** @param enqueue told of each host that has its turn from now on */
  constructor(enqueue: (hostKey: string) => void) {
    this.#enqueue = enqueue;
  }

  /** The attachment's word, replacing its last one. */
  set(uid: string, turn: Turn): void {
    const before = this.#byUid.get(uid);
    this.#byUid.set(uid, turn);
    for (const key of turn.attach) if (!before?.attach.has(key)) this.#enqueue(key);
    for (const key of turn.detach) if (!before?.detach.has(key)) this.#enqueue(key);
  }

  forget(uid: string): void {
    this.#byUid.delete(uid);
  }

  /** Its last word was about this host too; else its word on it is due at any moment. */
  hasSpokenOf(uid: string, hostKey: string): boolean {
    const last = this.#byUid.get(uid);
    return last !== undefined && [last.attach, last.detach, last.held].some((keys) => keys?.has(hostKey));
  }

  mayAttach(uid: string, hostKey: string): boolean {
    return this.#byUid.get(uid)?.attach.has(hostKey) ?? false;
  }

  mayDetach(uid: string, hostKey: string): boolean {
    return this.#byUid.get(uid)?.detach.has(hostKey) ?? false;
  }
}
