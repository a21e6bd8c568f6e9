/**
 * Values of flags, checked as they are given. commander puts the flag, its environment variable and the value given in front
 * of what these throw.
 */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90s`, `10m`, `1h30m`; to ms. */
export function duration(least: string, most: string): (value: string) => number {
  const [min, max] = [parseDuration(least), parseDuration(most)];
  return (value) => {
    const ms = parseDuration(value);
    if (ms === undefined || ms < (min ?? 0) || ms > (max ?? Number.POSITIVE_INFINITY)) {
      throw new InvalidArgumentError(
        `Expected a duration from ${least} to ${most}, such as 90s, 10m or 1h30m.`,
      );
    }
    return ms;
  };
}

function parseDuration(value: string): number | undefined {
  if (!/^(\d+(ms|s|m|h|d))+$/.test(value)) return undefined;
  let total = 0;
  for (const [, count, unit = ''] of value.matchAll(/(\d+)(ms|s|m|h|d)/g))
    total += Number(count) * (UNITS[unit] ?? 0);
  return total;
}

export function integer(least: number, most: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < least || number > most) {
      throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
    }
    return number;
  };
}

export function ratio(value: string): number {
  const number = Number(value);
  if (!/^\d*\.?\d+$/.test(value) || number > 1)
    throw new InvalidArgumentError('Expected a number from 0 to 1, such as 0.05.');
  return number;
}

/** Flags that are on by default need a way to be turned off, also from the environment. */
export function bool(value: string): boolean {
  if (value === 'true') return true;
  if (value === 'false') return false;
  throw new InvalidArgumentError('Expected true or false.');
}

export function uuid(value: string): string {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)) {
    throw new InvalidArgumentError('Expected a UUID such as 8f14e45f-ceea-467f-a0e6-3b0d1c2f9a51.');
  }
  return value.toLowerCase();
}

/** An https URL without path, query or user. */
export function httpsOrigin(value: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol !== 'https:' || url.pathname !== '/' || url.search || url.hash || url.username) {
    throw new InvalidArgumentError(
      'Expected an https URL without a path, such as https://management.azure.com.',
    );
  }
  return url.origin;
}

/** Of a service that need not be Azure's. A password would stand in the process list. */
export function httpUrl(value: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.hash)
    throw new InvalidArgumentError(
      'Expected an http or https URL without a user, such as http://collector:4318/v1/traces; headers go into OTEL_EXPORTER_OTLP_HEADERS.',
    );
  return url.href;
}

/** Where AMQP over TLS is spoken. */
export function busAddress(value: string): string {
  const host = /^sb:\/\/([^\s/?#@]+)\/?$/i.exec(value)?.[1];
  if (host === undefined || !URL.canParse(`https://${host}`))
    throw new InvalidArgumentError(
      'Expected an sb URL without a path, such as sb://bus.example.org:5671; a connection string is not taken.',
    );
  return `sb://${host}`;
}

/** An https URL as the `iss` claim of a token has it, letter by letter: nothing is normalized. */
export function issuerUrl(value: string): string {
  if (!/^https:\/\/[^\s?#]+$/.test(value) || !URL.canParse(value)) {
    throw new InvalidArgumentError(
      'Expected an https URL without query, exactly as in the iss claim of ServiceAccount tokens.',
    );
  }
  return value;
}

/** `host:port`, `:port`, or `0` for none. */
export function listenAddress(value: string): string {
  if (value === '0') return value;
  const match = /^(?<host>.*):(?<port>\d{1,5})$/.exec(value);
  const host = match?.groups?.host?.replace(/^\[(.*)\]$/, '$1') ?? '';
  const port = Number(match?.groups?.port);
  const named = host === '' || host === 'localhost' || isIP(host) !== 0;
  if (!match || !named || port > 65_535) {
    throw new InvalidArgumentError(
      'Expected an address such as 127.0.0.1:8080 or :8080, or 0 to serve nothing.',
    );
  }
  return value;
}

/** A DNS label, as namespaces and Leases are named. */
export function dnsLabel(value: string): string {
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(value)) {
    throw new InvalidArgumentError('Expected 1 to 63 lower-case letters, digits and -, such as azid-system.');
  }
  return value;
}

/** The file's text, read here so that an error can name the flag. */
export function pemFile(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new InvalidArgumentError(
      `Expected a readable PEM file: ${error instanceof Error ? error.message : error}.`,
    );
  }
  if (!text.includes('-----BEGIN CERTIFICATE-----')) {
    throw new InvalidArgumentError(
      'Expected a PEM file with at least one certificate (-----BEGIN CERTIFICATE-----).',
    );
  }
  return text;
}
