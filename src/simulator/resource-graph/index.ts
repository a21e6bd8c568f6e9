import type { AuthorizationPart } from '../authorizer.ts';
import type { Frame } from '../frame.ts';
import type { HostsPart } from '../hosts/index.ts';
import { findType } from '../hosts/types.ts';
import { hostBody } from '../hosts/writes/body.ts';
import type { Operation } from '../http/operation.ts';
import { identityBody } from '../identities/identity-body.ts';
import type { PolicyAssignments } from '../policies/assignments.ts';
import type { Resource } from '../world.ts';
import { type Copied, ResourceGraphCopy } from './copy.ts';
import { resourceGraphOperations } from './operations.ts';

interface ResourceGraph {
  readonly operations: readonly Operation[];
  settle(): void;
}

/** Everything that changes from now on is copied. */
export function createResourceGraph(
  frame: Frame,
  parts: {
    readonly hosts: HostsPart;
    readonly authorization: Pick<AuthorizationPart, 'onAssignment'>;
    readonly policyAssignments: Pick<PolicyAssignments, 'onChanged'>;
  },
): ResourceGraph {
  const copy = new ResourceGraphCopy(frame);
  frame.world.onPut((resource) => {
    const copied = copyOf(frame, parts.hosts, resource);
    if (copied) copy.set(copied);
  });
  frame.world.onRemoved(({ id }) => copy.delete(id));
  const follow = (type: string) => (id: string, body: object | undefined) => {
    if (body) copy.set({ id, type, body: { ...body } });
    else copy.delete(id);
  };
  parts.authorization.onAssignment(follow('Microsoft.Authorization/roleAssignments'));
  parts.policyAssignments.onChanged(follow('Microsoft.Authorization/policyAssignments'));
  return { operations: resourceGraphOperations(frame, copy), settle: () => copy.settle() };
}

/** Resources that stand by themselves, and slots; what lies beneath others, credentials among it, is not there. */
function copyOf(frame: Frame, { frame: hosts, types }: HostsPart, resource: Resource): Copied | undefined {
  const { id, name, type, location, tags } = resource;
  const identity = frame.identities.get(id);
  if (identity) return { id, type, body: identityBody(identity) as Copied['body'] };
  const host = hosts.hosts.get(id);
  const hostType = host && findType(types(), host.type);
  if (host && hostType) return { id, type, body: hostBody(hosts, hostType, host) };
  if (type.split('/').length !== 2) return undefined;
  return { id, type, body: { name, location, tags } };
}
