/** What `azid version` prints. Pure. */

export interface Versions {
  readonly client: { readonly version: string; readonly apiVersion: string; readonly node: string };
  /** Absent with --client. */
  readonly crds?: CrdVersions | Unknown;
  readonly controller?: ControllerVersion | Unknown;
}

export interface CrdVersions {
  /** Served by the cluster. */
  readonly versions: readonly string[];
  readonly kinds: number;
  readonly installed: number;
  /** Schema and columns are those of this command. */
  readonly ofThisVersion: number;
}

export interface ControllerVersion {
  readonly deployment: string;
  readonly image: string;
  /** The image's tag. Absent: by digest alone. */
  readonly version?: string;
}

export interface Unknown {
  readonly unknown: string;
}

export function versionsText({ client, crds, controller }: Versions): string {
  const lines = [`Client: ${client.version} (${client.apiVersion}, Node ${client.node})`];
  if (crds) lines.push(`CRDs: ${'unknown' in crds ? `unknown: ${crds.unknown}` : crdText(crds)}`);
  if (controller)
    lines.push(
      `Controller: ${'unknown' in controller ? `unknown: ${controller.unknown}` : controllerText(controller)}`,
    );
  return `${lines.join('\n')}\n`;
}

function crdText({ versions, installed, ofThisVersion, kinds }: CrdVersions): string {
  if (installed === 0) return 'none';
  return `${versions.join(', ')}: ${installed} of ${kinds} kinds, ${ofThisVersion} as of this client's version`;
}

function controllerText({ deployment, image, version = 'unknown' }: ControllerVersion): string {
  return `${version} (image ${image} of Deployment ${deployment})`;
}
