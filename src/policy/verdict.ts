/** What the policies say to one request. */
export type Verdict = Allowed | Denied;

export interface Allowed {
  readonly allowed: true;
  readonly policy: string;
}

export interface Denied {
  readonly allowed: false;
  readonly message: string;
  /**
   * The namespace was not seen yet, so its policies are not known: nothing is given meanwhile, and nothing that
   * stands is judged by it.
   */
  readonly unseen?: true;
}

export function allowed(policy: string): Allowed {
  return { allowed: true, policy };
}

export function denied(message: string): Denied {
  return { allowed: false, message };
}
