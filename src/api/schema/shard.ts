/**
 * Which of several azids of one installation works on what (docs/guides/shard-azid.md). A shard has namespaces; the shard `default` has those
 * without the label as well, and all that belongs to no namespace.
 */

/** On a Namespace: the shard that has its objects. On an EventSource: the shard that receives from its queue. */
export const SHARD_LABEL = 'azid.dev/shard';

export const HOME_SHARD = 'default';

/** A text that names no shard that can be (`Team_A`) is returned as it is: no process works for it, and that is reported. */
export function shardNamed({
  metadata,
}: {
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> };
}): string {
  return metadata.labels?.[SHARD_LABEL] || HOME_SHARD;
}
