/** A call that azid makes to Azure, the right that it needs, and where it shows when the right is missing. */
export interface AzureRight {
  /** What is called, for people. */
  readonly call: string;
  /** As in the label `resource` of the metrics; absent where the label names what the call was made for. */
  readonly resource?: string;
  readonly methods: readonly ('GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE')[];
  /** An action of Resource Manager, an action on data, or an application permission of Microsoft Graph. */
  readonly right: string;
  readonly of: 'Resource Manager' | 'Service Bus' | 'Microsoft Graph';
  /** Without it; absent where nothing can show it. */
  readonly without?: MissingRight;
  readonly note?: string;
}

export interface MissingRight {
  /** The kind of object that reports it, `log`, or a candidate of a sweep. */
  readonly on: string;
  /** Of its condition or its line; the verdict of a candidate, whose message names the right. */
  readonly reason: string;
  readonly condition?: 'Stalled' | 'DeletionBlocked';
}

type Row = Omit<AzureRight, 'of'> & { readonly of?: AzureRight['of'] };

export const row = (each: Row): AzureRight => ({ of: 'Resource Manager', ...each });

export const stalled = (on: string, reason: string): MissingRight => ({ on, reason, condition: 'Stalled' });

export const blocked = (on: string, reason: string): MissingRight => ({
  on,
  reason,
  condition: 'DeletionBlocked',
});
