import { isCredentialOf } from '../azure/names/credential-name.ts';
import { ownerValue } from '../azure/names/identity-marks.ts';
import { armKey } from '../azure/names/resource-id.ts';
import type {
  ObjectRef,
  Objects,
  RetainedRecord,
  ShownAssignment,
  ShownCredential,
  ShownIdentity,
} from './objects.ts';

/** Objects as plain data, for tables and for models: what the stores would tell of them. */
export interface KubeThing extends ObjectRef {
  readonly uid: string;
  /** Ids of Azure that it wants, has in its status or ledger, or names: of identities, assignments or credentials. */
  readonly ids?: readonly string[];
  /** On record for it, or named by it. */
  readonly principalId?: string;
  /** Name of the UserAssignedIdentity of its namespace to which it refers. */
  readonly identityRef?: string;
  /** Of a grant whose own identity is not known: it may mean any assignment at this scope. */
  readonly anyAt?: string;
  /** It says `deletionPolicy: Retain`. */
  readonly retain?: true;
}

export interface Known {
  readonly installationId: string;
  readonly objects: readonly KubeThing[];
  /** Identities in Azure by key, with the uid of their marks. */
  readonly marked?: ReadonlyMap<string, string>;
  /** By key; of identities by the uid of the object that says so. */
  readonly retained?: ReadonlyMap<string, RetainedRecord>;
  readonly unseen?: ReadonlySet<string>;
}

export class PlainObjects implements Objects {
  readonly #known: Known;

  constructor(known: Known) {
    this.#known = known;
  }

  identitiesOfUid(uid: string) {
    return this.#of('UserAssignedIdentity', (each) => each.uid.toLowerCase() === uid.toLowerCase());
  }

  identitiesOfOwner(value: string) {
    return this.#of('UserAssignedIdentity', (each) => ownerValue(each) === value);
  }

  identitiesAt({ key, principalId }: ShownIdentity) {
    return this.#of(
      'UserAssignedIdentity',
      (each) => has(each, key) || (principalId !== '' && each.principalId === principalId),
    );
  }

  identitiesMarked(uid: string) {
    const marked = [...(this.#known.marked ?? [])];
    return marked.filter(([, of]) => of.toLowerCase() === uid.toLowerCase()).map(([key]) => key);
  }

  referrersOf({ key, principalId, clientId }: ShownIdentity) {
    return this.#known.objects.filter(
      (each) =>
        each.kind !== 'UserAssignedIdentity' &&
        (has(each, key) ||
          (each.principalId !== undefined && [principalId, clientId].includes(each.principalId))),
    );
  }

  referrersByName(namespace: string, name: string) {
    return this.#known.objects.filter((each) => each.namespace === namespace && each.identityRef === name);
  }

  grantsOf({ key, scope, description }: ShownAssignment) {
    return this.#of(
      'RoleGrant',
      (each) =>
        has(each, key) ||
        (each.anyAt !== undefined && armKey(each.anyAt) === armKey(scope)) ||
        description?.includes(`: ${each.namespace}/${each.name}]`) === true,
    );
  }

  credentialsOf({ key, name }: ShownCredential) {
    return this.#of(
      'FederatedIdentityCredential',
      (each) => has(each, key) || isCredentialOf(name, this.#known.installationId, each),
    );
  }

  retained(key: string, ownerUid?: string) {
    return this.#known.retained?.get(ownerUid ?? key);
  }

  isUnseen(namespace?: string) {
    const unseen = this.#known.unseen ?? new Set();
    return namespace === undefined ? unseen.size > 0 : unseen.has(namespace);
  }

  #of(kind: string, matches: (each: KubeThing) => boolean): readonly KubeThing[] {
    return this.#known.objects.filter((each) => each.kind === kind && matches(each));
  }
}

function has({ ids = [] }: KubeThing, key: string): boolean {
  return ids.some((id) => armKey(id) === key);
}
