import { ensure } from '../authorization/ensure.ts';
import type { Frame } from '../frame.ts';
import type { Identity } from '../identities/identities.ts';
import { draw } from '../random.ts';
import { History } from '../world/history.ts';
import { scopeKey } from '../world/scope.ts';

/** A credential as it is now, made over ARM or by the control endpoint. */
export interface HeldCredential {
  readonly name: string;
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
}

export interface FederatedCredential extends HeldCredential {
  readonly identityId: string;
  /** Monotonic ms from which the token endpoint accepts it as it is. */
  readonly effectiveAt: number;
}

/** What a write states; the name cannot change. */
export type CredentialFields = Omit<HeldCredential, 'name'>;

/**
 * The federated credentials of all identities. They go with their identity, in every way that it can go, and one that is made
 * again starts without any.
 */
export class Credentials {
  readonly #frame: Frame;
  readonly #history: History<FederatedCredential>;
  readonly #byIdentity = new Map<string, Map<string, FederatedCredential>>();
  /** Identities with a write under way: there is one writer per identity (docs/azure-facts.md section 4). */
  readonly #writing = new Set<string>();
  /** Credentials the token endpoint accepts at any age. */
  #settled = new WeakSet<FederatedCredential>();

  constructor(frame: Frame) {
    this.#frame = frame;
    this.#history = new History(frame.clock, frame.random, () => frame.knobs.values.propagation);
    frame.world.onRemoved((resource) => {
      for (const { name } of this.of(resource.id)) this.delete(resource.id, name);
      this.#byIdentity.delete(scopeKey(resource.id));
    });
  }

  /** The truth, in order of creation; any case of the identity's id. */
  of(identityId: string): FederatedCredential[] {
    return [...(this.#byIdentity.get(scopeKey(identityId))?.values() ?? [])];
  }

  get(identityId: string, name: string): FederatedCredential | undefined {
    return this.#byIdentity.get(scopeKey(identityId))?.get(name.toLowerCase());
  }

  /** True while a GET shall miss the fresh creation. */
  hidden(identityId: string, name: string): boolean {
    return this.#history.hidden(key(identityId, name));
  }

  /** What a list of the identity shows by now. */
  listed(identityId: string): FederatedCredential[] {
    return this.#history
      .list()
      .filter((credential) => scopeKey(credential.identityId) === scopeKey(identityId));
  }

  put(identity: Identity, name: string, fields: CredentialFields): FederatedCredential {
    const { clock, knobs, random } = this.#frame;
    const lag = draw(knobs.values.propagation.federationEffectMs, random);
    const existing = this.get(identity.id, name);
    const credential = {
      ...fields,
      identityId: identity.id,
      name: existing?.name ?? name,
      effectiveAt: clock.monotonic() + lag,
    };
    const own = ensure(this.#byIdentity, scopeKey(identity.id), () => new Map<string, FederatedCredential>());
    own.set(name.toLowerCase(), credential);
    this.#history.set(key(identity.id, name), credential);
    return credential;
  }

  /** False when there was none. */
  delete(identityId: string, name: string): boolean {
    this.#byIdentity.get(scopeKey(identityId))?.delete(name.toLowerCase());
    return this.#history.delete(key(identityId, name));
  }

  /** Takes the one writer's place under an identity; undefined while another has it. Disposing gives it back. */
  startWrite(identityId: string): Disposable | undefined {
    const identity = scopeKey(identityId);
    if (this.#writing.has(identity)) return undefined;
    this.#writing.add(identity);
    return { [Symbol.dispose]: () => void this.#writing.delete(identity) };
  }

  /**
   * Whether a credential of the identity with this client id lets a presented assertion in: exact comparison of all three
   * (src/simulator/README.md). `pending`: there is one, but so young that the token endpoint does not accept it yet (docs/azure-facts.md
   * section 4).
   */
  match(appId: string, issuer: string, subject: string, audience: string): 'match' | 'pending' | 'none' {
    const identity = this.#frame.identities.findByClientId(appId);
    const fitting = this.of(identity?.id ?? '').find(
      (each) => each.issuer === issuer && each.subject === subject && each.audience === audience,
    );
    if (!fitting) return 'none';
    const known = this.#settled.has(fitting) || fitting.effectiveAt <= this.#frame.clock.monotonic();
    return known ? 'match' : 'pending';
  }

  /** Ends all lags and windows now pending. */
  settle(): void {
    this.#history.settle();
    this.#settled = new WeakSet(this.#byIdentity.values().flatMap((own) => own.values()));
  }
}

const key = (identityId: string, name: string) => `${scopeKey(identityId)}|${name.toLowerCase()}`;
