import { describe, expect, it } from 'vitest';
import { RELEASE_ANNOTATION } from '../../api/schema/common.ts';
import { deletionBlocked } from '../status/blocked.fixture.ts';
import { decide } from './decide.ts';
import {
  attached,
  attachment,
  deleted,
  entry,
  facts,
  fleet,
  given,
  host,
  keys,
  ledger,
  NOW,
  problem,
  RELEASE_AFTER_MS,
  slotsIn,
} from './facts.fixture.ts';
import type { AttachmentDecision, IdentityAttachment, ObservedHost } from './facts.ts';

const types = ({ actions }: AttachmentDecision) => actions.map(({ type }) => type);
const detach = (decision: AttachmentDecision) => slotsIn(decision).detach;
const said = ({ summary }: AttachmentDecision) => ('message' in summary ? summary.message : '');
const events = ({ actions }: AttachmentDecision) =>
  actions.flatMap((action) =>
    action.type === 'recordEvent' ? [`${action.event.reason}: ${action.event.message}`] : [],
  );
const blockedSince = (object: IdentityAttachment, ms: number): IdentityAttachment => ({
  ...object,
  status: {
    conditions: [deletionBlocked(NOW - ms)],
  },
});
const stuck = (name: string): ObservedHost =>
  attached(name, {
    ledger: ledger({ entry: entry({ state: 'Detaching', problem: problem('ScopeLocked', 'a lock') }) }),
  });

describe('an attachment that goes', () => {
  it('lets go at once of nothing', () => {
    expect(types(decide(deleted(attachment()), facts({ hosts: [host('vm1')] })))).toEqual([
      'removeFinalizer',
    ]);
  });

  it('has its hosts detach, no more at once than at any time, and asks neither policy nor share', () => {
    const hosts = ['a', 'b', 'c', 'd'].map((name) => attached(name));
    const object = deleted(fleet({ spec: { rollout: { maxConcurrent: 3, maxDetachShare: 0 } } }));
    const decision = decide(object, facts({ hosts, policies: [] }));
    expect(detach(decision)).toEqual(keys('a', 'b', 'c'));
    expect(decision.summary).toMatchObject({
      state: 'deleting',
      message: 'detaching from 4 resources: a, b, c and 1 more',
    });
  });

  it('stays until no ledger names it', () => {
    const object = given(deleted(fleet()), { detach: ['a'] });
    const decision = decide(object, facts({ hosts: [attached('a')] }));
    expect(types(decision)).toEqual([]);
    expect(detach(decision)).toEqual(keys('a'));
  });

  it('has them forget it, for which they need no slot, where it is to be retained', () => {
    const hosts = ['a', 'b', 'c'].map((name) => attached(name));
    const object = deleted(fleet({ spec: { deletionPolicy: 'Retain', rollout: { maxConcurrent: 1 } } }));
    const decision = decide(object, facts({ hosts }));
    expect(detach(decision)).toEqual(keys());
    expect(said(decision)).toContain('letting go of what is attached to 3 resources');
  });

  it('reports what was detached', () => {
    const before = facts({ hosts: [attached('a')] });
    const { reported } = decide(deleted(fleet()), before);
    const decision = decide(deleted(fleet()), { ...before, hosts: [], ...(reported && { reported }) });
    expect(types(decision)).toEqual(['recordEvent', 'removeFinalizer']);
    expect(events(decision)[0]).toContain('IdentityDetached: the identity is detached from 1 resource: a');
  });

  it('waits for a resource that cannot be read, though that may pass, as for a refusal: not for ever', () => {
    const unreadable = { reason: 'AzureUnavailable', message: 'HTTP 503' };
    const unread = attached('a', { ledger: { ...ledger({ entry: entry() }), unreadable } });
    const object = deleted(attachment());
    const held = decide(object, facts({ hosts: [unread] }));
    expect(types(held)).toEqual([]);
    expect(said(held)).toContain('AzureUnavailable: HTTP 503; the object is let go in 60 min');
    expect(held.conditions).toMatchObject([{ type: 'DeletionBlocked', status: 'True' }]);
    const over = decide(blockedSince(object, RELEASE_AFTER_MS), facts({ hosts: [unread] }));
    expect(types(over)).toEqual(['recordEvent', 'removeFinalizer']);
    expect(events(over)[0]).toMatch(/^LeftBehind: gave up after 60 min: HTTP 503; .*may stay attached.*: a$/);
  });

  it('waits for what refuses, says why, and for how long', () => {
    const decision = decide(deleted(fleet()), facts({ hosts: [stuck('a'), attached('b')] }));
    expect(decision.conditions).toContainEqual(
      expect.objectContaining({ type: 'DeletionBlocked', status: 'True', reason: 'ScopeLocked' }),
    );
    expect(said(decision)).toContain('ScopeLocked: a lock; the object is let go in 60 min');
    expect(detach(decision)).toEqual(keys('a', 'b'));
  });

  it('is let go after it was refused for so long, naming what stays', () => {
    const object = blockedSince(deleted(fleet()), RELEASE_AFTER_MS);
    const decision = decide(object, facts({ hosts: [stuck('a')] }));
    expect(types(decision)).toEqual(['recordEvent', 'removeFinalizer']);
    expect(events(decision)[0]).toMatch(/^LeftBehind: gave up after 60 min: a lock; .* 1 resource: a$/);
  });

  it('is not let go while others are still being detached', () => {
    const object = blockedSince(deleted(fleet()), RELEASE_AFTER_MS);
    expect(types(decide(object, facts({ hosts: [stuck('a'), attached('b')] })))).not.toContain(
      'removeFinalizer',
    );
  });

  it('begins to count again once nothing refuses', () => {
    const object = blockedSince(deleted(fleet()), 60_000);
    expect(decide(object, facts({ hosts: [attached('a')] })).conditions).toContainEqual(
      expect.objectContaining({ type: 'DeletionBlocked', status: 'False' }),
    );
  });

  it('is let go at once by annotation, naming what stays', () => {
    const object = deleted(fleet({ metadata: { annotations: { [RELEASE_ANNOTATION]: 'true' } } }));
    const decision = decide(object, facts({ hosts: [attached('a'), attached('b')] }));
    expect(types(decision)).toEqual(['recordEvent', 'removeFinalizer']);
    expect(events(decision)[0]).toContain('2 resources: a, b');
  });

  it('waits for the ledger of a resource that is gone, and takes nothing from it', () => {
    const gone = attached('a', { absent: true });
    const decision = decide(deleted(fleet()), facts({ hosts: [gone] }));
    expect(types(decision)).toEqual([]);
    expect(decision.conditions).toEqual([]);
  });
});
