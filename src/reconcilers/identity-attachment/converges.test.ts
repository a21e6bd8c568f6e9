import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LedgerEntry } from '../../api/host-identity.ts';
import { FINALIZER } from '../../api/schema/common.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { RECHECK_OUTSIDE_MS } from '../decision.ts';
import { rolloutSlotsOf } from '../hosts/claims/slots.ts';
import { decide } from './decide.ts';
import { deleted, entry, facts, fleet, ledger, NOW, policy, problem, vmId } from './facts.fixture.ts';
import type { Facts, IdentityAttachment, ObservedHost } from './facts.ts';

/** The attachment's decisions over hosts that act as theirs do: only with a turn, in steps, and sometimes not at all. */

const NAMES = Array.from({ length: 12 }, (_, at) => `h${at}`);
const ROUNDS = 8;

interface Model {
  wanted: boolean;
  /** Its HostIdentity exists. */
  holder: boolean;
  line?: LedgerEntry | undefined;
  /** So many attempts that it refuses first. */
  refuses: number;
}

function observedOf(name: string, { wanted, holder, line }: Model): ObservedHost {
  const id = vmId(name);
  return {
    id,
    key: armKey(id),
    type: 'Microsoft.Compute/virtualMachines',
    claim: wanted ? 'wanted' : 'unwanted',
    absent: false,
    shown: line?.state === 'Attached',
    lacking: false,
    ...(holder && { ledger: ledger({ ...(line && { entry: line }) }) }),
  };
}

class World {
  readonly hosts = new Map<string, Model>();
  object: IdentityAttachment;
  facts: Facts;

  constructor(object: IdentityAttachment, restarts: boolean) {
    this.object = object;
    const all = policy({ attachments: [{ types: ['*'], scopes: ['/'], selectors: true }] });
    this.facts = facts({ policies: [all], type: { name: 'T/t', known: true, restarts }, hosts: [] });
  }

  /** As the reconciler does it; the object may be gone afterwards. */
  request(): boolean {
    for (let round = 0; round < ROUNDS; round++) {
      const hosts = [...this.hosts]
        .filter(([, { wanted, line }]) => (wanted && !this.object.metadata.deletionTimestamp) || line)
        .map(([name, model]) => observedOf(name, model));
      const now = { ...this.facts, hosts };
      const decision = decide(this.object, now);
      this.facts = { ...this.facts, ...(decision.reported && { reported: decision.reported }) };
      if (decision.actions.length === 0) {
        this.object = { ...this.object, status: { ...decision.status, observedGeneration: 1 } };
        this.expectFinalizer();
        return true;
      }
      for (const action of decision.actions)
        switch (action.type) {
          case 'removeFinalizer':
            return false;
          case 'addFinalizer':
            this.object = { ...this.object, metadata: { ...this.object.metadata, finalizers: [FINALIZER] } };
            break;
          case 'saveStatus':
            this.object = { ...this.object, status: { ...this.object.status, ...action.status } };
            this.expectFinalizer();
            break;
          case 'ensureHosts':
            for (const [name, model] of this.hosts)
              if (action.hostIds.includes(vmId(name))) model.holder = true;
            break;
        }
    }
    throw new Error(`${ROUNDS} rounds did not come to an end`);
  }

  /** Nothing can be written to a host for an object that could vanish. */
  expectFinalizer(): void {
    if (this.object.status?.rolloutSlots) expect(this.object.metadata.finalizers).toContain(FINALIZER);
  }

  /** One host does its next step. */
  step(name: string): void {
    const model = this.hosts.get(name);
    if (!model?.holder) return;
    const key = armKey(vmId(name));
    const { attach, detach } = rolloutSlotsOf(this.object);
    const { line, wanted } = model;
    const going = !wanted || this.object.metadata.deletionTimestamp !== undefined;
    switch (line?.state) {
      case undefined:
      case 'Refused':
        if (going) model.line = undefined;
        else if (attach.has(key)) model.line = entry({ state: 'Attaching' });
        break;
      case 'Attaching':
        if (model.refuses-- > 0) model.line = entry({ state: 'Refused', problem: problem('ScopeLocked') });
        else model.line = entry();
        break;
      case 'Attached':
        if (going && detach.has(key)) model.line = entry({ state: 'Detaching' });
        break;
      case 'Detaching':
        model.line = undefined;
    }
  }

  get settled(): boolean {
    return [...this.hosts.values()].every(
      ({ wanted, line }) => line?.state === (wanted ? 'Attached' : undefined),
    );
  }

  get changing(): number {
    const states = [...this.hosts.values()].map(({ line }) => line?.state);
    return states.filter((state) => state === 'Attaching' || state === 'Detaching').length;
  }
}

const runs = fc.record({
  refuses: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: NAMES.length, maxLength: NAMES.length }),
  wanted: fc.array(fc.boolean(), { minLength: NAMES.length, maxLength: NAMES.length }),
  order: fc.array(fc.nat(NAMES.length), { maxLength: 120 }),
  restart: fc.nat(120),
  maxConcurrent: fc.integer({ min: 1, max: 4 }),
  restarts: fc.boolean(),
});

describe('whatever the order of what happens', () => {
  it('all hosts come to have it, then none, never more changed at once than may be, crashes included', () => {
    fc.assert(
      fc.property(runs, ({ refuses, wanted, order, restart, maxConcurrent, restarts }) => {
        const spec = { rollout: { maxConcurrent, maxDetachShare: 100 } };
        const world = new World(fleet({ spec, metadata: { finalizers: [] } }), restarts);
        for (const [at, name] of NAMES.entries())
          world.hosts.set(name, { wanted: wanted[at] ?? false, holder: false, refuses: refuses[at] ?? 0 });
        const happen = (name: string | undefined) => {
          // A reconcile of the attachment, or a step of one host.
          const lives = name === undefined ? world.request() : true;
          if (name !== undefined) world.step(name);
          expect(world.changing).toBeLessThanOrEqual(maxConcurrent);
          return lives;
        };
        const settle = () => {
          for (let pass = 0; pass < 150; pass++) {
            if (!happen(undefined)) return false;
            for (const name of NAMES) happen(name);
            world.facts = { ...world.facts, now: NOW + pass * RECHECK_OUTSIDE_MS };
            if (world.settled && world.object.metadata.deletionTimestamp === undefined)
              return happen(undefined);
          }
          return true;
        };

        for (const [at, index] of order.entries()) {
          happen(NAMES[index]);
          // A new process finds the slots, and tells nothing of what was before it.
          if (at === restart) {
            const { reported: _, ...rest } = world.facts;
            world.facts = rest;
          }
        }
        settle();
        for (const { wanted: should, line } of world.hosts.values())
          expect(line?.state).toBe(should ? 'Attached' : undefined);
        const count = wanted.filter(Boolean).length;
        expect(world.object.status).toMatchObject({ matched: count, attached: count, pending: 0, failed: 0 });

        for (const model of world.hosts.values()) model.wanted = !model.wanted;
        settle();
        for (const { wanted: should, line } of world.hosts.values())
          expect(line?.state).toBe(should ? 'Attached' : undefined);

        world.object = deleted(world.object);
        expect(settle()).toBe(false);
        for (const { line } of world.hosts.values()) expect(line).toBeUndefined();
      }),
      { numRuns: 150 },
    );
  });
});
