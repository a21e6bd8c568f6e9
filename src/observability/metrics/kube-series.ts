import { Counter, Gauge, type Registry } from 'prom-client';

/** One request to the API server. `code`: the HTTP status, or `<error>` when none came, as client-go writes it. */
export interface RestSample {
  readonly code: string | number;
  readonly method: string;
  readonly host: string;
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** `rest_client_requests_total`, client-go's name and labels. Takes the host so its series start at zero. */
export function restClientSeries(registry: Registry): (host: string) => (sample: RestSample) => void {
  const requests = new Counter({
    name: 'rest_client_requests_total',
    help: 'Requests to the API server, by status code, method and host.',
    registers: [registry],
    labelNames: ['code', 'method', 'host'],
  });
  return (host) => {
    for (const method of METHODS) requests.inc({ code: '200', method, host }, 0);
    return ({ code, method, host }) => requests.inc({ code: String(code), method, host });
  };
}

/** `leader_election_master_status`: 1 while this process leads. `name`: the Lease's. */
export function leaderSeries(registry: Registry): (name: string) => (leads: boolean) => void {
  const status = new Gauge({
    name: 'leader_election_master_status',
    help: '1 if this process holds the Lease, 0 if another does.',
    registers: [registry],
    labelNames: ['name'],
  });
  return (name) => {
    status.set({ name }, 0);
    return (leads) => status.set({ name }, leads ? 1 : 0);
  };
}
