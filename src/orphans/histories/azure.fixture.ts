import { assignmentName } from '../../azure/names/assignment-name.ts';
import { credentialName } from '../../azure/names/credential-name.ts';
import { type Tags, withMaker } from '../../azure/names/identity-marks.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import type { ShownAssignment } from '../objects.ts';
import { INSTALLATION, READER, SCOPE, SELF } from '../sweep.fixture.ts';

/** The truth of a modelled Azure. Things are never altered, only put anew, so that a copy of the maps is a list as it was. */

/** Who really made a thing, marks aside. */
export type Maker =
  | { readonly by: 'azid'; readonly namespace: string; readonly name: string }
  /** Another cluster that acts as the same installation, and whose azid signs in as another principal. */
  | { readonly by: 'elsewhere'; readonly namespace: string; readonly name: string }
  | { readonly by: 'foreign' | 'otherInstallation' };

/** Object id of the azid of that cluster. */
export const ELSEWHERE = 'eeeeeeee-0000-4000-8000-000000000001';

export interface Identity {
  readonly id: string;
  readonly key: string;
  readonly principalId: string;
  readonly clientId: string;
  readonly tags: Tags;
  readonly attached: readonly string[];
  readonly maker: Maker;
  readonly createdAt: number;
  /** An object of the other cluster has it, too, and its azid has said so. */
  readonly isShared?: true;
}

export interface Assignment extends ShownAssignment {
  readonly createdOn: number;
  readonly createdBy: string;
  readonly maker: Maker;
  /** An object of the other cluster has it, too. */
  readonly isShared?: true;
}

export interface Credential {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly identityKey: string;
  readonly issuer: string;
  readonly subject: string;
  readonly maker: Maker;
}

export interface Copy {
  readonly identities: ReadonlyMap<string, Identity>;
  readonly assignments: ReadonlyMap<string, Assignment>;
  readonly credentials: ReadonlyMap<string, Credential>;
}

export class Azure {
  readonly identities: Map<string, Identity>;
  readonly assignments: Map<string, Assignment>;
  readonly credentials: Map<string, Credential>;
  /** Principals that are no more, as the directory has them. */
  readonly ended: Map<string, 'softDeleted' | 'gone'>;
  #made: number;

  /** @param from another one, of which this is to be a double */
  constructor(from?: Azure) {
    this.identities = new Map(from?.identities);
    this.assignments = new Map(from?.assignments);
    this.credentials = new Map(from?.credentials);
    this.ended = new Map(from?.ended);
    this.#made = from ? from.#made : 0;
  }

  copy(): Copy {
    return {
      identities: new Map(this.identities),
      assignments: new Map(this.assignments),
      credentials: new Map(this.credentials),
    };
  }

  makeIdentity(id: string, tags: Tags, maker: Maker, at: number): Identity {
    const principalId = `aaaaaaaa-0000-4000-8000-${String(++this.#made).padStart(12, '0')}`;
    const clientId = `c${principalId.slice(1)}`;
    const identity = { id, key: armKey(id), principalId, clientId, tags, attached: [], maker, createdAt: at };
    this.identities.set(identity.key, identity);
    return identity;
  }

  change(key: string, change: Partial<Identity>): void {
    const identity = this.identities.get(key);
    if (identity) this.identities.set(key, { ...identity, ...change });
  }

  /** With all that stands under its id; the assignments of its principal stay. */
  deleteIdentity(key: string): void {
    const identity = this.identities.get(key);
    if (!identity) return;
    this.identities.delete(key);
    this.ended.set(identity.principalId, 'softDeleted');
    for (const each of [...this.credentials.values()])
      if (each.identityKey === key) this.credentials.delete(each.key);
  }

  /** Named as azid does, or at random by others. */
  grant(principalId: string, maker: Maker, at: number): Assignment {
    const [name, description] =
      maker.by === 'azid' || maker.by === 'elsewhere'
        ? [
            assignmentName(INSTALLATION, { scope: SCOPE, role: READER, principalId }),
            `[azid ${INSTALLATION}: ${maker.namespace}/${maker.name}]`,
          ]
        : [`99999999-0000-4000-8000-${String(++this.#made).padStart(12, '0')}`, 'by hand'];
    const id = `${SCOPE}/providers/Microsoft.Authorization/roleAssignments/${name}`;
    const key = armKey(id);
    const before = this.assignments.get(key);
    if (before && maker.by === 'elsewhere') {
      const shared = { ...before, isShared: true } as const;
      this.assignments.set(key, shared);
      return shared;
    }
    if (before) return before;
    const made = {
      id,
      key,
      name,
      scope: SCOPE,
      roleGuid: READER,
      principalId,
      description,
      createdOn: at,
      createdBy: maker.by === 'azid' ? SELF.principalId : ELSEWHERE,
      maker,
    };
    this.assignments.set(key, made);
    return made;
  }

  federate(identityKey: string, maker: Maker): Credential | undefined {
    const identity = this.identities.get(identityKey);
    if (!identity) return undefined;
    const name =
      maker.by === 'azid' || maker.by === 'elsewhere'
        ? credentialName(INSTALLATION, maker)
        : `aks-binding-${++this.#made}`;
    const id = `${identity.id}/federatedIdentityCredentials/${name}`;
    const made = { id, key: armKey(id), name, identityKey, issuer: 'https://issuer', subject: 'sub', maker };
    this.credentials.set(made.key, made);
    return made;
  }

  /** The other cluster has an object for it as well, as after the cluster was copied. */
  share(key: string): void {
    const identity = this.identities.get(key);
    if (!identity) return;
    this.change(key, { tags: { ...identity.tags, ...withMaker(identity.tags, ELSEWHERE) }, isShared: true });
  }

  identityOf(principalId: string): Identity | undefined {
    return [...this.identities.values()].find((each) => each.principalId === principalId);
  }
}
