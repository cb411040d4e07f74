/** An existing kubeconfig may be anything: it is read, or refused with a reason; it never crashes the process or fills its memory. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeconfigError, readKubeconfig } from '../../../../client/node/disk/kubeconfig.ts';
import { editKubeconfig } from '../../../../client/node/install/kubeconfig-edit.ts';
import { readManifest } from '../../../../client/node/restart/manifest.ts';

const PEM = Buffer.from('-----BEGIN CERTIFICATE-----').toString('base64');
const user = (certificate: string, more = '') =>
  `current-context: c\ncontexts: [{ name: c, context: { cluster: k, user: me } }]\nclusters: [{ name: k, cluster: {} }]\nusers:\n- name: me\n  user:\n    client-certificate-data: ${certificate}\n${more}`;
const laughs = ['a: &a [x, x, x, x, x, x, x, x, x]']
  .concat([...'bcdefghi'].map((c, i) => `${c}: &${c} [${`*${'abcdefghi'[i]}, `.repeat(9)}x]`))
  .join('\n');

const HOSTILE: [string, string, RegExp][] = [
  ['bytes (!!binary)', user(`!!binary ${PEM}`), /must be of type string/],
  ['a number', user('5'), /must be of type string/],
  ['a map', user('{ a: b }'), /must be of type string/],
  ['a key twice', user(PEM, `    client-certificate-data: ${PEM}\n`), /not YAML: .*unique/],
  ['aliases that expand to gigabytes', `${user(PEM)}${laughs}\n`, /not YAML: .*alias/i],
  ['an alias to itself', `${user(PEM)}x: &x [*x]\n`, /./],
  ['an unknown alias', user('*x'), /not YAML: .*alias/i],
  ['deep nesting', `${user(PEM)}x: ${'['.repeat(20_000)}`, /not YAML/],
  ['users that are not a list', 'users: { a: b }\n', /users: must be of type array/],
  ['a user that is null', 'users: [null]\n', /users\[0\]: must be of type object/],
  ['a user twice', `${user(PEM)}- { name: me, user: { token: t } }\n`, /^users has me twice/],
  [
    'a context twice',
    user(PEM).replace('[{ name: c,', '[{ name: c, context: { cluster: k, user: x } }, { name: c,'),
    /^contexts has c twice/,
  ],
  [
    'a cluster twice',
    user(PEM).replace('[{ name: k,', '[{ name: k, cluster: {} }, { name: k,'),
    /^clusters has k twice/,
  ],
  ['data that is not base64', user(`'!${PEM}'`), /client-certificate-data: must be base64/],
  ['data in the URL form of base64', user("'--__'"), /client-certificate-data: must be base64/],
  ['data with blanks', user(`'${PEM.slice(0, 8)} ${PEM.slice(8)}'`), /must be base64/],
  ['nothing', '', /not a kubeconfig/],
  ['a text', 'hello', /not a kubeconfig/],
  ['a list', '- a', /not a kubeconfig/],
  ['two documents', `${user(PEM)}---\n${user(PEM)}`, /not YAML: .*documents/],
  ['a null byte', '\0', /./],
];

it.each(HOSTILE)('a kubeconfig with %s is refused with one line', (_, yaml, problem) => {
  const warn = jest.spyOn(process, 'emitWarning');
  const problemOf = (act: () => unknown): string => {
    try {
      act();
      return '';
    } catch (error) {
      if (error instanceof KubeconfigError) return error.message;
      throw error;
    }
  };
  const message = problemOf(() => readKubeconfig(yaml, '/')) || 'accepted';
  expect(message).toMatch(problem);
  const data = { userName: 'me', clusterName: 'k', certificate: 'new' };
  expect(problemOf(() => editKubeconfig(yaml, data))).not.toContain('\n');
  expect(message).not.toContain('\n');
  expect(warn).not.toHaveBeenCalled();
});

it.each([
  ['not YAML', 'spec: ['],
  ['aliases that expand to gigabytes', laughs],
  ['a text', 'hello'],
])('a manifest that is %s names no ports and no version', (_, text) => {
  const folder = mkdtempSync(join(tmpdir(), 'cakeless-manifest-'));
  try {
    mkdirSync(join(folder, 'manifests'));
    writeFileSync(join(folder, 'manifests', 'etcd.yaml'), text);
    const folders = { kubeconfigDir: folder } as Parameters<typeof readManifest>[1];
    expect(readManifest('etcd', folders)).toMatchObject({ version: undefined, words: [] });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
