import { expect, it } from 'vitest';
import { whyUnreachable } from './cluster-issuer.ts';

it.each([
  'https://oidc.eks.eu-west-1.amazonaws.com/id/0123',
  'https://westeurope.oic.prod-aks.azure.com/t/c/',
  'https://issuer.example.org:8443/cluster',
  'https://8.8.8.8/cluster',
  'https://172.32.0.1/',
  'https://[2606:4700::1111]/',
  'https://locale.example.org/',
])('%s could be reached', (url) => {
  expect(whyUnreachable(url)).toBeUndefined();
});

it.each([
  ['kubernetes', 'it is no URL'],
  ['http://issuer.example.org', 'https only'],
  ['https://kubernetes.default.svc.cluster.local', "lies in 'local'"],
  ['https://kubernetes.default.svc', "lies in 'svc'"],
  ['https://kubernetes.default.svc.', "lies in 'svc'"],
  ['https://LOCALHOST:6443/', "lies in 'localhost'"],
  ['https://api.corp.internal/', "lies in 'internal'"],
  ['https://kubernetes/', 'without a domain'],
  ['https://127.0.0.1:6443', 'loopback or private'],
  ['https://2130706433/', 'loopback or private'],
  ['https://10.1.2.3', 'loopback or private'],
  ['https://172.31.255.255', 'loopback or private'],
  ['https://192.168.0.1', 'loopback or private'],
  ['https://169.254.169.254', 'loopback or private'],
  ['https://[::1]:6443', 'loopback or private'],
  ['https://[fd00::1]', 'loopback or private'],
  ['https://[fe80::1]', 'loopback or private'],
  ['https://[::ffff:10.0.0.1]', 'loopback or private'],
])('%s could not: %s', (url, why) => {
  expect(whyUnreachable(url)).toContain(why);
});
