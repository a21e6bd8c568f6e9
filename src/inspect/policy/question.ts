import type { NamespacePolicy } from '../../policy/evaluate.ts';
import type { Verdict } from '../../policy/verdict.ts';

/** Something that an object asks of the policies of its namespace, so that it can be asked of others again. */
export interface Question {
  /** In words: `an identity at /subscriptions/…`. */
  readonly what: string;
  /** One for each way it may be meant, where that is not known here: the answers have to agree. */
  readonly asked: readonly ((policy: NamespacePolicy) => Verdict)[];
  /** What it hangs on, where the answers differ or `isOpen`. */
  readonly undecided?: string;
  /** A refusal is none yet: a policy may name what is asked for in a way that is not known here. */
  readonly isOpen?: boolean;
}

/** What keeps an object from asking at all; the remedy is in it. */
interface Unasked {
  readonly what: string;
  readonly why: string;
}

export type Asked = Question | Unasked;
