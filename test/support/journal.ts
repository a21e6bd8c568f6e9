import type { Intercept } from '../../src/azure/arm/arm-policies.ts';
import type { Interceptor, KubeRequest } from '../../src/kube/transport/request.ts';

export interface KubeCall {
  readonly request: KubeRequest;
  /** 0 while unanswered, or when no answer came. */
  readonly status: number;
}

/**
 * Every call an operator makes, to the API server and to Azure, in the one order in which they left: what a request
 * log of either side alone cannot tell.
 */
export class Journal {
  readonly #lines: string[] = [];
  readonly kube: KubeCall[] = [];

  /** `kube PATCH userassignedidentities/web/status`, `azure PUT userAssignedIdentities/web`; watches are not seen. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Writes only, Events left out: they are written on the side, whenever there is time. */
  get writes(): readonly string[] {
    return this.#lines.filter((line) => !/^\w+ GET /.test(line) && !line.includes(' events'));
  }

  get kubeWrites(): readonly KubeCall[] {
    return this.kube.filter(({ request }) => request.method !== 'GET');
  }

  readonly interceptKube: Interceptor = async (request, next) => {
    this.#lines.push(`kube ${request.method} ${afterNamespace(request.path)}`);
    const at = this.kube.push({ request, status: 0 }) - 1;
    const response = await next(request);
    this.kube[at] = { request, status: response.status };
    return response;
  };

  readonly interceptArm: Intercept = (request, next) => {
    this.#lines.push(
      `azure ${request.method} ${new URL(request.url).pathname.split('/').slice(-2).join('/')}`,
    );
    return next();
  };
}

/** `userassignedidentities/web/status` of `/apis/azid.dev/v1alpha1/namespaces/team-a/userassignedidentities/web/status`. */
function afterNamespace(path: string): string {
  const parts = path.split('/').filter(Boolean);
  const from = parts.indexOf('namespaces');
  return parts.slice(from < 0 ? (parts[0] === 'api' ? 2 : 3) : from + 2).join('/');
}
