/** Changes of the whole text: line endings, separators, documents, ways to write YAML. */
import { parse } from 'yaml';

export interface TextMutation {
  readonly name: string;
  /** @param text an InitConfiguration and a ClusterConfiguration, which is the last document */
  readonly change: (text: string) => string;
}

const mutation = (name: string, change: (text: string) => string): TextMutation => ({
  name,
  change,
});
const append = (name: string, more: string) => mutation(name, (text) => text + more);

const init = (text: string) => text.split('---\n')[0] ?? '';
const cluster = (text: string) => text.split('---\n')[1] ?? '';

/** The ClusterConfiguration with one line more, and the InitConfiguration. */
const line = (name: string, more: string) => mutation(name, (text) => `${text}${more}\n`);

const COMPONENT = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';

export const TEXT_MUTATIONS: readonly TextMutation[] = [
  mutation('unchanged', (text) => text),
  mutation('Windows line endings', (text) => text.replaceAll('\n', '\r\n')),
  mutation('a byte order mark', (text) => `\ufeff${text}`),
  mutation('no newline at the end', (text) => text.trimEnd()),
  mutation('a separator at the start', (text) => `---\n${text}`),
  mutation('two separators at the start', (text) => `---\n---\n${text}`),
  mutation('a comment before the first separator', (text) => `# a comment\n---\n${text}`),
  mutation('a comment at the start', (text) => `# a comment\n${text}`),
  mutation('a directive', (text) => `%YAML 1.1\n---\n${text}`),
  append('a separator at the end', '---\n'),
  append('two separators at the end', '---\n---\n'),
  append('a comment after the last separator', '---\n# a comment\n'),
  append('an empty line after the last separator', '---\n\n'),
  append('three dots at the end', '...\n'),
  append('a document after three dots', '...\nnot: [yaml\n'),
  mutation('a comment after a separator', (text) => text.replace('---\n', '--- # a comment\n')),
  mutation('text after a separator', (text) => text.replace('---\n', '--- kind: X\n')),
  mutation('spaces after a separator', (text) => text.replace('---\n', '---  \n')),
  mutation('four hyphens', (text) => text.replace('---\n', '----\n')),
  mutation('only a ClusterConfiguration', cluster),
  mutation('only an InitConfiguration', init),
  mutation('the documents in the other order', (text) => `${cluster(text)}---\n${init(text)}`),
  mutation('the ClusterConfiguration twice', (text) => `${text}---\n${cluster(text)}`),
  mutation('an empty file', () => ''),
  mutation('a list', () => '- a\n'),
  append('a document of another group', '---\napiVersion: example.com/v1\nkind: Foo\n'),
  append('a document of the core group', '---\napiVersion: v1\nkind: Secret\n'),
  append('a document without a kind', '---\napiVersion: example.com/v1\n'),
  append(
    'a document of the group with another kind',
    '---\napiVersion: kubeadm.k8s.io/v1beta3\nkind: Foo\n',
  ),
  append('a document that is not YAML', '---\nkind: [\n'),
  append('a component configuration', `---\n${COMPONENT}`),
  append('a component configuration twice', `---\n${COMPONENT}---\n${COMPONENT}`),
  line('a key twice', 'clusterName: a\nclusterName: b'),
  line('a map twice', 'networking: { serviceSubnet: 10.1.0.0/16 }'),
  line('names twice', 'apiServer: { certSANs: [b.example.com] }'),
  line('a key in another case', 'CLUSTERNAME: a'),
  line('a key of the endpoint in another case', 'ControlPlaneEndpoint: b.example.com'),
  line('a quoted key', '"clusterName": a'),
  line('a number as a key', '1: a'),
  line('a boolean as a key', 'yes: a'),
  line('null as a key', '~: a'),
  line('a list as a key', '? [a]\n: b'),
  line('an anchor and an alias', 'scheduler: &a { extraVolumes: [] }\ncontrollerManager: *a'),
  line('an unknown alias', 'scheduler: *a'),
  line('an alias to itself', 'scheduler: &a { x: *a }'),
  line(
    'a merge key',
    'foo: &a { dnsDomain: merged.internal }\nnetworking: { <<: *a, serviceSubnet: 10.1.0.0/16 }',
  ),
  line(
    'a merge key after the value',
    'foo: &a { dnsDomain: merged.internal }\nnetworking: { dnsDomain: own.internal, <<: *a }',
  ),
  line(
    'a merge key before the value',
    'foo: &a { dnsDomain: merged.internal }\nnetworking: { <<: *a, dnsDomain: own.internal }',
  ),
  line(
    'a merge of a list of maps',
    'foo: [&a { dnsDomain: a.internal }, &b { dnsDomain: b.internal }]\nnetworking: { <<: [*a, *b] }',
  ),
  line('a merge of a text', 'networking: { <<: text }'),
  line('a block of names', 'apiServer:\n  certSANs:\n  - b.example.com\n  - 10.0.0.1'),
  line('a folded scalar', 'clusterName: >-\n  a\n  b'),
  line('a literal scalar as endpoint', 'controlPlaneEndpoint: |\n  b.example.com'),
  line('a literal scalar without newline as endpoint', 'controlPlaneEndpoint: |-\n  b.example.com'),
  line('an escape', 'controlPlaneEndpoint: "b\\x2eexample.com"'),
  line('a tag on a map', 'networking: !!map { serviceSubnet: 10.1.0.0/16 }'),
  line('an unknown tag', 'clusterName: !x a'),
  line('a tab as a separator', 'clusterName:\ta'),
  line('a tab as indentation', 'networking:\n\tserviceSubnet: 10.1.0.0/16'),
  line('a tab in a list', 'apiServer: { certSANs: [b.example.com,\t10.0.0.1] }'),
  line('a list over several lines', 'apiServer: { certSANs: [b.example.com,\n    10.0.0.1] }'),
  line('a trailing comma', 'apiServer: { certSANs: [b.example.com,] }'),
  line('a missing space', 'clusterName:a'),
  line('a map over several lines', 'networking: {\n  serviceSubnet: 10.1.0.0/16\n  }'),
  line('a closing bracket at the margin', 'networking: {\n  serviceSubnet: 10.1.0.0/16\n}'),
  line('a null byte', 'clusterName: "a\\0b"'),
  line(
    'many aliases',
    'foo: &a [x, x, x, x, x, x, x, x, x, x]\nbar: [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]',
  ),
  line(
    'excessive aliases',
    ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
      .concat([1, 2, 3, 4, 5, 6].map((i) => `a${i}: &a${i} [${`*a${i - 1}, `.repeat(9)}x]`))
      .join('\n'),
  ),
  mutation('a ClusterConfiguration in JSON', (text) => `${init(text)}---\n${json(cluster(text))}`),
  mutation('JSON with tabs', (text) => `${init(text)}---\n${json(cluster(text), '\t')}`),
  mutation('JSON on one line', (text) => `${init(text)}---\n${json(cluster(text), '')}`),
  mutation('JSON with a comment', (text) => `${init(text)}---\n${json(cluster(text))}# x\n`),
  mutation(
    'JSON with a comma too many',
    (text) => `${init(text)}---\n${json(cluster(text)).replace(/\n\}\n$/, ',\n}\n')}`,
  ),
  mutation(
    'JSON with single quotes',
    (text) => `${init(text)}---\n${json(cluster(text)).replaceAll('"', "'")}`,
  ),
  mutation(
    'a flow map',
    (text) => `${init(text)}---\n{ apiVersion: ${versionIn(text)}, kind: ClusterConfiguration }\n`,
  ),
  mutation(
    'a key twice in JSON',
    (text) =>
      `${init(text)}---\n${json(cluster(text)).replace('{', '{"clusterName": "a", "clusterName": "b",')}`,
  ),
];

const versionIn = (text: string) => /^apiVersion: (.*)$/m.exec(text)?.[1] ?? '';

function json(document: string, indent: string | number = 2): string {
  return `${JSON.stringify(parse(document), null, indent)}\n`;
}
