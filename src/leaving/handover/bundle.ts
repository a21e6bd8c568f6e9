/** What `azid handover export` gives and `import` takes: all that azid has in a cluster, as data. It holds no secret. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { CommandRefused } from '../../runtime/command-refused.ts';

/** Another number when an older azid could no longer read it. */
const VERSION = 1;

const texts = z.record(z.string(), z.string());

const object = z.object({
  kind: z.string(),
  /** azid's own is `''`, since it may be called otherwise on the new cluster. */
  namespace: z.string().optional(),
  name: z.string(),
  /** On the cluster that is left: what ledgers and records name it by. */
  uid: z.string(),
  generation: z.number(),
  creationTimestamp: z.string(),
  labels: texts.optional(),
  annotations: texts.optional(),
  /** azid's finalizer stands on it. */
  finalizer: z.boolean(),
  spec: z.record(z.string(), z.unknown()),
  status: z.record(z.string(), z.unknown()).optional(),
});

const content = z.object({
  version: z.literal(VERSION),
  installationId: z.string(),
  /** UID of `kube-system` on the cluster that is left. */
  clusterUid: z.string(),
  exportedAt: z.string(),
  /** Those that objects are in, with their labels, by which policies choose them. */
  namespaces: z.array(z.object({ name: z.string(), labels: texts })),
  objects: z.array(object),
  /** Which principal is whose, by uid. */
  principals: texts,
  /** What azid keeps besides in its own namespace. */
  configMaps: z.array(z.object({ name: z.string(), uid: z.string(), labels: texts, data: texts })),
});

export type Bundle = Readonly<z.infer<typeof content>>;
export type BundledObject = Readonly<z.infer<typeof object>>;

export function writeBundle(bundle: Bundle): string {
  return `${JSON.stringify({ azidHandover: bundle, digest: digestOf(bundle) }, undefined, 1)}\n`;
}

/** Throws `CommandRefused` for what is no whole bundle: a file that was cut or edited would lose things in Azure. */
export function readBundle(text: string): Bundle {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new CommandRefused(
      'expected the output of azid handover export, got something that is no JSON: was it cut off?',
    );
  }
  const read = z.object({ azidHandover: content, digest: z.string() }).safeParse(parsed);
  if (!read.success) {
    const [issue] = read.error.issues;
    throw new CommandRefused(
      `expected the output of azid handover export of this version of azid; ${issue?.path.join('.') || 'it'}: ${issue?.message}`,
    );
  }
  const { azidHandover, digest } = read.data;
  if (digestOf(azidHandover) !== digest)
    throw new CommandRefused(
      'the bundle is not as azid handover export wrote it: export it again, and do not edit it',
    );
  return azidHandover;
}

function digestOf(bundle: Bundle): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(bundle)))
    .digest('hex');
}

/** Members in one order: what reads and writes JSON in between may change it. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  );
}

/** azid writes it by itself, in its own namespace. */
export function isInternal({ namespace }: BundledObject): boolean {
  return namespace === '';
}

/** Where it is on the cluster at hand, as a key within its kind. */
export function keyOfBundled({ namespace, name }: BundledObject, azidNamespace: string): string {
  if (namespace === undefined) return name;
  return `${namespace === '' ? azidNamespace : namespace}/${name}`;
}

/** The same among all kinds. */
export function keyAmongKinds(each: BundledObject, azidNamespace: string): string {
  return `${each.kind} ${keyOfBundled(each, azidNamespace)}`;
}
