/** What the kinds share that report when their identity last signed in. */
import type { LastSignIn } from '../../api/schema/activity.ts';
import type { KubeObject } from '../../kube/types.ts';
import { type Watch, watch } from '../../runtime/controller/watch.ts';
import type { IdentityKind } from '../holds.ts';
import type { LastSignIns } from './last-sign-ins.ts';
import { laterOf } from './sign-in.ts';

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
