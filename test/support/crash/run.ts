import type { SeenRequest } from '../../../src/azure/arm/arm-policies.ts';
import type { KubeObject, Resource } from '../../../src/kube/types.ts';
import type { Control } from '../../../src/simulator/simulator.ts';
import { type Cluster, RESOURCES, World } from '../testbed.ts';
import { Crew } from './crew.ts';
import { type Disturbance, type RandomKills, Recorder } from './disturb.ts';
import { type Schedule, startFaults } from './fault-schedule.ts';
import { atTime, inNamespace, type Ref, type Scenario, type Step } from './scenario.ts';
import { seeded } from './seeded.ts';
import { Snapshot } from './snapshot.ts';
import { type HostState, normalised, readState, type State } from './state.ts';
import { type WatchPlan, WatchTaps } from './watch-taps.ts';

export type Plan =
  | Disturbance
  | RandomKills
  | WatchPlan
  /** The identities' watch brings nothing from just before this step until its consequences had time to show. */
  | { readonly kind: 'stale'; readonly step: number }
  | { readonly kind: 'faults'; readonly schedule: Schedule };

/** What one run did and left behind. */
export interface Run {
  readonly writes: readonly string[];
  readonly events: readonly string[];
  /** Creations and deletions that Azure carried out for azid, sorted: `create web`. */
  readonly effects: readonly string[];
  readonly end: unknown;
  /** What must not be, whatever the reference says; empty when all is well. */
  readonly faults: readonly string[];
  /** Whether the plan met its point. */
  readonly struck: boolean;
  /** How many processes died by chance, and how long each time nobody worked, ms of the clock. */
  readonly kills: number;
  readonly failovers: readonly number[];
}

/** Back-off after a handful of failures in a row has ended by then. */
const BACKOFF_MS = 10 * 60_000;
/** Within the time limit of a call to Azure (60 s), since azid waits that long for what a dead process began. */
const LATE_MS = 20_000;
const EXPECT_LIMIT_MS = 20 * 60_000;

let runs = 0;

/** Carries out one scenario, under one plan or undisturbed, in a namespace and an Azure of its own. */
export async function run(cluster: Cluster, scenario: Scenario, seed: number, plan?: Plan): Promise<Run> {
  const namespace = `run-${process.pid}-${++runs}`;
  const { preset = 'fast' } = scenario;
  // azid must be told of a lag longer than Azure's own, as its flag's default is.
  const azureLagMs = preset === 'honest' ? 30_000 : 2_000;
  // As in production; the start of an operator counts as a call, so time waits for what these lists bring.
  const world = await World.create(cluster, { preset, azureLagMs, operator: { streamLists: true } });
  const stage = new Stage(cluster, world, inNamespace(scenario, namespace), namespace, seed, plan);
  try {
    return await stage.play();
  } finally {
    stage.close();
    await world.dispose();
    // A namespace that stays makes every later list longer.
    await cluster.clean(namespace);
  }
}

class Stage {
  readonly #cluster: Cluster;
  readonly #world: World;
  readonly #scenario: Scenario;
  readonly #namespace: string;
  readonly #plan: Plan | undefined;
  readonly #recorder: Recorder;
  readonly #taps: WatchTaps;
  readonly #snapshot: Snapshot;
  readonly #crew: Crew;
  /** The user gave up what the scenario is about. */
  #abandoned = false;
  readonly #late = new Set<Disposable>();
  readonly #delivered: Promise<unknown>[] = [];

  constructor(
    cluster: Cluster,
    world: World,
    scenario: Scenario,
    namespace: string,
    seed: number,
    plan: Plan | undefined,
  ) {
    this.#cluster = cluster;
    this.#world = world;
    this.#scenario = scenario;
    this.#namespace = namespace;
    this.#plan = plan;
    const disturbance = isDisturbance(plan) || plan?.kind === 'random-kills' ? plan : undefined;
    const deliverLate = (request: SeenRequest) => this.#deliverLate(request);
    this.#recorder = new Recorder(namespace, deliverLate, disturbance, scenario.outlives?.at);
    this.#taps = new WatchTaps(world.clock, namespace, isWatchPlan(plan) ? plan : undefined);
    this.#snapshot = new Snapshot(cluster);
    this.#crew = new Crew({
      world,
      recorder: this.#recorder,
      taps: this.#taps,
      snapshot: this.#snapshot,
      random: seeded(seed),
      ...(plan?.kind === 'kill-delete' && { whileDown: () => this.#deleteAll() }),
      ...(hasTwo(plan) && { leaseName: namespace, alwaysTwo: plan.kind === 'random-kills' }),
    });
  }

  async play(): Promise<Run> {
    const { knobs, given = [], steps, endsAfterMs } = this.#scenario;
    const crew = this.#crew;
    await crew.start();
    for (const step of given) await this.#act(step);
    await crew.settle();
    if (knobs) this.#world.azure.control.setKnobs(knobs);
    if (hasTwo(this.#plan)) await crew.addFollower();
    const { hosts } = await this.#state();
    this.#recorder.arm();
    this.#taps.arm();
    if (this.#plan?.kind === 'faults') startFaults(this.#world.azure.control, this.#plan.schedule);

    await this.#playSteps(steps);
    if (this.#abandoned && endsAfterMs !== undefined) {
      await crew.settle();
      await crew.pass(endsAfterMs);
    }
    this.#world.azure.control.clearFaults();
    await crew.settle();
    const faults = await this.#comeToRest();
    this.#snapshot.forget();
    const state = await this.#state();
    return {
      writes: this.#recorder.writes,
      events: this.#taps.events,
      effects: this.#effects(),
      end: normalised(state, this.#namespace),
      faults: [
        ...faults,
        ...orphansIn(state, this.#namespace),
        ...replacedIn(hosts, state.hosts),
        ...(this.#abandoned ? leftIn(state) : []),
      ],
      struck: this.#struck(),
      kills: this.#recorder.kills,
      failovers: crew.failovers,
    };
  }

  async #playSteps(steps: readonly Step[]): Promise<void> {
    const staleFrom = this.#plan?.kind === 'stale' ? this.#plan.step : Number.POSITIVE_INFINITY;
    const thawAfter = lastOfStale(steps, staleFrom);
    for (const [index, step] of steps.entries()) {
      if (this.#abandoned) return;
      if (index === staleFrom) this.#taps.freeze();
      // With frozen views nobody can be expected to see.
      if (!this.#taps.frozen || isChange(step)) await this.#act(step);
      if (this.#taps.frozen && index === thawAfter) {
        await this.#crew.resync();
        this.#taps.thaw();
      }
    }
  }

  async #act(step: Step): Promise<void> {
    const crew = this.#crew;
    switch (step.do) {
      case 'apply':
        for (const object of step.objects) await this.#cluster.apply(atTime(object, this.#world.clock.now()));
        return;
      case 'patch':
        await this.#cluster.patch(
          resourceOf(step.at),
          step.at.key,
          atTime(step.body, this.#world.clock.now()),
          step.subresource,
        );
        return;
      case 'remove':
        return this.#cluster.delete(resourceOf(step.at), step.at.key);
      case 'azure': {
        const verb = this.#world.azure.control[step.verb] as (
          input: unknown,
        ) => ReturnType<Control[keyof Control]>;
        await verb(step.input);
        return;
      }
      case 'wait':
        await crew.settle();
        return crew.pass(step.ms);
      case 'resync':
        return crew.resync();
      case 'settle':
        return crew.settle();
      case 'expect':
        return this.#expect(step.what, step.that);
      case 'controller':
        return step.be === 'started' ? crew.start() : crew.end(step.be);
      default:
        step satisfies never;
    }
  }

  async #expect(what: string, that: (state: State) => boolean): Promise<void> {
    const until = this.#world.clock.monotonic() + EXPECT_LIMIT_MS;
    for (;;) {
      await this.#crew.settle();
      const state = await this.#state();
      if (this.#abandoned || that(state)) return;
      if (this.#world.clock.monotonic() > until) {
        const seen = JSON.stringify(normalised(state, this.#namespace), undefined, 1);
        throw new Error(`expected ${what}; the state is ${seen}`);
      }
      await this.#crew.pass(30_000);
    }
  }

  /** After the end nothing may be written any more: not at a resync, nor at those after faults. */
  async #comeToRest(): Promise<string[]> {
    const faults: string[] = [];
    const rounds = this.#plan?.kind === 'faults' ? 3 : 1;
    if (this.#plan?.kind === 'faults') {
      await this.#crew.pass(BACKOFF_MS);
      await this.#crew.settle();
    }
    // A write that came late may have undone what the next process did; as any drift it is found by the list.
    if (this.#plan?.kind === 'kill-late' || this.#plan?.kind === 'random-kills') {
      // One that dies meanwhile may leave another write under way.
      while (this.#late.size > 0) await this.#crew.pass(LATE_MS);
      await Promise.all(this.#delivered);
      await this.#crew.resync();
    }
    for (let round = 1; round <= rounds; round++) {
      const before = this.#recorder.writes.length;
      await this.#crew.resync();
      const late = this.#recorder.writes.slice(before);
      if (late.length > 0)
        faults.push(`not idle: in resync ${round} after the end it wrote ${late.join(', ')}`);
    }
    return faults;
  }

  async #deleteAll(): Promise<void> {
    this.#abandoned = true;
    const { objects } = await this.#state();
    for (const { kind, metadata } of objects.filter(isTenants)) {
      await this.#cluster.delete(resourceOf({ kind, key: '' }), `${metadata.namespace}/${metadata.name}`);
    }
  }

  /** By the hand of someone else, as the sender's connection died with it. */
  #deliverLate({ method, url, body }: SeenRequest): void {
    if (method !== 'PUT' && method !== 'PATCH') throw new Error(`expected a PUT or PATCH, got ${method}`);
    const { clock, azure } = this.#world;
    const { pathname, search } = new URL(url);
    const late = clock.timer(LATE_MS, () => {
      this.#late.delete(late);
      const call: Parameters<Control['arm']>[0] = {
        method,
        path: `${pathname}${search}`,
        ...(body !== undefined && { body: JSON.parse(body) }),
      };
      this.#delivered.push(this.#world.pace.counted(async () => azure.control.arm(call)));
    });
    this.#late.add(late);
  }

  #effects(): string[] {
    /** Assignments that are there, by path: Azure answers 201 to a PUT of one that is, too (docs/azure-facts.md section 5). */
    const assignments = new Set<string>();
    return this.#world.azure
      .requests()
      .filter(
        ({ caller, operation }) =>
          caller !== 'anonymous' && /^(identities|roleAssignments)\./.test(operation),
      )
      .flatMap(({ method, status, path, operation }) => {
        const grant = operation.startsWith('roleAssignments.');
        const [place = ''] = path.toLowerCase().split('?');
        const name = grant ? 'assignment' : path.split('?')[0]?.split('/').at(-1);
        // A PUT of an equal assignment changes nothing; of an identity it would overwrite tags.
        if (grant && method === 'PUT' && (status === 200 || assignments.has(place))) return [];
        if (grant && method === 'PUT' && status === 201) assignments.add(place);
        if (grant && method === 'DELETE' && status === 200) assignments.delete(place);
        if (method === 'PUT' && status === 201) return `create ${name}`;
        if (method === 'PUT' && status === 200) return `overwrite ${name}`;
        if (method === 'DELETE' && status === 200) return `delete ${name}`;
        return [];
      })
      .sort();
  }

  #state(): Promise<State> {
    return readState(this.#snapshot, this.#world, this.#namespace);
  }

  #struck(): boolean {
    if (this.#plan?.kind === 'random-kills') return this.#recorder.kills > 0;
    if (isDisturbance(this.#plan)) return this.#recorder.struck !== undefined;
    return !isWatchPlan(this.#plan) || this.#taps.struck;
  }

  /** Lets go of whatever is held, so that operators can end. */
  close(): void {
    for (const late of this.#late) late[Symbol.dispose]();
    this.#taps.thaw();
    this.#recorder.release();
  }
}

/** Whose operators wait for a Lease. */
function hasTwo(plan: Plan | undefined): plan is Plan & { readonly kind: 'handover' | 'random-kills' } {
  return plan?.kind === 'handover' || plan?.kind === 'random-kills';
}

function isDisturbance(plan: Plan | undefined): plan is Disturbance {
  switch (plan?.kind) {
    case 'kill-before':
    case 'kill-after':
    case 'kill-late':
    case 'kill-delete':
    case 'handover':
      return true;
    default:
      return false;
  }
}

function isWatchPlan(plan: Plan | undefined): plan is WatchPlan {
  return plan?.kind === 'hidden' || plan?.kind === 'doubled';
}

export function isChange(step: Step): boolean {
  return step.do === 'apply' || step.do === 'patch' || step.do === 'remove' || step.do === 'azure';
}

/** Changes that come in a row are missed together; where something is expected between them, they are not. */
function lastOfStale(steps: readonly Step[], from: number): number {
  const end = steps.findIndex((step, index) => index > from && !isChange(step));
  return (end < 0 ? steps.length : end) - 1;
}

/** Identities with azid's mark whose owner does not live. */
function orphansIn(state: State, namespace: string): string[] {
  return state.azure
    .filter(({ tags }) => tags['azid-owner-uid'] !== undefined)
    .filter(({ tags }) => !state.objects.some(({ metadata }) => metadata.uid === tags['azid-owner-uid']))
    .map(
      ({ id, tags }) =>
        `orphan: ${id} is marked for ${tags['azid-owner']?.replace(namespace, '$ns')}, which is gone`,
    );
}

/** A resource's own identity that was switched off and on again is another one: its rights are lost. */
function replacedIn(before: readonly HostState[], after: readonly HostState[]): string[] {
  return before.flatMap(({ uniqueId, name, system }) => {
    const now = after.find((each) => each.uniqueId === uniqueId)?.system;
    return system && now && now !== system
      ? [`replaced: the system-assigned identity of ${name} was ${system} and is ${now}`]
      : [];
  });
}

const INTERNAL = ['HostIdentity', 'AssignmentExpiry', 'OrphanRecord'];

/** Not the policy, which is the administrator's, nor the ledgers and records that are azid's own. */
function isTenants({ kind, metadata }: KubeObject): boolean {
  return metadata.namespace !== undefined && !INTERNAL.includes(kind);
}

function leftIn(state: State): string[] {
  return [
    ...state.objects
      .filter(isTenants)
      .map(({ kind, metadata }) => `left: ${kind} ${metadata.name} was deleted and is still there`),
    ...state.assignments.map(({ id }) => `left: role assignment ${id}, whose grant is gone`),
    ...state.expiries.map(({ spec }) => `left: the record of when ${spec.assignmentId} ends`),
    ...state.ledgers.map(({ spec }) => `left: the ledger of ${spec.resourceId}, which nobody needs`),
    ...state.hosts.flatMap(({ name, attached }) =>
      attached.map((each) => `left: identity ${each.name} on ${name}, which nobody asked for`),
    ),
  ];
}

function resourceOf({ kind }: Ref): Resource {
  const resource = RESOURCES.find((each) => each.kind === kind);
  if (!resource) throw new Error(`the testbed does not know kind ${kind}`);
  return resource;
}
