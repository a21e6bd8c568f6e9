/**
 * What an object says is there in Azure, by its spec and by what its status has learnt: what the sandbox's table compares with
 * the simulated Azure, without a word of the controller.
 */
export interface DeclaredResource {
  /** As a person calls it: `identity`, `role assignment`. */
  readonly what: string;
  /** ARM id; absent: none is known yet. */
  readonly id?: string | undefined;
  /** By name: what a field of it is to be. Undefined: nothing is asked of it. */
  readonly fields: Readonly<Record<string, string | undefined>>;
  /** Those that are asked for; there may be others. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** Of a field that only Azure can give: it is to be in the status by now, and no value is the right one. */
export const ONE_IN_STATUS = 'one in the status';
