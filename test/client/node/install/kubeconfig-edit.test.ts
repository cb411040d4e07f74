/** Certificate data is replaced at its position; every other character of a kubeconfig stays as the user wrote it. */
import { parse } from 'yaml';
import { editKubeconfig } from '../../../../client/node/install/kubeconfig-edit.ts';
import { kubeconfigText } from '../../../support/node-folder.ts';

const b64 = (text: string) => Buffer.from(text).toString('base64');
const [OLD, NEW] = [
  { ca: 'old ca', certificate: 'old certificate', key: 'old key' },
  { ca: 'new ca', certificate: 'new certificate', key: 'new key' },
];
const data = {
  userName: 'me',
  clusterName: 'kubernetes',
  certificate: NEW.certificate,
  privateKey: NEW.key,
  certificateAuthority: NEW.ca,
};

/** The file with each old value replaced. */
const replaced = (yaml: string) =>
  (['ca', 'certificate', 'key'] as const).reduce(
    (text, part) => text.replaceAll(b64(OLD[part]), b64(NEW[part])),
    yaml,
  );

const block = kubeconfigText('admin.conf', OLD.ca, OLD.certificate, OLD.key);
const flow = `{clusters: [{name: kubernetes, cluster: {certificate-authority-data: ${b64(OLD.ca)}, server: x}}], users: [{name: me, user: {client-certificate-data: '${b64(OLD.certificate)}', client-key-data: ${b64(OLD.key)}}}]}\n`;
const others = block.replace(
  'users:\n',
  `users:\n- name: another\n  user:\n    client-certificate-data: ${b64('theirs')}\n    token: abc # stays\n`,
);

it.each([
  ['as kubeadm writes it, with comments, quotes and unknown keys', block],
  ['with Windows line endings', block.replaceAll('\n', '\r\n')],
  ['in flow style', flow],
  ['in JSON', JSON.stringify(parse(block), null, 2)],
  ['with other users, who keep their data', others],
  ['without a final newline', block.trimEnd()],
  ['with a document start and end', `---\n${block}...\n`],
  [
    'with an indented list',
    block
      .replace(/^- name: me\n {2}user:\n/m, '  - name: me\n    user:\n')
      .replace(/^ {4}(client|#)/gm, '      $1'),
  ],
])('a kubeconfig %s changes only in its certificate data', (_, yaml) => {
  expect(editKubeconfig(yaml, data)).toBe(replaced(yaml));
});

it.each([
  ['literal', '|'],
  ['literal, stripped', '|-'],
  ['folded', '>-'],
])(
  'a value in a %s block becomes a plain value, and the following key is not affected',
  (_, sign) => {
    const yaml = block.replace(
      `"${b64(OLD.certificate)}"`,
      `${sign}\n      ${b64(OLD.certificate)}`,
    );
    expect(parse(editKubeconfig(yaml, data))).toEqual(parse(replaced(block)));
  },
);

it.each([
  ['the certificate', /^ {4}client-certificate-data: .*\n/m],
  ['the key', /^ {4}client-key-data: .*\n/m],
  ['the CA', /^ {4}certificate-authority-data: .*\n/m],
])('%s is inserted if it is missing, as in a kubeconfig of generate-csr', (_, line) => {
  const yaml = block.replace(line, '');
  const edited = editKubeconfig(yaml, data);
  expect(parse(edited)).toEqual(parse(replaced(block)));
  expect(edited).toContain('# the next two belong together');
});

it('data is added to an empty user', () => {
  const yaml =
    'users:\n- name: me\n  user: {}\nclusters:\n- name: kubernetes\n  cluster: {server: x}\n';
  expect(parse(editKubeconfig(yaml, data)).users[0].user).toEqual({
    'client-certificate-data': b64(NEW.certificate),
    'client-key-data': b64(NEW.key),
  });
});

it('an alias is replaced with the new value, and its anchor stays', () => {
  const yaml = block
    .replace(`"${b64(OLD.certificate)}"`, '*mine')
    .replace('x-team: "platform"', `x-team: &mine ${b64(OLD.certificate)}`);
  const edited = parse(editKubeconfig(yaml, data));
  expect(edited['x-team']).toBe(b64(OLD.certificate));
  expect(edited.users[0].user['client-certificate-data']).toBe(b64(NEW.certificate));
});

it.each([
  [
    'a value that is shared through an anchor',
    block
      .replace(`"${b64(OLD.certificate)}"`, `&mine "${b64(OLD.certificate)}"`)
      .concat('x-copy: *mine\n'),
    /cannot be changed without changing something else/,
  ],
  ['a missing user', block.replaceAll('name: me\n', 'name: you\n'), /no map user for me/],
  ['text that is not YAML', 'users: [', /not YAML: [^\n]+ at line 1, column 9$/],
  ['two documents', `${block}---\n${block}`, /not YAML/],
  [
    'a duplicate key',
    block.replace('    client-key-data', '    client-key-data: x\n    client-key-data'),
    /not YAML/,
  ],
])('%s is refused', (_, yaml, reason) => {
  expect(() => editKubeconfig(yaml, data)).toThrow(reason);
});
