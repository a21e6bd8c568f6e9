import { evaluate } from '../evaluate.ts';
import { recheck } from '../recheck.ts';
import type { Candidate, Memory, SweepReport } from '../report.ts';
import type { SweepSpec } from '../spec.ts';
import { NOTHING, remember } from '../sweep.fixture.ts';
import type { Copy } from './azure.fixture.ts';
import { observe, readLive } from './observe.fixture.ts';
import { whyAssignmentLives, whyCredentialLives, whyIdentityLives } from './oracle.fixture.ts';
import type { World } from './world.fixture.ts';

/** What all histories together come to. */
export class Tally {
  readonly counts = new Map<string, number>();

  add(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  text(): string {
    const sorted = [...this.counts].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return sorted.map(([what, count]) => `${what} ${count}`).join(', ');
  }
}

/** One OrphanSweep, whose status outlives each of its processes. */
export class Sweeper {
  spec: SweepSpec;
  report: SweepReport | undefined;
  /** Of the run under way: written before each deletion. */
  deleted = 0;
  /** What Azure has shown in an earlier run, each thing by what tells it from its successors. */
  #shown = new Set<string>();
  readonly #world: World;
  readonly #tally: Tally;
  #memory: Memory = NOTHING;

  constructor(world: World, spec: SweepSpec, tally: Tally) {
    this.#world = world;
    this.#tally = tally;
    this.spec = spec;
  }

  /**
   * One run.
   *
   * @param meanwhile what happens between an evaluation and the reads directly before the next deletion; false: nothing
   * @param dies      after so many deletions the process dies; another one goes on with the same run
   */
  run(meanwhile: () => boolean = () => false, dies = Number.POSITIVE_INFINITY): void {
    this.deleted = 0;
    const shown = shownBy(this.#world.lists);
    for (const first of [true, false]) {
      const report = this.#evaluate();
      if (first)
        for (const { verdict } of report.candidates)
          if (verdict.type === 'kept') this.#tally.add(`kept ${verdict.because}`);
      for (const { reason } of first ? report.stops : []) this.#tally.add(`stopped ${reason}`);
      let { stops } = report;
      for (const candidate of report.next) {
        if (this.deleted >= dies && first) break;
        // What a deletion changes no list shows yet, so of itself it changes no evaluation.
        if (meanwhile()) stops = this.#evaluateAgain();
        this.#take(candidate, stops);
      }
      if (this.deleted < dies) break;
    }
    this.#shown = shown;
  }

  #evaluate(): SweepReport {
    const report = evaluate(observe(this.#world), this.#memory, this.spec, this.deleted);
    this.report = report;
    this.#memory = remember(report.candidates);
    return report;
  }

  #evaluateAgain(): SweepReport['stops'] {
    return evaluate(observe(this.#world), this.#memory, this.spec, this.deleted).stops;
  }

  /** What was evaluated a while ago, if it is still so. */
  #take(candidate: Candidate, stops: SweepReport['stops'], asLeftover = false): void {
    const world = this.#world;
    // Once, and again when what goes first is gone.
    for (let round = 0; round < 2; round++) {
      const left = this.spec.limits.deletionsPerRun - this.deleted;
      const answer = recheck(candidate, readLive(candidate, left, stops, this.spec, world), world.objects());
      if (answer.type === 'keep') this.#tally.add(`kept at last ${answer.because}`);
      if (answer.type === 'first') {
        const before = this.deleted;
        for (const each of answer.candidates) this.#take(each, stops, true);
        if (this.deleted < before + answer.candidates.length) return;
        continue;
      }
      if (answer.type === 'delete') this.#delete(candidate, asLeftover);
      return;
    }
  }

  #delete(candidate: Candidate, asLeftover: boolean): void {
    const { type, key } = candidate;
    const { azure, now } = { azure: this.#world.azure, now: this.#world.now() };
    this.deleted++;
    const living = this.#living(candidate, asLeftover);
    if (living !== undefined)
      throw new Error(`deleted a living ${type} at ${new Date(now).toISOString()}: ${living}; ${key}`);
    if (this.deleted > this.spec.limits.deletionsPerRun)
      throw new Error(`${this.deleted} deletions in one run`);
    this.#tally.add(`deleted ${type}`);
    if (type === 'Identity') azure.deleteIdentity(key);
    else if (type === 'RoleAssignment') azure.assignments.delete(key);
    else azure.credentials.delete(key);
  }

  #living({ reason, type, key }: Candidate, asLeftover: boolean): string | undefined {
    const world = this.#world;
    const { azure, doubt, faults, kube } = world;
    if (doubt || faults.has('selfUnknown') || faults.has('areaIncomplete'))
      return `in spite of ${doubt ?? [...faults].join()}`;
    const isEmpty = kube.objects.length === 0 && world.stores.length === 0;
    if (isEmpty && reason !== 'Ended' && !this.spec.confirmed) return 'in an empty cluster';
    const now = traitOf(key, azure);
    // What goes before an identity need not have been listed itself: its identity was.
    if (!asLeftover && now !== undefined && !this.#shown.has(now)) return 'no earlier run has seen it';
    if (type === 'Identity') {
      const identity = azure.identities.get(key);
      return identity && whyIdentityLives(identity, world);
    }
    if (type === 'RoleAssignment') {
      const assignment = azure.assignments.get(key);
      return assignment && whyAssignmentLives(assignment, world, reason !== 'Ended');
    }
    const credential = azure.credentials.get(key);
    return credential && whyCredentialLives(credential, world);
  }
}

function shownBy(lists: Copy): Set<string> {
  const keys = [lists.identities, lists.assignments, lists.credentials].flatMap((each) => [...each.keys()]);
  return new Set(keys.flatMap((key) => traitOf(key, lists) ?? []));
}

/** Key and what is never the same twice; of a credential that of its identity. */
function traitOf(key: string, { identities, assignments, credentials }: Copy): string | undefined {
  const credential = credentials.get(key);
  const identity = identities.get(credential?.identityKey ?? key);
  const trait = identity?.principalId ?? assignments.get(key)?.createdOn;
  return trait === undefined ? undefined : `${key} ${trait}`;
}
