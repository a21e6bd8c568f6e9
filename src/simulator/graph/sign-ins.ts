import type { Foundation } from '../frame.ts';
import { draw } from '../random.ts';

/** A token that a managed identity got: on a host, or for a federated assertion. */
export interface SignIn {
  readonly id: string;
  /** Wall ms. */
  readonly at: number;
  readonly principalId: string;
  readonly clientId: string;
  readonly displayName: string;
  /** What the token is for. */
  readonly resource: string;
  /** ARM id of the identity, or of the host whose own it is. */
  readonly identityId: string;
  readonly kind: 'UserAssigned' | 'SystemAssigned';
  /** Of a federated exchange. */
  readonly issuer?: string;
}

/** What the sign-in log keeps of managed identities (docs/azure-facts.md section 16.3), shown after a lag, for 30 days. */
export class SignIns {
  #kept: { readonly signIn: SignIn; readonly visibleAt: number }[] = [];
  readonly #foundation: Foundation;

  constructor(foundation: Foundation) {
    this.#foundation = foundation;
  }

  note(given: Omit<SignIn, 'id' | 'at' | 'displayName'>): void {
    const { clock, random, knobs, directory } = this.#foundation;
    const at = clock.now();
    const displayName = directory.find(given.principalId)?.displayName ?? '';
    const lag = draw(knobs.values.propagation.signInLagMs, random);
    this.#kept.push({ signIn: { id: random.uuid(), at, displayName, ...given }, visibleAt: at + lag });
  }

  /** What is shown by now, newest first. */
  shown(): SignIn[] {
    const now = this.#foundation.clock.now();
    this.#kept = this.#kept.filter(({ signIn }) => signIn.at > now - KEPT_MS);
    return this.#kept
      .filter(({ visibleAt }) => visibleAt <= now)
      .map(({ signIn }) => signIn)
      .reverse();
  }

  settle(): void {
    this.#kept = this.#kept.map(({ signIn }) => ({ signIn, visibleAt: 0 }));
  }
}

const KEPT_MS = 30 * 24 * 3600_000;
