import { versionsOf } from '../catalog/versions.ts';
import type { Foundation, Frame } from '../frame.ts';
import { type ArmRequest, type Operation, page } from '../http/operation.ts';
import { History } from '../world/history.ts';
import { scopeKey } from '../world/scope.ts';
import { IDENTITY_TYPE, identityId } from './identities.ts';
import { identityNotFound } from './identity-body.ts';
import { coordinates } from './operations.ts';

/** A resource that an identity is attached to. */
export interface Association {
  readonly identityId: string;
  readonly resource: {
    readonly id: string;
    readonly name: string;
    readonly type: string;
    readonly resourceGroup: string;
    readonly subscriptionId: string;
    readonly subscriptionDisplayName: string;
  };
}

/**
 * The index behind listAssociatedResources. It is Resource Graph's and lags behind (docs/azure-facts.md section 6); the modules of
 * host types will keep it, the deletion of an identity does not touch it.
 */
export class Associations {
  readonly #history: History<Association>;

  constructor({ clock, random, knobs }: Foundation) {
    this.#history = new History(clock, random, () => ({
      listLagMs: knobs.values.propagation.resourceGraphLagMs,
      readAfterWriteMs: 0,
    }));
  }

  attach(association: Association): void {
    this.#history.set(keyOf(association), association);
  }

  detach(
    association: Pick<Association, 'identityId'> & { readonly resource: { readonly id: string } },
  ): void {
    this.#history.delete(keyOf(association));
  }

  /** What the index shows by now. */
  listed(identityId: string): Association[] {
    return this.#history.list().filter((each) => scopeKey(each.identityId) === scopeKey(identityId));
  }

  settle(): void {
    this.#history.settle();
  }
}

/** POST `…/listAssociatedResources` (docs/azure-facts.md section 3; no SDK has it). `$top=0` gives the count alone. */
export function associationOperations(frame: Frame, associations: Associations): readonly Operation[] {
  return [
    {
      id: 'identities.listAssociatedResources',
      method: 'POST',
      pattern: `/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}/providers/${IDENTITY_TYPE}/{name}/listAssociatedResources`,
      resourceType: IDENTITY_TYPE,
      // No stable version has it.
      apiVersions: versionsOf(IDENTITY_TYPE, { since: '2021-09-30-preview', until: '2022-01-31-preview' }),
      action: `${IDENTITY_TYPE}/listAssociatedResources/action`,
      handle(request, params) {
        const at = coordinates(params);
        if (!frame.identities.get(identityId(at))) throw identityNotFound(at);
        const found = associations.listed(identityId(at)).map(({ resource }) => resource);
        return { status: 200, body: { totalCount: found.length, ...windowOf(request, found, frame) } };
      },
    },
  ];
}

function windowOf(request: ArmRequest, found: readonly unknown[], frame: Frame) {
  const skip = Number(request.query.get('$skip') ?? 0);
  const top = request.query.get('$top');
  const wanted = found.slice(skip, top === undefined ? undefined : skip + Number(top));
  return page(request, wanted, frame.knobs.values.paging.pageSize);
}

const keyOf = (association: { readonly identityId: string; readonly resource: { readonly id: string } }) =>
  `${scopeKey(association.identityId)} ${scopeKey(association.resource.id)}`;
