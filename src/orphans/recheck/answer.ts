import type { LiveObservation } from '../live.ts';
import { madeElsewhere } from '../makers.ts';
import type { MadeBy, ObservedOwner } from '../observed.ts';
import type { KeepReason } from '../reasons.ts';
import type { Candidate } from '../report.ts';

export type Answer =
  | { readonly type: 'delete' }
  /**
   * What azid made for it and nobody owns, in this order. Each is read, asked about, put on record and counted by itself like any other
   * candidate, since each has an owner of its own who may be back; then the identity is read and asked about again.
   */
  | { readonly type: 'first'; readonly candidates: readonly Candidate[] }
  /** Somebody else deleted it. */
  | { readonly type: 'absent' }
  | { readonly type: 'keep'; readonly because: KeepReason; readonly why: string };

export function keep(because: KeepReason, why: string): Extract<Answer, { type: 'keep' }> {
  return { type: 'keep', because, why };
}

/** Undefined: the owner that was judged gone is, and it is the same one. */
export function keptByOwner(
  owner: ObservedOwner,
  { owner: judged, ownerUid }: Candidate,
): Answer | undefined {
  switch (owner.state) {
    case 'living':
      return keep('OwnerLives', `${owner.by} has it or may want it`);
    case 'retained':
      return keep('Retained', `deletionPolicy Retain of ${owner.owner} left it`);
    case 'otherInstallation':
      return keep('OtherInstallation', `it carries the mark of installation ${owner.installationId}`);
    case 'unknown':
      return keep('OwnerUnknown', owner.why);
    case 'gone':
      return owner.owner === judged && owner.uid === ownerUid
        ? undefined
        : keep(
            'InstanceChanged',
            `it names ${named(owner.owner, owner.uid)} as its owner, and named ${named(judged, ownerUid)} when it was judged`,
          );
  }
}

/** Undefined: this azid alone made it, or a person answers for it. */
export function keptByMaker(
  madeBy: MadeBy,
  { since }: Candidate,
  live: LiveObservation,
): Extract<Answer, { type: 'keep' }> | undefined {
  const made = madeElsewhere({ madeBy, since }, live, live.spec);
  return made && keep(made.because, made.why);
}

function named(owner = 'nobody', uid?: string): string {
  return uid === undefined ? owner : `${owner} (${uid})`;
}
