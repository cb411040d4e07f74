/** kubelet.conf embeds a certificate, and the kubelet's store has one: afterwards the kubelet uses the new one. */
import { X509Certificate } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readKubeletConf, writeKubeletStore } from '../../../support/kubelet-store.ts';
import { NodeFixture } from '../../../support/node-folder.ts';
import { cakeless } from '../../../support/running-service-command.ts';

let fixture: NodeFixture;
/** A copy with a newer certificate for the same node than the template's. */
let newer: string;

beforeAll(async () => {
  fixture = await NodeFixture.make();
  newer = fixture.copy();
  await renew(newer, 'kubelet.conf');
});
afterAll(() => fixture.close());

const kubeletDir = (folder: string) => join(folder, 'kubelet-pki');
const renew = (folder: string, ...names: string[]) =>
  fixture.run(folder, 'renew', ...names, '--no-restart', '--kubelet-dir', kubeletDir(folder));

async function check(folder: string, output = 'json') {
  const folders = ['--cert-dir', join(folder, 'pki'), '--kubelet-dir', kubeletDir(folder)];
  const run = await cakeless(
    {},
    'check-expiration',
    '--kubeconfig-dir',
    folder,
    ...folders,
    '-o',
    output,
  );
  return { ...run, document: output === 'json' ? JSON.parse(run.stdout) : undefined };
}

/** Serial numbers of both, and what the kubelet would load. */
function stateOf(folder: string) {
  const current = join(kubeletDir(folder), 'kubelet-client-current.pem');
  const pem = readFileSync(current, 'utf8');
  const embedded = readKubeletConf(folder);
  return {
    own: new X509Certificate(pem).serialNumber,
    embedded: embedded.place.leaf.serialNumber,
    isSamePair: pem.trim() === embedded.pem.trim(),
    link: readlinkSync(current),
    mode: statSync(current).mode & 0o777,
  };
}

function nodeWith(conf: string, own: string): string {
  const folder = fixture.copy();
  cpSync(join(conf, 'kubelet.conf'), join(folder, 'kubelet.conf'));
  writeKubeletStore(kubeletDir(folder), readKubeletConf(own).pem);
  return folder;
}

it.each([
  [
    'the kubelet has copied the certificate of kubeadm join',
    () => [fixture.template, fixture.template],
  ],
  ['the kubelet has rotated its certificate', () => [fixture.template, newer]],
  [
    'kubelet.conf has a newer certificate, which the kubelet ignores',
    () => [newer, fixture.template],
  ],
])('%s: both get the same new certificate, and rollback restores both', async (_, which) => {
  const [conf = '', own = ''] = which();
  const folder = nodeWith(conf, own);
  const before = stateOf(folder);
  const run = await renew(folder, 'kubelet.conf'); // `all` leaves a kubelet alone that rotates
  expect([run.exitCode, run.stdout]).toEqual([0, expect.stringMatching(/kubelet\.conf +renewed/)]);
  const after = stateOf(folder);
  expect(after).toMatchObject({ isSamePair: true, mode: 0o600 });
  expect([before.own, before.embedded]).not.toContain(after.own);
  expect(after.link).toMatch(/kubelet-client-20\d\d-\d\d-\d\d-\d\d-\d\d-\d\d\.pem$/);
  expect(after.link).not.toBe(before.link);
  expect(readdirSync(kubeletDir(folder))).toHaveLength(3); // the old file stays, as after a rotation by the kubelet
  const { document, exitCode } = await check(folder);
  expect([exitCode, document.problems]).toEqual([0, []]);
  expect(
    (await fixture.run(folder, 'rollback', '--no-restart', '--kubelet-dir', kubeletDir(folder)))
      .exitCode,
  ).toBe(0);
  expect(stateOf(folder)).toEqual(before);
});

it('check-expiration shows both, and which one is in use', async () => {
  const folder = nodeWith(fixture.template, newer);
  const { document, exitCode } = await check(folder);
  expect(document.kubelet).toMatchObject([
    { name: 'kubelet.conf', inUse: false, caName: 'ca' },
    { name: 'kubelet-client-current.pem', inUse: true, caName: 'ca' },
  ]);
  expect([exitCode, document.problems]).toEqual([0, []]);
  const { stdout } = await check(folder, 'text');
  expect(stdout).toMatch(/^kubelet\.conf \(not used\) .*\nkubelet-client-current\.pem /m);
});

it('a newer certificate in kubelet.conf that the kubelet ignores is a problem, until both are renewed', async () => {
  const folder = nodeWith(newer, fixture.template);
  const { document, exitCode } = await check(folder);
  expect([exitCode, document.problems]).toEqual([
    7,
    [
      {
        name: 'kubelet.conf',
        file: join(folder, 'kubelet.conf'),
        problem: expect.stringMatching(
          /the kubelet uses \S+kubelet-client-current\.pem instead, which expires first/,
        ),
      },
    ],
  ]);
  expect((await renew(folder, 'kubelet.conf')).exitCode).toBe(0);
  expect((await check(folder)).exitCode).toBe(0);
});

it.each([
  [
    'a certificate of another client',
    () => readKubeletConfOf('admin.conf'),
    /the kubelet uses \S+ \(O=kubeadm:cluster-admins, CN=kubernetes-admin\), but kubelet\.conf is for O=system:nodes.*: move the wrong one away/,
  ],
  ['no certificate', () => 'nothing', /kubelet-client-current\.pem: no PEM certificate/],
])(
  'if the kubelet would load %s, kubelet.conf is left out, and nothing changes',
  async (_, pem, reason) => {
    const folder = fixture.copy();
    writeKubeletStore(kubeletDir(folder), pem());
    const before = readFileSync(join(folder, 'kubelet.conf'), 'utf8');
    const run = await renew(folder, 'kubelet.conf');
    expect([run.exitCode, run.stdout]).toEqual([2, expect.stringMatching(reason)]);
    expect(readFileSync(join(folder, 'kubelet.conf'), 'utf8')).toBe(before);
  },
);

/** The certificate and key of another kubeconfig, as a PEM file of the kubelet. */
function readKubeletConfOf(name: string): string {
  const folder = fixture.copy();
  cpSync(join(folder, name), join(folder, 'kubelet.conf'));
  return readKubeletConf(folder).pem;
}

it('csr requests the contents of the certificate that the kubelet uses', async () => {
  const folder = nodeWith(newer, fixture.template);
  const out = join(folder, 'csrs');
  const options = ['--out', out, '--kubelet-dir', kubeletDir(folder), '-o', 'json', '--dry-run'];
  const { stdout } = await fixture.run(folder, 'csr', 'kubelet.conf', ...options);
  const { place } = readKubeletConf(fixture.template);
  expect(JSON.parse(stdout).csrs).toMatchObject([
    { notAfter: new Date(place.leaf.validTo).toISOString(), changes: [] },
  ]);
});
