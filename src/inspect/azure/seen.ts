/** One thing of Azure, as it is now. */
export interface Seen {
  readonly what: string;
  readonly id: string;
  readonly state: 'as declared' | 'differs' | 'absent' | 'unreadable';
  /** What of it is shown, or why it could not be read. */
  readonly details: readonly string[];
}
