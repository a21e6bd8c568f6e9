import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { KINDS } from '../../../src/api/index.ts';
import { asTemplate, chartFiles, valueRows } from './chart.ts';
import { withRunbooks } from './runbooks.ts';

const files = await chartFiles();
const textOf = (path: string) => files.find((file) => file.path === `deploy/helm/azid/${path}`)?.text ?? '';

describe('the chart', () => {
  it('tells Artifact Hub of every kind, and claims no level that nobody has seen', () => {
    const { annotations, version, appVersion } = parse(textOf('Chart.yaml'));
    expect(version).toBe(appVersion);
    const crds = parse(annotations['artifacthub.io/crds']) as { kind: string; description: string }[];
    expect(crds.map(({ kind }) => kind)).toEqual(KINDS.map(({ resource }) => resource.kind));
    expect(crds.every(({ description }) => description.length > 10)).toBe(true);
    expect(Object.keys(annotations)).not.toContain('artifacthub.io/operatorCapabilities');
  });

  it('has a template for each CRD, which Helm leaves when the release goes', () => {
    const crds = files.filter(({ path }) => path.includes('/templates/crds/'));
    expect(crds).toHaveLength(KINDS.length);
    for (const { text } of crds) {
      expect(text).toContain('{{- if .Values.crds.install }}\n');
      expect(text).toContain('  annotations:\n    helm.sh/resource-policy: keep\n');
    }
  });

  it('takes braces of a text for a text', () => {
    expect(asTemplate('message: "{{ name }}"\n')).toBe(
      '{{- if .Values.crds.install }}\nmessage: "{{ "{{" }} name }}"\n{{- end }}\n',
    );
  });
});

describe('the table of values', () => {
  const schema = { properties: { image: { properties: { tag: { description: 'Tag.' } } } } };

  it('has a row for each value that is no group', () => {
    expect(valueRows(schema, { image: { tag: '' } })).toEqual([['`image.tag`', '`""`', 'Tag.']]);
  });

  it('cannot be made of a value without a default', () => {
    expect(() => valueRows(schema, { image: {} })).toThrow(
      'expected values.yaml to have a default for image.tag, found none',
    );
  });
});

describe('the address of the runbooks', () => {
  it.each([
    ['  runbook_url: https://old.example/a.html#azidnoleader\n', '  runbook_url: NEW#azidnoleader\n'],
    ['  runbook_url: "https://old.example/a.html#azidnoleader"\n', '  runbook_url: "NEW#azidnoleader"\n'],
    ['alerts:\n  runbooks: https://old.example/a.html\n', 'alerts:\n  runbooks: NEW\n'],
    ['# runbook_url names a page\n', '# runbook_url names a page\n'],
  ])('is written into %j', (text, expected) => {
    expect(withRunbooks(text, 'NEW')).toBe(expected);
  });
});
