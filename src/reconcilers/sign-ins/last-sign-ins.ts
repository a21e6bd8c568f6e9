import type { LastSignIn } from '../../api/schema/activity.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { asciiLower } from '../../azure/names/text.ts';
import type { KubeObject, ObjectKey } from '../../kube/types.ts';
import { Emitter, type Source, type Watch, watch } from '../../runtime/controller/watch.ts';
import type { IdentityKind } from '../holds.ts';
import { isSame, laterOf, readSignIn } from './sign-in.ts';

/** When identities last signed in: what the directory reported, and what the kinds that report it make of that. */

/** An object whose identity may have signed in. */
export interface SignInTarget {
  readonly kind: IdentityKind;
  readonly key: ObjectKey;
  readonly uid: string;
  /** ARM id of the identity, or of the resource whose own it is. */
  readonly id: string | undefined;
  readonly principalId: string | undefined;
  /** As its status has it. */
  readonly shown: LastSignIn | undefined;
}

/** No clock is further ahead of another: what is later has not happened. */
const AHEAD_MS = 24 * 3_600_000;

/** The last sign-in of each identity that has an object, as the directory last reported it; of others nothing is kept. */
export class LastSignIns {
  readonly #byUid = new Map<string, LastSignIn>();
  readonly #changed: Readonly<Record<IdentityKind, Emitter<readonly ObjectKey[]>>> = {
    UserAssignedIdentity: new Emitter(),
    SystemAssignedIdentity: new Emitter(),
  };

  /** Undefined: the directory reported none lately, or was not asked yet. */
  of(uid: string): LastSignIn | undefined {
    return this.#byUid.get(uid);
  }

  /** Keys of objects whose identity signed in. */
  changed(kind: IdentityKind): Source<readonly ObjectKey[]> {
    return this.#changed[kind];
  }

  /** Takes all pages of the directory, once they are complete. Rejects as the pages do, and nothing has changed then. */
  async update(
    pages: AsyncIterable<readonly unknown[]>,
    targets: readonly SignInTarget[],
    now: number,
  ): Promise<void> {
    const wanted = new Map<string, { signIn: LastSignIn | undefined }>();
    for (const { id, principalId } of targets)
      for (const term of termsOf(id, principalId)) wanted.set(term, { signIn: undefined });
    for await (const rows of pages)
      for (const row of rows) {
        const read = readSignIn(row);
        if (!read || read.at > now + AHEAD_MS) continue;
        // By the resource, else by the principal, which may be left empty.
        const found = wanted.get(`id ${read.id}`) ?? wanted.get(`principal ${read.principalId}`);
        if (found) found.signIn = laterOf(found.signIn, read.signIn);
      }
    this.#keep(targets, (target) =>
      termsOf(target.id, target.principalId)
        .map((term) => wanted.get(term)?.signIn)
        .reduce(laterOf, undefined),
    );
  }

  #keep(targets: readonly SignInTarget[], signInOf: (target: SignInTarget) => LastSignIn | undefined): void {
    this.#byUid.clear();
    const changed: Record<IdentityKind, ObjectKey[]> = {
      UserAssignedIdentity: [],
      SystemAssignedIdentity: [],
    };
    for (const target of targets) {
      const signIn = signInOf(target);
      if (signIn) this.#byUid.set(target.uid, signIn);
      if (!isSame(laterOf(signIn, target.shown), target.shown)) changed[target.kind].push(target.key);
    }
    for (const kind of ['UserAssignedIdentity', 'SystemAssignedIdentity'] as const)
      if (changed[kind].length > 0) this.#changed[kind].emit(changed[kind]);
  }
}

function termsOf(id: string | undefined, principalId: string | undefined): readonly string[] {
  return [
    ...(id === undefined ? [] : [`id ${armKey(id)}`]),
    ...(principalId === undefined ? [] : [`principal ${asciiLower(principalId)}`]),
  ];
}

interface Signed extends KubeObject {
  readonly status?: { readonly lastSignIn?: LastSignIn | undefined } | undefined;
}

/** What `observe` brings. Absent where azid does not ask for sign-ins, or where none is known. */
export interface SignInFacts {
  readonly lastSignIn?: LastSignIn;
}

interface SignInDeps {
  /** Absent: azid does not ask. */
  readonly signIns?: Pick<LastSignIns, 'of' | 'changed'> | undefined;
}

/**
 * What the status has stays until a later one is known: the log forgets after weeks, and answers nothing while it
 * cannot be read.
 */
export function signInOf({ metadata, status }: Signed, { signIns }: SignInDeps): SignInFacts {
  const lastSignIn = signIns && laterOf(signIns.of(metadata.uid), status?.lastSignIn);
  return lastSignIn ? { lastSignIn } : {};
}

/** A `decide` whose statuses have the field, or have it no more. */
export function withSignIn<
  T,
  Facts extends SignInFacts,
  More extends readonly unknown[],
  Made extends { readonly status: { readonly lastSignIn?: LastSignIn | undefined } },
>(
  decide: (object: T, facts: Facts, ...more: More) => Made,
): (object: T, facts: Facts, ...more: More) => Made {
  return (object, facts, ...more) => {
    const decision = decide(object, facts, ...more);
    const { lastSignIn } = facts;
    const { lastSignIn: _, ...status } = decision.status;
    return { ...decision, status: { ...status, ...(lastSignIn && { lastSignIn }) } };
  };
}

export function onSignIn(kind: IdentityKind, { signIns }: SignInDeps): readonly Watch[] {
  return signIns
    ? [
        watch(
          signIns.changed(kind),
          (keys) => keys,
          () => 'resync',
        ),
      ]
    : [];
}
