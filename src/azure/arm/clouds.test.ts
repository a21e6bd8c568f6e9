import { expect, test } from 'vitest';
import { CLOUDS, resolveCloud } from './clouds.ts';

test('the public cloud is the default', () => expect(resolveCloud()).toEqual(CLOUDS.Public));

test('a cloud is found in any case, with its own token scope and audience', () => {
  expect(resolveCloud({ cloud: 'usgovernment' })).toMatchObject({
    armEndpoint: 'https://management.usgovcloudapi.net',
    authorityHost: 'https://login.microsoftonline.us',
    armScope: 'https://management.usgovcloudapi.net/.default',
    serviceBusSuffix: 'servicebus.usgovcloudapi.net',
    federationAudience: 'api://AzureADTokenExchangeUSGov',
    graphEndpoint: 'https://graph.microsoft.us',
    graphScope: 'https://graph.microsoft.us/.default',
  });
});

test('no origin ends in a slash, so no token is asked for "//.default"', () => {
  const urls = Object.values(CLOUDS).flatMap(({ armEndpoint, authorityHost, graphEndpoint }) => [
    armEndpoint,
    graphEndpoint,
    authorityHost,
  ]);
  expect(urls.filter((url) => url.endsWith('/'))).toEqual([]);
});

test('a custom endpoint keeps the token scope of the cloud and turns instance discovery off', () => {
  const here = 'https://127.0.0.1:8443';
  expect(resolveCloud({ armEndpoint: `${here}/`, authorityHost: `${here}/`, caPem: 'pem' })).toEqual({
    ...CLOUDS.Public,
    armEndpoint: here,
    authorityHost: here,
    instanceDiscovery: false,
    caPem: 'pem',
  });
});

test.each([
  [{ cloud: 'Germany' }, 'Expected --cloud to be one of Public, USGovernment, China, got "Germany"'],
  [{ armEndpoint: 'http://127.0.0.1:1' }, 'Expected --arm-endpoint to be an https origin'],
  [{ armEndpoint: 'https://x/path' }, 'got "https://x/path"'],
  [{ graphEndpoint: 'https://x/beta' }, 'Expected --graph-endpoint to be an https origin'],
  [{ authorityHost: 'localhost' }, 'Expected --authority-host to be an https origin'],
])('%j is refused by name', (options, message) => expect(() => resolveCloud(options)).toThrow(message));
