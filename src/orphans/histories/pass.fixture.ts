import { evaluate } from '../evaluate.ts';
import type { OrphanType } from '../observed.ts';
import { recheck } from '../recheck.ts';
import type { Answer } from '../recheck-thing.ts';
import type { Candidate, Memory } from '../report.ts';
import type { SweepSpec } from '../spec.ts';
import { observe, readLive } from './observe.fixture.ts';
import { whyAssignmentLives, whyCredentialLives, whyIdentityLives } from './oracle.fixture.ts';
import type { World } from './world.fixture.ts';

/**
 * One deletion of a sweep in its four steps. The last takes the last reads and the DELETE together: between them lies the window that
 * Azure leaves open, and nothing else is left out.
 */
export class Pass {
  /** How it ended: what was deleted, or why not. */
  outcome: string | undefined;
  readonly #world: World;
  readonly #spec: SweepSpec;
  readonly #type: OrphanType;
  readonly #memory: Memory;
  #candidate: Candidate | undefined;

  constructor(world: World, spec: SweepSpec, type: OrphanType, memory: Memory) {
    this.#memory = memory;
    this.#world = world;
    this.#spec = spec;
    this.#type = type;
  }

  readonly steps = [
    () => this.#evaluate(),
    () => this.#forRecord(),
    () => this.#record(),
    () => this.#last(),
  ];

  #evaluate(): void {
    const { next } = evaluate(observe(this.#world), this.#memory, this.#spec, 0);
    this.#candidate = next.find(({ type }) => type === this.#type);
    if (!this.#candidate) this.outcome = 'not due';
  }

  #forRecord(): void {
    this.#told(this.#ask());
  }

  /** A write to the API server, which takes its time and changes nothing here. */
  #record(): void {}

  #last(): void {
    const answer = this.#ask();
    this.#told(answer);
    if (answer?.type !== 'delete' || !this.#candidate) return;
    const { type, key } = this.#candidate;
    const living = this.#living(type, key);
    if (living !== undefined) throw new Error(`deleted a living ${type}: ${living}`);
    this.outcome = 'deleted';
    const { azure } = this.#world;
    if (type === 'Identity') azure.deleteIdentity(key);
    else if (type === 'RoleAssignment') azure.assignments.delete(key);
    else azure.credentials.delete(key);
  }

  #ask(): Answer | undefined {
    if (this.outcome !== undefined || !this.#candidate) return undefined;
    const { stops } = evaluate(observe(this.#world), this.#memory, this.#spec, 0);
    const live = readLive(this.#candidate, 1, stops, this.#spec, this.#world);
    return recheck(this.#candidate, live, this.#world.objects());
  }

  #told(answer: Answer | undefined): void {
    if (answer === undefined || answer.type === 'delete') return;
    this.outcome = answer.type === 'keep' ? `kept ${answer.because}` : answer.type;
  }

  #living(type: OrphanType, key: string): string | undefined {
    const world = this.#world;
    const { identities, assignments, credentials } = world.azure;
    if (world.doubt) return `in spite of ${world.doubt}`;
    const [identity, assignment, credential] = [
      identities.get(key),
      assignments.get(key),
      credentials.get(key),
    ];
    if (type === 'Identity')
      return identity && (this.#another(identity.createdAt) ?? whyIdentityLives(identity, world));
    if (type === 'RoleAssignment')
      return assignment && (this.#another(assignment.createdOn) ?? whyAssignmentLives(assignment, world));
    return credential && whyCredentialLives(credential, world);
  }

  /** All that was listed was made before this run. */
  #another(createdAt: number): string | undefined {
    return createdAt >= this.#world.time ? 'it was made just now' : undefined;
  }
}
