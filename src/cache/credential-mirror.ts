/**
 * The watched picture of federated credentials. They have no bulk list (docs/azure-facts.md section 4): each identity in use is
 * read when somebody asks, at once on a suspicion, and else in slow rotation, one for each subscription.
 */
import { type CallContext, sharedContext } from '../azure/arm-calls.ts';
import {
  type AzureFederatedCredential,
  parseCredentialId,
  sameCredential,
} from '../azure/azure-federated-credential.ts';
import { classify } from '../azure/classify.ts';
import type { CredentialObserver, FederatedCredentials } from '../azure/federated-credentials.ts';
import { armKey, parseIdentityId } from '../azure/resource-id.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Priority } from '../runtime/outcome.ts';
import { type CachePart, joined } from './cache-part.ts';
import type { Completeness } from './completeness.ts';
import { EarlyLooks } from './early-looks.ts';
import type { Observation } from './entry.ts';
import { Flights } from './flights.ts';
import { type ChangeListener, Picture } from './picture.ts';
import { Rotation } from './rotation.ts';

export interface CredentialMirrorOptions {
  readonly credentials: FederatedCredentials;
  readonly clock: Clock;
  /** Stops reads and looks. */
  readonly signal: AbortSignal;
  /** How long Azure may show what was before a write. Default 2 min. */
  readonly lagMs?: number;
  /** A full round. Default 6 h. */
  readonly roundMs?: number;
  /** The least time between two reads of a rotation. Default 10 s. */
  readonly spacingMs?: number;
  /** A read failed; it is tried again. For the log. */
  readonly onReadFailure?: (identityId: string, error: unknown) => void;
}

/** What is held of one identity's credentials. Ages count from when the request began, ms. */
export type CredentialsOf =
  | {
      readonly state: 'known';
      /** All that are held to be there, our own writes included. */
      readonly credentials: readonly AzureFederatedCredential[];
      /** Missing where they should show: they may still count against the limit. As they were last seen. */
      readonly doubtful: readonly AzureFederatedCredential[];
      readonly completeness: Completeness;
      readonly ageMs: number;
    }
  /** Azure said that the identity is not there, and with it no credential. Right after it was made that may be untrue. */
  | { readonly state: 'noIdentity'; readonly ageMs: number }
  | { readonly state: 'unknown' };

interface Reading {
  readonly at: number;
  readonly completeness: Completeness;
  readonly identity: 'there' | 'gone';
}

export class CredentialMirror implements CredentialObserver {
  readonly #options: CredentialMirrorOptions;
  readonly #picture: Picture<AzureFederatedCredential>;
  readonly #looks: EarlyLooks;
  readonly #flights = new Flights<void>();
  /** By key of the identity: what is in use, as it was given. */
  readonly #used = new Map<string, string>();
  readonly #readings = new Map<string, Reading>();
  /** By lower-cased subscription id. */
  readonly #rotations = new Map<string, Rotation>();

  constructor(options: CredentialMirrorOptions) {
    this.#options = options;
    const { clock, signal, credentials, lagMs } = options;
    this.#picture = new Picture({
      clock,
      signal,
      lagMs,
      what: 'federated credentials',
      sameContent: sameCredential,
      // Nothing in it tells one from another that was made again under its name.
      sameInstance: () => true,
      areaOf: (id) => armKey(parseCredentialId(id).identityId),
      get: (id, priority, stop) => this.#get(id, { priority, signal: stop }),
    });
    this.#looks = new EarlyLooks({ clock, signal, look: (id) => this.read(id, 'event', { signal }) });
    credentials.observedBy(this);
    signal.addEventListener('abort', () => void this.stop(), { once: true });
  }

  /** Somebody has credentials on this identity: it joins the rotation. */
  use(identityId: string): void {
    const key = armKey(identityId);
    if (this.#options.signal.aborted || this.#used.has(key)) return;
    this.#used.set(key, identityId);
    this.#rotation(identityId).add(key, identityId);
  }

  /** Nobody needs it any more: what is known of it is forgotten. */
  release(identityId: string): void {
    const key = armKey(identityId);
    if (this.#used.delete(key)) this.#leaveRotation(identityId, key);
    this.#forget(key);
  }

  #forget(key: string): void {
    this.#looks.drop(key);
    this.#readings.delete(key);
    this.#picture.forget(key);
  }

  /** A rotation without anything to read is one of a subscription that nobody may ever use again. */
  #leaveRotation(identityId: string, key: string): void {
    const name = parseIdentityId(identityId).subscriptionId.toLowerCase();
    const rotation = this.#rotations.get(name);
    rotation?.remove(key);
    if (rotation?.size !== 0) return;
    this.#rotations.delete(name);
    void rotation.stop();
  }

  /** What is held now. Costs nothing. */
  of(identityId: string): CredentialsOf {
    const key = armKey(identityId);
    const reading = this.#readings.get(key);
    if (!reading) return { state: 'unknown' };
    const ageMs = Math.max(0, this.#options.clock.monotonic() - reading.at);
    if (reading.identity === 'gone') return { state: 'noIdentity', ageMs };
    return {
      state: 'known',
      credentials: this.#picture.presentIn(key),
      doubtful: this.#picture.doubtfulIn(key),
      completeness: reading.completeness,
      ageMs,
    };
  }

  /** How the identities in use of each subscription stand: as old as the one that was read longest ago. */
  parts(): readonly CachePart[] {
    const { clock } = this.#options;
    return joined(
      [...this.#used].map(([key, identityId]) => {
        const reading = this.#readings.get(key);
        return {
          cache: 'credentials',
          subscription: parseIdentityId(identityId).subscriptionId.toLowerCase(),
          part: '',
          ageMs: reading && Math.max(0, clock.monotonic() - reading.at),
          entries: this.#picture.countIn(key),
          partial: reading?.completeness.state !== 'complete',
        };
      }),
    );
  }

  /** What is held of one credential. */
  observe(id: string): Observation<AzureFederatedCredential> {
    const seen = this.#picture.observe(id);
    if (seen) return seen;
    const known = this.of(parseCredentialId(id).identityId).state !== 'unknown';
    return { state: known ? 'suspectAbsent' : 'unknown' };
  }

  /**
   * Reads all credentials of an identity now; whoever asks meanwhile waits for the same call. Throws `AzureError`, and
   * what was known stays. The identity need not be in use.
   */
  read(identityId: string, priority: Priority, of: Omit<CallContext, 'priority'> = {}): Promise<void> {
    const context = { ...of, priority };
    const start = () => this.#read(identityId, context);
    return this.#flights.join(armKey(identityId), context, start);
  }

  /** A live GET of one credential, merged. */
  async refresh(
    id: string,
    priority: Priority,
    of: Omit<CallContext, 'priority'> = {},
  ): Promise<Observation<AzureFederatedCredential>> {
    await this.#get(id, { ...of, priority });
    return this.observe(id);
  }

  /** Something said that credentials of this identity changed: read soon, whether true or not. The door for events. */
  suspect(identityId: string): void {
    this.#looks.add(armKey(identityId), identityId, this.#options.clock.monotonic());
  }

  /** Hears of each credential whose content or presence changed, by its key, suspicions included. */
  onChange(listener: ChangeListener): Disposable {
    return this.#picture.onChange(listener);
  }

  /** Ends reads and looks and waits for what is under way. The signal does the same without the waiting. */
  async stop(): Promise<void> {
    const rotations = [...this.#rotations.values()].map((rotation) => rotation.stop());
    await Promise.all([...rotations, this.#looks.stop(), this.#picture.stop()]);
  }

  noteGet(id: string, found: AzureFederatedCredential | undefined, requestedAt: number): void {
    if (found) this.#noteIdentityThere(found);
    this.#picture.noteGet(id, found, requestedAt);
  }

  noteWrite(credential: AzureFederatedCredential): void {
    this.#noteIdentityThere(credential);
    this.#picture.noteWrite(credential);
  }

  noteDelete(id: string): void {
    this.#picture.noteDelete(id);
  }

  noteWriteAttempt(id: string): void {
    this.#picture.noteWriteAttempt(id);
  }

  /** What has a credential exists, whatever was said before. */
  #noteIdentityThere({ identityId }: AzureFederatedCredential): void {
    const key = armKey(identityId);
    if (this.#readings.get(key)?.identity === 'gone') this.#readings.delete(key);
  }

  async #read(identityId: string, context: CallContext): Promise<void> {
    const { credentials, onReadFailure, signal } = this.#options;
    const key = armKey(identityId);
    const used = this.#used.has(key);
    try {
      const list = await credentials.list(identityId, sharedContext(context, signal));
      if (signal.aborted) return;
      // Released meanwhile: what is kept now would be kept for ever.
      if (used && !this.#used.has(key)) return this.#forget(key);
      const at = list.startedAt;
      if (used) this.#rotation(identityId).touched(key);
      if (!list.found) {
        this.#readings.set(key, { at, completeness: { state: 'complete', at }, identity: 'gone' });
        this.#picture.noteAllGone(key, at);
        return;
      }
      const found = list.credentials.map((thing) => ({ thing, requestedAt: at }));
      const accepted = this.#picture.accept(key, { startedAt: at, found }, signal);
      this.#readings.set(key, {
        at,
        completeness: partial('its witnesses are being asked'),
        identity: 'there',
      });
      const reason = await accepted;
      if (used && !this.#used.has(key)) return this.#forget(key);
      const completeness: Completeness = reason === undefined ? { state: 'complete', at } : partial(reason);
      this.#readings.set(key, { at, completeness, identity: 'there' });
    } catch (error) {
      if (signal.aborted) throw error;
      const reading = this.#readings.get(key);
      const why = partial(`the last read failed: ${classify(error).error.message}`);
      if (reading) this.#readings.set(key, { ...reading, completeness: why });
      onReadFailure?.(identityId, error);
      throw error;
    }
  }

  #get(id: string, context: CallContext): Promise<unknown> {
    const { identityId, name } = parseCredentialId(id);
    return this.#options.credentials.get(identityId, name, context);
  }

  #rotation(identityId: string): Rotation {
    const { clock, roundMs, spacingMs } = this.#options;
    const name = parseIdentityId(identityId).subscriptionId.toLowerCase();
    let rotation = this.#rotations.get(name);
    if (!rotation) {
      const read = (id: string) => this.read(id, 'resync');
      rotation = new Rotation({ clock, roundMs, spacingMs, read });
      this.#rotations.set(name, rotation);
    }
    return rotation;
  }
}

function partial(reason: string): Completeness {
  return { state: 'partial', reason };
}
