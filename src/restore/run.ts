/** One run of `azid restore`, by the type of what its record is of. */

import { type OrphanRecord, orphanRecord } from '../api/orphan-record.ts';
import { parseCredentialId } from '../azure/azure-federated-credential.ts';
import type { AzureIdentity } from '../azure/azure-identity.ts';
import { parseAssignmentId } from '../azure/azure-role-assignment.ts';
import type { FederatedCredentials } from '../azure/federated-credentials.ts';
import type { PrincipalStates } from '../azure/graph/directory.ts';
import type { Identities } from '../azure/identities.ts';
import { MARK, tag } from '../azure/names/identity-marks.ts';
import { identityId } from '../azure/names/resource-id.ts';
import type { RoleAssignments } from '../azure/role-assignments.ts';
import type { KubeClient } from '../kube/client.ts';
import { ownerNamedIn } from '../orphans/owners.ts';
import type { RetainedRecords } from '../orphans/records/retained.ts';
import { CommandRefused } from '../runtime/command-refused.ts';
import type { Clock } from '../runtime/time/clock.ts';
import { inWords, restoreAssignment } from './assignments.ts';
import {
  type AssignmentStep,
  assignmentRefused,
  identityOf,
  planAssignments,
  planCredentials,
  planIdentity,
  putOf,
  recordsOf,
} from './plan.ts';

export interface RestoreDeps {
  readonly client: KubeClient;
  readonly azure: {
    readonly identities: Pick<Identities, 'get' | 'put'>;
    readonly credentials: Pick<FederatedCredentials, 'list' | 'put'>;
    readonly assignments: Pick<RoleAssignments, 'get' | 'put'>;
    readonly directory: Pick<PrincipalStates, 'of'>;
  };
  /** What no sweep takes, of the installation whose record it is. */
  readonly retained: (installationId: string) => Pick<RetainedRecords, 'add'>;
  readonly clock: Clock;
  /** azid's own. */
  readonly namespace: string;
  /** A line of progress, for people: what was done stays known when a later step fails. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface RestoreOptions {
  /** Only reports what it would do. */
  readonly dryRun: boolean;
}

/** Lines for people, in the order in which things were done. */
export interface Restored {
  /** Ids in Azure; with `dryRun` those that would be made. */
  readonly made: readonly string[];
  readonly there: readonly string[];
  /** What only people can do, or must know. */
  readonly left: readonly string[];
}

export class Run implements Restored {
  readonly made: string[] = [];
  readonly there: string[] = [];
  readonly left: string[] = [];
  readonly #record: OrphanRecord;
  readonly #deps: RestoreDeps;
  readonly #dryRun: boolean;

  constructor(record: OrphanRecord, deps: RestoreDeps, { dryRun }: RestoreOptions) {
    this.#record = record;
    this.#deps = deps;
    this.#dryRun = dryRun;
  }

  async identity(): Promise<void> {
    const { spec } = this.#record;
    const { id, identity: was, credentials = [], attachments = [] } = spec;
    const of = recordsOf(this.#record, await this.#records());
    const identity = await this.#identityNow();
    await this.#credentials(identity?.id ?? id, identity, credentials);
    const { make, not } = planAssignments(of.assignments, {
      installationId: spec.installationId,
      was: was?.principalId ?? '',
      // Of a dry run it is not known, and only its names would show it.
      principalId: identity?.principalId ?? was?.principalId ?? '',
    });
    for (const step of make) await this.#assignment(step, identity !== undefined);
    this.left.push(...not);
    for (const { metadata, spec: other } of of.credentials)
      this.left.push(
        `azid restore ${metadata.name} makes federated credential ${other.id} again, if it was of this identity`,
      );
    const stale = identity === undefined || identity.principalId !== was?.principalId;
    if (stale && was)
      this.left.push(
        `tell whoever names the identity by its ids: client id ${was.clientId} is ${identity?.clientId ?? 'another one'} now, principal ${was.principalId} is ${identity?.principalId ?? 'another one'}`,
      );
    for (const host of attachments)
      this.left.push(`attach it again to ${host}, if it is to carry it: declare an IdentityAttachment`);
  }

  async assignment(): Promise<void> {
    const { spec } = this.#record;
    const [recorded] = spec.assignments ?? [];
    const why = assignmentRefused(this.#record) ?? (await this.#principalGone(recorded?.principalId ?? ''));
    if (why !== undefined || !recorded) throw new CommandRefused(`role assignment ${spec.id}: ${why}`);
    const { scope, name } = parseAssignmentId(spec.id);
    await this.#assignment({ scope, names: [name], put: putOf(recorded, recorded.principalId) }, true);
  }

  async credential(): Promise<void> {
    const { spec } = this.#record;
    const { identityId: id } = parseCredentialId(spec.id);
    const got = await this.#deps.azure.identities.get(id, this.#context);
    if (!got.found) throw new CommandRefused(`identity ${id} is not there: restore it first`);
    const { identity } = got;
    if (tag(identity.tags, MARK.installation) !== spec.installationId)
      throw new CommandRefused(
        `identity ${id} does not carry the tag ${MARK.installation} of installation ${spec.installationId}: it may be another one than the credential was made for`,
      );
    await this.#credentials(id, identity, spec.credentials ?? []);
  }

  /** Azure takes an assignment to a principal that is gone without a word; undefined: it is there, as far as can be determined. */
  async #principalGone(principalId: string): Promise<string | undefined> {
    const of = identityOf(principalId, await this.#records());
    if (of?.spec.deletion)
      return `its identity was deleted, too: azid restore ${of.metadata.name} makes both again, for another principal`;
    const states = await this.#deps.azure.directory.of([{ id: principalId }], this.#deps.signal);
    const found = states.get(principalId.toLowerCase()) ?? { state: 'unknown', why: 'nobody told' };
    if (found.state === 'present') return undefined;
    if (found.state !== 'unknown') return `its principal ${principalId} is gone: there is nobody to grant to`;
    this.left.push(`see that principal ${principalId} still exists, which azid could not: ${found.why}`);
    return undefined;
  }

  async #records(): Promise<readonly OrphanRecord[]> {
    const { client, namespace, signal } = this.#deps;
    return (await client.list(orphanRecord.resource, { namespace }, signal)).items;
  }

  /** Undefined: it would be made. */
  async #identityNow(): Promise<AzureIdentity | undefined> {
    const { identities } = this.#deps.azure;
    const plan = planIdentity(this.#record, await identities.get(this.#record.spec.id, this.#context));
    switch (plan.type) {
      case 'refuse':
        throw new CommandRefused(plan.why);
      case 'there':
        this.#there(plan.identity.id);
        return plan.identity;
      case 'make': {
        const id = identityId(plan.put);
        if (this.#dryRun) {
          this.#made(id);
          return undefined;
        }
        const { created, identity } = await identities.put(plan.put, this.#context);
        this.#made(identity.id);
        if (!created)
          throw new CommandRefused(
            `somebody made ${identity.id} at the same time, and its tags are those of the record now: see whose it is before the command is run again`,
          );
        return identity;
      }
    }
  }

  async #credentials(
    id: string,
    identity: AzureIdentity | undefined,
    recorded: Parameters<typeof planCredentials>[0],
  ): Promise<void> {
    if (recorded.length === 0) return;
    const { credentials } = this.#deps.azure;
    const listed = identity && (await credentials.list(id, this.#context));
    if (listed && !listed.found) throw listed.error;
    const plan = planCredentials(recorded, listed?.credentials ?? []);
    const idOf = (name: string) => `${id}/federatedIdentityCredentials/${name}`;
    for (const { name, ...put } of plan.make) {
      if (!this.#dryRun) {
        await this.#keep(idOf(name), name);
        await credentials.put(id, name, put, this.#context);
      }
      this.#made(idOf(name));
      this.left.push(
        `apply the FederatedIdentityCredential of ${idOf(name)} again: until then it is on record as retained, and no sweep takes it`,
      );
    }
    for (const name of plan.there) this.#there(idOf(name));
    this.left.push(...plan.not);
  }

  /** Nothing in Azure says that a credential was made again on purpose. Its object takes it off the record. */
  async #keep(id: string, name: string): Promise<void> {
    const { installationId } = this.#record.spec;
    const owner = ownerNamedIn(name, installationId);
    await this.#deps.retained(installationId).add([id], { owner, uid: '' }, this.#deps.signal);
  }

  /** @param known false: the principal is not made, so neither is known whether it is granted */
  async #assignment(step: AssignmentStep, known: boolean): Promise<void> {
    const { azure, clock, signal } = this.#deps;
    const deps = { assignments: azure.assignments, clock, signal, dryRun: this.#dryRun };
    const [result, what] = known ? await restoreAssignment(step, deps) : (['made', inWords(step)] as const);
    if (result === 'made') this.#made(what);
    else if (result === 'there') this.#there(what);
    else this.left.push(what);
  }

  #made(what: string): void {
    this.made.push(what);
    this.#deps.say(`${this.#dryRun ? 'would make' : 'made'} ${what}`);
  }

  #there(what: string): void {
    this.there.push(what);
    this.#deps.say(`is there ${what}`);
  }

  get #context() {
    return { priority: 'edit', signal: this.#deps.signal } as const;
  }
}
