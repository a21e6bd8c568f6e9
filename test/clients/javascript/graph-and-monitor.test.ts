import { expect } from 'vitest';
import { type Stage, sdkCalls } from './calls.ts';
import { at, has, some } from './host-calls.ts';

const identities = ({ client }: Stage) =>
  client('@azure/arm-msi', 'ManagedServiceIdentityClient').userAssignedIdentities;
const FILTER = (field: string, value: string) =>
  `eventTimestamp ge '2020-01-01T00:00:00Z' and ${field} eq '${value}'`;
const events = ({ client }: Stage) => client('@azure/arm-monitor', 'MonitorClient').activityLogs;

sdkCalls(
  'arm-monitor, the Activity Log',
  ['@azure/arm-monitor', '@azure/arm-msi'],
  [
    {
      name: 'an identity is made',
      call: (s) => identities(s).createOrUpdate('rg1', 'app', at),
      keep: { id: 'id' },
    },
    { name: 'and deleted', call: (s) => identities(s).delete('rg1', 'app') },
    {
      name: 'activityLogs.list of a group, newest first, with the caller',
      call: (s) => events(s).list(FILTER('resourceGroupName', 'rg1')),
      out: (s: Stage) => {
        const of = (verb: string, eventName: string) =>
          expect.objectContaining({
            caller: s.principalId,
            eventName: expect.objectContaining({ value: eventName }),
            operationName: expect.objectContaining({
              value: `Microsoft.ManagedIdentity/userAssignedIdentities/${verb}`,
            }),
          });
        return [
          of('delete', 'EndRequest'),
          of('delete', 'BeginRequest'),
          of('write', 'EndRequest'),
          of('write', 'BeginRequest'),
        ];
      },
    },
    {
      name: 'activityLogs.list of a resource',
      call: (s) => events(s).list(FILTER('resourceUri', s.kept.id ?? '')),
      out: has({ status: expect.objectContaining({ value: 'Succeeded' }) }),
    },
    {
      name: 'activityLogs.list of a provider that nobody called',
      call: (s) => events(s).list(FILTER('resourceProvider', 'Microsoft.Compute')),
      out: [],
    },
    {
      name: 'activityLogs.list by what it cannot be filtered by is refused',
      call: (s) => events(s).list(FILTER('caller', 'a')),
      refused: [400, 'BadRequest'],
    },
  ],
);

sdkCalls(
  'Microsoft Graph',
  ['@azure/arm-msi'],
  [
    {
      name: 'an identity has a service principal',
      call: (s) => identities(s).createOrUpdate('rg1', 'app', at),
      keep: { principal: 'principalId', client: 'clientId' },
    },
    {
      name: 'servicePrincipals by id',
      call: ({ graph, kept }) => graph.api(`/servicePrincipals/${kept.principal}`).get(),
      out: (s: Stage) => ({
        appId: s.kept.client,
        displayName: 'app',
        servicePrincipalType: 'ManagedIdentity',
      }),
    },
    {
      name: 'servicePrincipals by appId',
      call: ({ graph, kept }) => graph.api(`/servicePrincipals(appId='${kept.client}')`).get(),
      out: (s: Stage) => ({ id: s.kept.principal }),
    },
    {
      name: 'servicePrincipals of a name',
      call: ({ graph }) => graph.api('/servicePrincipals').filter("displayName eq 'app'").get(),
      out: (s: Stage) => ({ value: [{ id: s.kept.principal }] }),
    },
    {
      name: 'servicePrincipals of none',
      call: ({ graph }) => graph.api('/servicePrincipals/11111111-1111-4111-8111-111111111111').get(),
      refused: [404, 'Request_ResourceNotFound'],
    },
    {
      name: 'getByIds leaves out what is not there',
      call: ({ graph, kept }) =>
        graph.api('/directoryObjects/getByIds').post({
          ids: [kept.principal, '11111111-1111-4111-8111-111111111111'],
          types: ['servicePrincipal'],
        }),
      out: (s: Stage) => ({ value: [{ id: s.kept.principal }] }),
    },
    {
      name: 'sign-ins of an identity, of the beta alone',
      call: ({ graph, principalId }) =>
        graph
          .api('/auditLogs/signIns')
          .version('beta')
          .filter(
            `signInEventTypes/any(t: t eq 'managedIdentity') and servicePrincipalId eq '${principalId}'`,
          )
          .top(1)
          .get(),
      out: (s: Stage) => ({ value: [{ servicePrincipalId: s.principalId, createdDateTime: some }] }),
    },
    {
      name: 'sign-ins of the tenant, summed up',
      call: ({ graph }) =>
        graph.api("/auditLogs/getSummarizedMSISignIns(aggregationWindow='d1')").version('beta').get(),
      out: { value: has({ signInCount: expect.any(Number) }) },
    },
    {
      name: 'what is not simulated says so',
      call: ({ graph }) => graph.api('/applications').get(),
      refused: [501, 'NotSimulated'],
    },
  ],
);
