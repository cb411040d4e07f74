/** YAML that others wrote, nested so deeply that V8 would end the process: it is refused before documents are made of it. */
import { parseGoYaml } from '../../client/kubeadm/go-yaml/go-yaml.ts';
import { parseYaml, parseYamlDocuments } from '../../client/parse-yaml.ts';

const PARSERS: readonly [string, (text: string) => unknown][] = [
  ['one document', parseYaml],
  ['several documents', parseYamlDocuments],
  ["kubeadm's configuration", parseGoYaml],
];

const DEEP: readonly [string, (depth: number) => string][] = [
  ['lists in brackets', (depth) => '['.repeat(depth) + ']'.repeat(depth)],
  ['lists that do not end', (depth) => '['.repeat(depth)],
  ['maps in braces', (depth) => `${'{a: '.repeat(depth)}1${'}'.repeat(depth)}`],
  ['lists in one line', (depth) => `${'- '.repeat(depth)}1`],
  ['keys of keys', (depth) => `${'? '.repeat(depth)}1`],
  [
    'lists below each other',
    (depth) => Array.from({ length: depth }, (_, i) => `${' '.repeat(i)}-`).join('\n'),
  ],
];

describe.each(PARSERS)('a text with %s', (_, parse) => {
  it.each(DEEP)('that consists of %s is refused', (_name, text) => {
    for (const depth of [201, 5000])
      expect(() => parse(text(depth))).toThrow('it is nested too deeply');
  });

  it('that is as deep as 190 lists is read', () => {
    expect(() => parse(`${'['.repeat(190)}1${']'.repeat(190)}`)).not.toThrow();
  });
});
