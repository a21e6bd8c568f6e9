import { isAzureNamespace } from '../catalog/namespaces.ts';
import { serves } from '../catalog/versions.ts';
import { ArmError, type Operation, type Params } from './operation.ts';

export interface Match {
  readonly operation: Operation;
  readonly params: Params;
}

interface Route {
  readonly pattern: RegExp;
  readonly names: readonly string[];
  readonly operation: Operation;
  /** Of those that fit equally well the first counts. */
  readonly order: number;
}

/**
 * Finds the operation for a path. Where several patterns fit (an extension resource under a resource of the same
 * type), the one that leaves least to the scope wins, because it is the more specific.
 */
export class Router {
  readonly #routes: Route[] = [];
  /** By what their paths end in (`endOf`), since each request goes by here and there are hundreds of them. */
  readonly #byEnd = new Map<string, Route[]>();
  readonly #today: () => string;

  /** @param today `2026-11-23`: newer versions than the table's are served up to this day */
  constructor(operations: readonly Operation[], today: () => string = () => '') {
    this.#today = today;
    this.add(operations);
  }

  /** For types that come into being while the simulator runs. */
  add(operations: readonly Operation[]): void {
    for (const operation of operations) {
      const route = { ...compile(operation), order: this.#routes.length };
      const end = endOf(operation);
      this.#routes.push(route);
      this.#byEnd.set(end, [...(this.#byEnd.get(end) ?? []), route]);
    }
  }

  operations(): Operation[] {
    return this.#routes.map(({ operation }) => operation);
  }

  /** What is served of each resource type. */
  apiVersions(): Map<string, string[]> {
    const byType = new Map<string, string[]>();
    for (const { operation } of this.#routes)
      byType.set(operation.resourceType, [
        ...new Set([...(byType.get(operation.resourceType) ?? []), ...operation.apiVersions]),
      ]);
    return byType;
  }

  /** The operation by method and path alone, api-version aside; undefined when nothing fits. */
  find(method: string, path: string): Match | undefined {
    let best: (Match & { readonly left: number; readonly order: number }) | undefined;
    for (const end of endsOf(method, path))
      for (const { pattern, names, operation, order } of this.#byEnd.get(end) ?? []) {
        const found = pattern.exec(path);
        if (!found) continue;
        const params = Object.fromEntries(names.map((name, i) => [name, found[i + 1] ?? '']));
        const left = (params.scope ?? '').length;
        if (!best || left < best.left || (left === best.left && order < best.order))
          best = { operation, params, left, order };
      }
    return best && { operation: best.operation, params: best.params };
  }

  /**
   * Like `find`, with ARM's refusals: `MissingApiVersionParameter`, `InvalidResourceType` for a type or api-version
   * that is not served (docs/azure-facts.md section 2), 405 for a method the type does not have.
   */
  route(method: string, path: string, apiVersion: string | undefined): Match {
    if (!apiVersion)
      throw new ArmError(
        400,
        'MissingApiVersionParameter',
        'The api-version query parameter (?api-version=) is required for all requests.',
      );
    const match = this.find(method, path);
    const known = match?.operation ?? this.#routes.find(({ pattern }) => pattern.test(path))?.operation;
    if (match && serves(match.operation.apiVersions, apiVersion, this.#today())) return match;
    const versions = this.#routes
      .filter(({ operation }) => operation.resourceType === known?.resourceType)
      .flatMap(({ operation }) => operation.apiVersions);
    if (known && !match && serves(versions, apiVersion, this.#today()))
      throw new ArmError(
        405,
        'MethodNotAllowed',
        `The requested resource does not support http method '${method}'.`,
      );
    const type = typeOf(path);
    const simulated = this.#routes.some(({ operation }) => same(operation.resourceType, type));
    if (!known && !simulated && (isAzureNamespace(type.split('/')[0] ?? '') || !/\/providers\//i.test(path)))
      throw notSimulated(method, path);
    throw invalidResourceType(known?.resourceType ?? type, apiVersion, [...new Set(versions)]);
  }
}

/** An answer of its own, so that what is not simulated is not taken for Azure's behaviour. */
function notSimulated(method: string, path: string): ArmError {
  return new ArmError(
    501,
    'NotSimulated',
    `The simulated Azure of azid does not answer ${method} ${path}; docs/reference/simulator.md lists what it does.`,
  );
}

function invalidResourceType(type: string, apiVersion: string, versions: readonly string[]): ArmError {
  const slash = type.indexOf('/');
  const namespace = slash < 0 ? type : type.slice(0, slash);
  const rest = slash < 0 ? '' : type.slice(slash + 1);
  const supported =
    versions.length === 0 ? '' : ` The supported api-versions are: '${[...versions].sort().join(',')}'.`;
  return new ArmError(
    404,
    'InvalidResourceType',
    `The resource type '${rest}' could not be found in the namespace '${namespace}' for api version '${apiVersion}'.${supported}`,
  );
}

/** `Namespace/type/childType` of the last `providers` part of a path. */
function typeOf(path: string): string {
  const parts = path.split('/').filter((part) => part !== '');
  const start = parts.map((part) => part.toLowerCase()).lastIndexOf('providers');
  if (start < 0) return `Microsoft.Resources/${parts.filter((_, i) => i % 2 === 0).join('/')}`;
  const [namespace = '', ...rest] = parts.slice(start + 1);
  return [namespace, ...rest.filter((_, i) => i % 2 === 0)].join('/');
}

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

/** Method, and the last segment of the pattern, or the one before a placeholder at the end; nothing of what ends otherwise. */
function endOf({ method, pattern }: Operation): string {
  const [before = '', last = ''] = pattern.split('/').slice(-2);
  if (!last.includes('{')) return `${method} /${last.toLowerCase()}`;
  return before.includes('{') || last.startsWith('{+') ? method : `${method} /${before.toLowerCase()}/`;
}

/** Under which of these an operation for the path can stand. */
function endsOf(method: string, path: string): readonly string[] {
  const [before = '', last = ''] = path.toLowerCase().replace(/\/$/, '').split('/').slice(-2);
  return [`${method} /${last}`, `${method} /${before}/`, method];
}

function compile(operation: Operation): Omit<Route, 'order'> {
  const names: string[] = [];
  const source = operation.pattern
    .split(/(\{\+?\w+\})/)
    .map((part) => {
      const placeholder = /^\{(\+?)(\w+)\}$/.exec(part);
      if (!placeholder) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      names.push(placeholder[2] ?? '');
      return placeholder[1] ? '(.*)' : '([^/]+)';
    })
    .join('');
  return { pattern: new RegExp(`^${source}/?$`, 'i'), names, operation };
}
