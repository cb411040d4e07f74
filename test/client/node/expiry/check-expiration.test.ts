/** `cakeless check-expiration` on nodes in every state: no file, whatever its state, hides the others. */
import { X509Certificate } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { checkExpiration } from '../../../../client/commands/check-expiration.ts';
import { EXIT } from '../../../../client/exit-codes.ts';
import type { ReportFormat } from '../../../../client/node/expiry/report.ts';
import { rememberRotation } from '../../../../client/node/state/rotation-memory.ts';
import type { CaName } from '../../../../lib/profiles/certificate-names.ts';
import { readKubeletConf, writeKubeletStore } from '../../../support/kubelet-store.ts';
import { LEAVES, type LeafOptions, OpensslNode } from '../../../support/openssl-node.ts';

const root = mkdtempSync(join(tmpdir(), 'cakeless-expiration-'));
const whole = join(root, 'whole');

beforeAll(() => {
  new OpensslNode(whole).make();
  for (const ca of ['ca', 'etcd/ca', 'front-proxy-ca']) rmSync(join(whole, 'pki', `${ca}.key`));
});
afterAll(() => rmSync(root, { recursive: true }));

let count = 0;
/** A copy that a test may change. */
function copy(): string {
  count += 1;
  const folder = join(root, `copy-${count}`);
  cpSync(whole, folder, { recursive: true });
  return folder;
}

async function check(folder: string, more: Record<string, unknown> = {}, now = new Date()) {
  const lines: string[] = [];
  const progress: string[] = [];
  const options = {
    certDir: join(folder, 'pki'),
    kubeconfigDir: folder,
    kubeletDir: join(folder, 'kubelet'),
    warnWithin: 0,
    output: 'json' as ReportFormat,
    ...more,
  };
  const terminal = {
    print: (line: string) => void lines.push(line),
    progress: (line: string) => void progress.push(line),
  };
  const code = await checkExpiration(terminal, options, now);
  return { code, text: lines.join('\n'), progress: progress.join('\n') };
}

interface Item {
  readonly name: string;
  readonly missing: boolean;
  readonly externallyManaged: boolean;
  readonly caName?: string;
  readonly expirationDate: string | null;
}
interface Document {
  readonly certificates: readonly Item[];
  readonly certificateAuthorities: readonly Item[];
  readonly kubelet: readonly Item[];
  readonly problems: readonly { name: string; file: string; problem: string }[];
  readonly warnings: readonly { file: string; warning: string }[];
}

async function report(folder: string, more: Record<string, unknown> = {}, now = new Date()) {
  const { code, text, progress } = await check(folder, more, now);
  return { code, progress, document: JSON.parse(text) as Document };
}

const leafAt = (path: string) => LEAVES.find((leaf) => leaf.path === path) as LeafOptions;

/** Replaces a certificate with one from other CA keys. */
function replace(folder: string, leaf: LeafOptions): void {
  const other = new OpensslNode(join(root, `other-${count}`));
  other.make([leaf]);
  for (const ca of ['ca', 'etcd/ca', 'front-proxy-ca'])
    cpSync(join(other.folder, 'pki', `${ca}.crt`), join(folder, 'pki', `${ca}.crt`));
  for (const end of leaf.path.endsWith('.conf') ? [''] : ['.crt', '.key'])
    cpSync(join(other.folder, `${leaf.path}${end}`), join(folder, `${leaf.path}${end}`));
}

it('a complete node has no problems, and everything is externally managed', async () => {
  const { code, document } = await report(copy());
  expect(document.problems).toEqual([]);
  expect(code).toBe(EXIT.done);
  expect(document.certificates.map(({ name }) => name)).toEqual([
    'admin.conf',
    'apiserver',
    'apiserver-etcd-client',
    'apiserver-kubelet-client',
    'controller-manager.conf',
    'etcd-healthcheck-client',
    'etcd-peer',
    'etcd-server',
    'front-proxy-client',
    'scheduler.conf',
    'super-admin.conf',
  ]);
  expect(document.kubelet.map(({ name }) => name)).toEqual(['kubelet.conf']);
  const all = [...document.certificates, ...document.certificateAuthorities];
  expect(all.every(({ externallyManaged }) => externallyManaged)).toBe(true);
});

it('the date is the notAfter of the certificate', async () => {
  const { document } = await report(copy());
  const { validTo } = new X509Certificate(readFileSync(join(whole, 'pki', 'apiserver.crt')));
  const found = document.certificates.find(({ name }) => name === 'apiserver');
  expect(new Date(found?.expirationDate ?? 0)).toEqual(new Date(validTo));
});

it('json and yaml are equal, and dates are quoted in yaml', async () => {
  const folder = copy();
  const now = new Date();
  const { text } = await check(folder, { output: 'yaml' }, now);
  expect(parse(text)).toEqual((await report(folder, {}, now)).document);
  expect(text).toMatch(/expirationDate: "\d{4}-/);
});

/** Changes a node so that one thing is wrong with one certificate. */
const spoiled: [string, (folder: string) => void, string, RegExp][] = [
  [
    'a key of another certificate',
    (f) => cpSync(join(f, 'pki/apiserver.key'), join(f, 'pki/etcd/server.key')),
    'etcd-server',
    /belongs to another certificate/,
  ],
  ['a missing key', (f) => rmSync(join(f, 'pki/apiserver.key')), 'apiserver', /is missing/],
  [
    'a missing certificate',
    (f) => rmSync(join(f, 'pki/apiserver.crt')),
    'apiserver',
    /it is missing/,
  ],
  [
    'a certificate file without a certificate',
    (f) => writeFileSync(join(f, 'pki/front-proxy-client.crt'), 'nothing'),
    'front-proxy-client',
    /no PEM certificate/,
  ],
  [
    'a folder instead of a certificate',
    (f) => {
      rmSync(join(f, 'pki/apiserver-etcd-client.crt'));
      mkdirSync(join(f, 'pki/apiserver-etcd-client.crt'));
    },
    'apiserver-etcd-client',
    /^is a directory$/,
  ],
  [
    'a folder instead of a kubeconfig',
    (f) => {
      rmSync(join(f, 'admin.conf'));
      mkdirSync(join(f, 'admin.conf'));
    },
    'admin.conf',
    /^is a directory$/,
  ],
  [
    'a kubeconfig that is not YAML',
    (f) => writeFileSync(join(f, 'scheduler.conf'), 'users: ['),
    'scheduler.conf',
    /not YAML: [^\n]+ at line 1, column 9$/,
  ],
  ['no kubelet.conf', (f) => rmSync(join(f, 'kubelet.conf')), 'kubelet.conf', /it is missing/],
  [
    'a leaf in a CA file',
    (f) =>
      writeFileSync(
        join(f, 'pki/front-proxy-ca.crt'),
        readFileSync(join(f, 'pki/apiserver.crt'), 'utf8') +
          readFileSync(join(f, 'pki/front-proxy-ca.crt'), 'utf8'),
      ),
    'front-proxy-ca',
    /it is not a CA/,
  ],
];

it.each(spoiled)('%s is reported, and hides nothing else', async (_, spoil, name, problem) => {
  const folder = copy();
  spoil(folder);
  const { code, document } = await report(folder);
  expect(document.problems.map((p) => p.name)).toEqual([name]);
  expect(document.problems[0]?.problem).toMatch(problem);
  expect(code).toBe(EXIT.checkFailed);
  expect(document.certificates).toHaveLength(11);
  const missing = document.certificates.filter((item) => item.missing);
  expect(missing.length).toBeLessThanOrEqual(1);
});

it.each(['ca', 'etcd/ca', 'front-proxy-ca'])(
  'a folder instead of the CA file %s is named, and every row is shown',
  async (ca) => {
    const folder = copy();
    const file = join(folder, `pki/${ca}.crt`);
    rmSync(file);
    mkdirSync(file);
    const { code, document } = await report(folder);
    expect([code, document.certificates.length]).toEqual([EXIT.checkFailed, 11]);
    expect(document.problems).toContainEqual({
      name: ca.replace('/', '-'),
      file,
      problem: `${file}: is a directory`,
    });
    expect(document.problems.map(({ problem }) => problem).join()).toContain(
      `${file} is missing or cannot be read, so the signature cannot be checked`,
    );
  },
);

const changed: [string, Partial<LeafOptions> & { path: string }, RegExp][] = [
  [
    'a server certificate with the usage of a client',
    { path: 'pki/apiserver', usages: 'clientAuth' },
    /lacks .*serverAuth/,
  ],
  ['only one of two usages', { path: 'pki/etcd/peer', usages: 'serverAuth' }, /lacks .*clientAuth/],
  [
    'an additional usage',
    { path: 'admin.conf', usages: 'clientAuth,serverAuth' },
    /serverAuth, which it should not/,
  ],
  [
    'another common name',
    { path: 'pki/front-proxy-client', subject: '/CN=me' },
    /common name is me/,
  ],
  [
    'an additional organization',
    { path: 'scheduler.conf', subject: '/O=system:masters/CN=system:kube-scheduler' },
    /organizations are system:masters/,
  ],
  [
    'missing names',
    { path: 'pki/apiserver', names: 'DNS:cp-1' },
    /lacks the names DNS:kubernetes, DNS:kubernetes.default/,
  ],
  [
    'the wrong CA',
    { path: 'pki/apiserver-etcd-client', ca: 'ca' },
    /does not chain to a certificate in .*etcd\/ca.crt/,
  ],
];

it.each(changed)('%s is reported', async (_, { path, ...changes }, problem) => {
  const folder = copy();
  replace(folder, { ...leafAt(path), ...changes });
  const { document } = await report(folder);
  const name = path.replace(/^pki\/etcd\//, 'etcd-').replace(/^pki\//, '');
  const own = document.problems.filter((p) => p.name === name).map((p) => p.problem);
  expect(own.join('; ')).toMatch(problem);
});

it('certificates from CAs that are not on disk are reported', async () => {
  const folder = copy();
  replace(folder, leafAt('pki/apiserver'));
  const { document } = await report(folder);
  const names = new Set(document.problems.map(({ name }) => name));
  expect(names.has('apiserver')).toBe(false);
  expect(names.has('apiserver-kubelet-client')).toBe(true);
  const admin = document.problems.filter(({ name }) => name === 'admin.conf');
  expect(admin.map(({ problem }) => problem).join()).toMatch(/none of the certificate authorities/);
});

it('a bundle of the old and the new CA verifies certificates of both', async () => {
  const folder = copy();
  const old = readFileSync(join(folder, 'pki/ca.crt'), 'utf8');
  replace(folder, leafAt('pki/apiserver'));
  appendFileSync(join(folder, 'pki/ca.crt'), old);
  const { document } = await report(folder);
  const ofCa = ['apiserver', 'apiserver-kubelet-client', 'admin.conf', 'kubelet.conf'];
  expect(
    document.problems
      .filter(({ name }) => ofCa.includes(name))
      .map(({ name, problem }) => [name, problem]),
  ).toEqual(
    // with a CA change of Cakeless, the CA data follows
    ['admin.conf', 'kubelet.conf'].map((name) => [
      name,
      expect.stringMatching(
        /^its CA data lacks CN=kubernetes .* of \S+ca\.crt; cakeless renew \S+ writes/,
      ),
    ]),
  );
});

it('CA data with a CA that ca.crt does not contain is reported; CA data with only its first certificate, which is what kubeadm writes, is not', async () => {
  const folder = copy();
  const [one, more] = ['ca', 'etcd/ca'].map((ca) =>
    readFileSync(join(folder, `pki/${ca}.crt`), 'utf8'),
  );
  const file = join(folder, 'scheduler.conf');
  const data = Buffer.from(`${one}${more}`).toString('base64');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace(/(certificate-authority-data: ).*/, `$1${data}`));
  const { document } = await report(folder);
  expect(document.problems).toEqual([
    expect.objectContaining({
      name: 'scheduler.conf',
      problem: expect.stringMatching(
        /^its CA data contains CN=etcd-ca .*, which \S+ca\.crt does not/,
      ),
    }),
  ]);
  writeFileSync(file, text);
  appendFileSync(join(folder, 'pki/ca.crt'), more ?? '');
  expect((await report(folder)).document.problems).toEqual([]);
});

describe("a certificate in a place that is not its own, with the node's name known", () => {
  const nodeConfig = () => {
    const file = join(root, 'node.yaml');
    writeFileSync(file, 'node: cp-1\n');
    return file;
  };

  it.each([
    [
      'another node, with the same CN',
      {
        path: 'pki/apiserver',
        names: 'DNS:cp-2,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc',
      },
      'it does not contain the name of this node, cp-1',
    ],
    [
      'another node, as its CN',
      { path: 'kubelet.conf', subject: '/O=system:nodes/CN=system:node:cp-2' },
      'its common name is system:node:cp-2, not system:node:cp-1',
    ],
  ])('of %s is named once, with what to do', async (_, change, reason) => {
    const folder = copy();
    replace(folder, { ...leafAt(change.path), ...change });
    const { document } = await report(folder, { nodeConfig: nodeConfig() });
    const name = change.path.replace('pki/', '');
    expect(document.problems.filter((p) => p.name === name).map((p) => p.problem)).toEqual([
      `${reason}; it belongs to another node or has another purpose: move it away, and cakeless renew ${name} --config FILE requests the right one`,
    ]);
  });

  it('of a CA is named, with what to do', async () => {
    const folder = copy();
    cpSync(join(folder, 'pki/ca.crt'), join(folder, 'pki/apiserver.crt'));
    const { document } = await report(folder, { nodeConfig: nodeConfig() });
    expect(document.problems.map(({ problem }) => problem)).toContainEqual(
      expect.stringMatching(
        /^it is a CA; it belongs to another node or has another purpose: move it away/,
      ),
    );
  });

  it('of an earlier CA is named, with what to do', async () => {
    const folder = copy();
    replace(folder, leafAt('pki/apiserver'));
    const { document } = await report(folder);
    const own = document.problems.find(({ name }) => name === 'apiserver-kubelet-client');
    expect(own?.problem).toMatch(
      /^it does not chain to a certificate in (\S+); cakeless renew apiserver-kubelet-client replaces it; or, if \1 is an old one, cakeless renew all --dry-run shows/,
    );
  });
});

it('a file with a key that everyone may read is a warning, and a group may read it', async () => {
  const folder = copy();
  chmodSync(join(folder, 'pki', 'apiserver.key'), 0o644);
  chmodSync(join(folder, 'admin.conf'), 0o604);
  chmodSync(join(folder, 'pki', 'etcd', 'server.key'), 0o640);
  const { code, text } = await check(folder);
  expect(code).toBe(EXIT.done);
  const { warnings } = JSON.parse(text) as { warnings: { file: string; warning: string }[] };
  expect(warnings.map(({ file }) => file).sort()).toEqual([
    join(folder, 'admin.conf'),
    join(folder, 'pki', 'apiserver.key'),
  ]);
  expect(warnings[0]?.warning).toMatch(/every user .* private key/);
});

it.each([
  ['without a server', /^.*\bserver: .*\n/m, '', 'it names no server'],
  [
    'whose context names another cluster',
    /cluster: kubernetes\b/,
    'cluster: elsewhere',
    'its current context names the cluster elsewhere, which it does not contain',
  ],
  [
    'that does not verify the API server',
    /^(\s+)(server: .*)$/m,
    '$1$2\n$1insecure-skip-tls-verify: true',
    'it does not verify the API server',
  ],
])('a kubeconfig %s is a problem', async (_, line, instead, problem) => {
  const folder = copy();
  const file = join(folder, 'scheduler.conf');
  const before = readFileSync(file, 'utf8');
  const after = before.replace(line, instead);
  expect(after).not.toBe(before);
  writeFileSync(file, after);
  const { code, text } = await check(folder);
  expect(code).toBe(EXIT.checkFailed);
  expect(text).toContain(problem);
});

it('a CA key on the node is a warning that says what to do', async () => {
  const folder = copy();
  const file = join(folder, 'pki/etcd/ca.key');
  writeFileSync(file, '');
  const { code, document, progress } = await report(folder);
  expect([code, document.problems]).toEqual([EXIT.done, []]);
  expect(document.warnings).toEqual([
    {
      file,
      warning: expect.stringMatching(
        /^a CA key is on this node, and anyone who reads it .*; cakeless release-keys ends that/,
      ),
    },
  ]);
  expect(progress).toContain(`warning: ${file}: a CA key is on this node`);
});

it.each([
  ['is below kubeletDir in pki', ['kubelet/pki'], true],
  ['is in kubeletDir', ['kubelet', 'kubelet/pki'], false],
  ['is in neither', [], false],
])('kubelet-client-current.pem %s', async (_, folders, isWarning) => {
  const folder = copy();
  for (const of of folders) writeKubeletStore(join(folder, of), readKubeletConf(folder).pem);
  const [file, below] = [join(folder, 'kubelet'), join(folder, 'kubelet/pki')];
  const { document, progress } = await report(folder);
  const warning = `the kubelet's certificate is not in this folder but in ${below}, and is neither checked nor renewed; set kubeletDir or --kubelet-dir to ${below}`;
  expect(document.warnings).toEqual(isWarning ? [{ file, warning }] : []);
  expect(progress).toBe(isWarning ? `warning: ${file}: ${warning}` : '');
});

it('a copy of the pki folder alone has no rows for kubeconfigs and the kubelet', async () => {
  const nodeConfig = join(root, 'no-node.yaml');
  writeFileSync(nodeConfig, `kubeconfigDir: ${join(root, 'no-node')}\n`);
  const alone = { nodeConfig, kubeconfigDir: undefined, kubeletDir: undefined };
  const { code, document } = await report('', { ...alone, certDir: join(copy(), 'pki') });
  expect([code, document.problems, document.kubelet]).toEqual([EXIT.done, [], []]);
  expect(document.certificates.map(({ name }) => name)).toEqual(
    LEAVES.filter(({ path }) => path.startsWith('pki/'))
      .map(({ path }) => path.replace('pki/', '').replace('/', '-'))
      .sort(),
  );
  const certDir = join(root, 'no-pki');
  await expect(check('', { ...alone, certDir })).rejects.toThrow(`${certDir} does not exist`);
});

describe('time', () => {
  const later = (days: number) => new Date(Date.now() + days * 86_400_000);

  it('certificates that expire after the window are not reported', async () => {
    expect((await check(copy(), { warnWithin: 30 * 86_400 })).code).toBe(EXIT.done);
  });

  it('certificates that expire within the window are reported', async () => {
    const { code, document } = await report(copy(), { warnWithin: 366 * 86_400 });
    expect(code).toBe(EXIT.expiring);
    expect(document.problems).toHaveLength(12);
    expect(document.problems[0]?.problem).toMatch(/^it expires at 20/);
  });

  it('expired certificates are reported without a window, with the residual time <invalid>', async () => {
    const { code, text } = await check(copy(), { output: 'text' }, later(400));
    expect(code).toBe(EXIT.expiring);
    expect(text).toMatch(/^apiserver +\w{3} \d\d, 20\d\d \d\d:\d\d UTC +<invalid> +ca +yes/m);
    expect(text).toMatch(/it expired at 20/);
  });

  it('certificates are reported as not valid yet if the clock is behind', async () => {
    const { code, document } = await report(copy(), {}, later(-10));
    expect(code).toBe(EXIT.checkFailed);
    expect(document.problems[0]?.problem).toMatch(/not valid before/);
  });
});

it('on a worker only the files of workers are required', async () => {
  const folder = join(root, 'worker');
  cpSync(join(whole, 'kubelet.conf'), join(folder, 'kubelet.conf'));
  cpSync(join(whole, 'pki/ca.crt'), join(folder, 'pki/ca.crt'));
  const { code, document } = await report(folder);
  expect(document.problems).toEqual([]);
  expect([document.certificates, document.certificateAuthorities.map(({ name }) => name)]).toEqual([
    [],
    ['ca'],
  ]);
  expect(code).toBe(EXIT.done);
  const { text } = await check(folder, { output: 'text' });
  expect(text).not.toContain('MISSING');
  mkdirSync(join(folder, 'manifests'));
  writeFileSync(
    join(folder, 'manifests/kube-scheduler.yaml'),
    '    - --kubeconfig=/etc/kubernetes/scheduler.conf\n',
  );
  const controlPlane = await check(folder, { output: 'text' });
  expect(controlPlane.text).toMatch(/^!MISSING! apiserver +/m);
});

it('admin.conf and super-admin.conf may be removed', async () => {
  const folder = copy();
  for (const name of ['admin.conf', 'super-admin.conf']) rmSync(join(folder, name));
  const { code, document } = await report(folder);
  expect(code).toBe(EXIT.done);
  expect(document.certificates.filter(({ missing }) => missing)).toHaveLength(2);
});

describe('with a kubeadm configuration', () => {
  const config = (extra: string, init = '') => {
    const file = join(root, `config-${count}.yaml`);
    writeFileSync(
      file,
      `apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.37.2\n${extra}${init}`,
    );
    return file;
  };
  const init = `---
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
nodeRegistration: { name: cp-1 }
localAPIEndpoint: { advertiseAddress: 10.20.0.11 }
`;

  it('an external etcd has no rows', async () => {
    const file = config('etcd: { external: { endpoints: ["https://etcd:2379"] } }\n');
    const { document } = await report(copy(), { config: file });
    expect(document.certificates).toHaveLength(7);
    expect(document.certificateAuthorities.map(({ name }) => name)).toEqual([
      'ca',
      'front-proxy-ca',
    ]);
  });

  it('a certificate that lacks its names is reported', async () => {
    const file = config('apiServer: { certSANs: [api.example.com] }\n', init);
    const { document } = await report(copy(), { config: file });
    expect(document.problems.map(({ name, problem }) => `${name}: ${problem}`)).toEqual([
      'apiserver: it lacks the names DNS:api.example.com; cakeless renew apiserver --config FILE requests them',
    ]);
  });

  it('without an InitConfiguration the output says that names are not compared', async () => {
    const { code, progress } = await report(copy(), { config: config('') });
    expect(progress).toMatch(/names are not compared .*nodeRegistration.name is missing/);
    expect(code).toBe(EXIT.done);
  });

  it('it finds certificates in certificatesDir', async () => {
    const folder = copy();
    const moved = join(folder, 'moved');
    renameSync(join(folder, 'pki'), moved);
    const nodeConfig = join(folder, 'cakeless.yaml');
    writeFileSync(nodeConfig, `kubeconfigDir: ${folder}\n`);
    const { document } = await report(folder, {
      config: config(`certificatesDir: ${moved}\n`),
      nodeConfig,
      certDir: undefined,
      kubeconfigDir: undefined,
    });
    expect(document.problems).toEqual([]);
  });
});

describe('the kubelet', () => {
  it('a self-signed serving certificate is listed and not checked', async () => {
    const folder = copy();
    const other = new OpensslNode(join(root, 'kubelet-own'));
    other.makeCa('kubelet', 'cp-1@1700000000', 20);
    for (const end of ['.crt', '.key'])
      cpSync(join(other.folder, `pki/kubelet${end}`), join(folder, `kubelet/kubelet${end}`));
    const { document } = await report(folder);
    const [, row] = document.kubelet;
    expect(row).toMatchObject({ name: 'kubelet.crt', externallyManaged: false, missing: false });
    expect(row).not.toHaveProperty('caName');
    expect(document.problems).toEqual([]);
  });

  it('an issued serving certificate is checked', async () => {
    const folder = copy();
    mkdirSync(join(folder, 'kubelet'));
    writeFileSync(
      join(folder, 'kubelet/kubelet-server-current.pem'),
      readFileSync(join(folder, 'pki/apiserver.crt'), 'utf8') +
        readFileSync(join(folder, 'pki/apiserver.key'), 'utf8'),
    );
    const { document } = await report(folder);
    expect(document.kubelet[1]).toMatchObject({ name: 'kubelet-server-current.pem', caName: 'ca' });
    expect(document.problems.map(({ problem }) => problem).join('; ')).toMatch(
      /common name is kube-apiserver.*organizations are missing, not system:nodes/,
    );
  });
});

describe('the CA of kubelets', () => {
  const FILE = 'pki/kubelet-ca.crt';

  /** A node whose API server verifies kubelets with a file, and the CA `kubelet-ca` for it. */
  function verifying(file = FILE) {
    const folder = copy();
    const own = new OpensslNode(join(root, `kubelets-${count}`));
    own.makeCa('kubelet-ca', 'kubelet-ca');
    cpSync(join(own.folder, FILE), join(folder, FILE));
    mkdirSync(join(folder, 'manifests'));
    writeFileSync(
      join(folder, 'manifests/kube-apiserver.yaml'),
      `spec:\n  containers:\n  - command: [kube-apiserver, --kubelet-certificate-authority=${join(folder, file)}]\n`,
    );
    /** The kubelet's serving certificate, of one of the CAs. */
    const serve = (ca: 'ca' | 'kubelet-ca') => {
      cpSync(join(folder, 'pki/ca.crt'), join(own.folder, 'pki/ca.crt'));
      if (ca === 'ca') own.makeCa('ca', 'kubernetes');
      if (ca === 'ca') cpSync(join(own.folder, 'pki/ca.crt'), join(folder, 'pki/ca.crt'));
      const subject = '/O=system:nodes/CN=system:node:cp-1';
      own.makeLeaf({ path: 'served', ca, subject, usages: 'serverAuth', names: 'DNS:cp-1' });
      mkdirSync(join(folder, 'kubelet'));
      writeFileSync(
        join(folder, 'kubelet/kubelet-server-current.pem'),
        ['crt', 'key'].map((end) => readFileSync(join(own.folder, `served.${end}`))).join(''),
      );
    };
    return { folder, serve };
  }
  /** @param name of a row, with its problems */
  const problemsOf = async (folder: string, name: string) =>
    (await report(folder)).document.problems
      .filter((problem) => problem.name === name)
      .map(({ problem }) => problem);

  it('is a row, and need not exist', async () => {
    const { folder } = verifying('pki/ca.crt');
    const rows = async () =>
      (await report(folder)).document.certificateAuthorities.map(({ name }) => name);
    expect(await rows()).toContain('kubelet-ca');
    rmSync(join(folder, FILE));
    expect(await rows()).not.toContain('kubelet-ca');
    expect((await report(folder)).document.problems).toEqual([]);
  });

  it('is missed if kube-apiserver names its file', async () => {
    const { folder } = verifying();
    rmSync(join(folder, FILE));
    const { document } = await report(folder);
    expect(document.problems).toEqual([
      {
        name: 'kubelet-ca',
        file: join(folder, FILE),
        problem:
          'it is missing, but kube-apiserver is to verify kubelets with it and does not start without it',
      },
    ]);
    expect(document.certificateAuthorities).toContainEqual(
      expect.objectContaining({ name: 'kubelet-ca', missing: true }),
    );
  });

  it('is wrong if its file is that of another CA', async () => {
    const { folder } = verifying();
    cpSync(join(folder, 'pki/ca.crt'), join(folder, FILE));
    const [problem = ''] = await problemsOf(folder, 'kubelet-ca');
    expect(problem).toMatch(
      /^it has the name of ca, so that it is not the CA of kubelets; cakeless renew .* replaces it$/,
    );
  });

  it('signed the serving certificate that the kubelet uses', async () => {
    const { folder, serve } = verifying();
    serve('kubelet-ca');
    const { document } = await report(folder);
    expect(document.kubelet[1]).toMatchObject({
      name: 'kubelet-server-current.pem',
      caName: 'kubelet-ca',
      externallyManaged: true,
    });
    expect(document.problems).toEqual([]);
  });

  it.each([
    ['ca, and kube-apiserver verifies with kubelet-ca', 'ca', FILE],
    ['kubelet-ca, and kube-apiserver verifies with ca', 'kubelet-ca', 'pki/ca.crt'],
  ] as const)('is compared with a serving certificate of %s', async (_, ca, named) => {
    const { folder, serve } = verifying(named);
    serve(ca);
    const problems = await problemsOf(folder, 'kubelet-server-current.pem');
    expect(problems).toEqual([
      `it does not chain to ${join(folder, named)}, with which kube-apiserver verifies kubelets: kubectl logs and exec fail`,
    ]);
  });
});

describe('metrics', () => {
  const SAMPLE = /^([a-z_]+)(?:\{(?:[a-z]+="[^"\\\n]*",?)+\})? -?\d+(?:\.\d+)?$/;

  it('every line is valid in the text format, and every metric has its help and type', async () => {
    const folder = copy();
    rmSync(join(folder, 'pki/apiserver.key'));
    const file = join(folder, 'cakeless.prom');
    const { code } = await check(folder, { prometheus: file });
    expect(code).toBe(EXIT.checkFailed);
    const text = readFileSync(file, 'utf8');
    expect(text.endsWith('\n')).toBe(true);
    const lines = text.trimEnd().split('\n');
    const samples = lines.filter((line) => !line.startsWith('#'));
    for (const line of samples) {
      const [, name = ''] = SAMPLE.exec(line) ?? [];
      expect(text).toContain(`# TYPE ${name} gauge\n`);
      expect(text).toMatch(new RegExp(`^# HELP ${name} \\w`, 'm'));
    }
    expect(samples).toContain('cakeless_certificate_problems{name="apiserver"} 1');
    expect(samples).toContain('cakeless_certificate_problems{name="etcd-server"} 0');
    const { validTo } = new X509Certificate(readFileSync(join(whole, 'pki', 'apiserver.crt')));
    expect(samples).toContain(
      `cakeless_certificate_expiration_timestamp_seconds{name="apiserver",ca="ca"} ${Date.parse(validTo) / 1000}`,
    );
  });

  it('the file is replaced atomically, and no temporary file is left', async () => {
    const folder = copy();
    const metrics = join(folder, 'metrics');
    mkdirSync(metrics);
    await check(folder, { prometheus: join(metrics, 'a.prom') });
    await check(folder, { prometheus: join(metrics, 'a.prom') });
    expect(readdirSync(metrics)).toEqual(['a.prom']);
  });

  it('a file name that the node exporter does not read is an error', async () => {
    await expect(check(copy(), { prometheus: 'x.txt' })).rejects.toThrow(
      /only reads \*\.prom files/,
    );
  });
});

it('a machine without the folder of kubeconfigs is not a node, and is not reported as one', async () => {
  const folder = join(root, 'nowhere');
  const prometheus = join(root, 'nowhere.prom');
  await expect(check(folder, { prometheus })).rejects.toMatchObject({
    code: 'usage',
    message: `${folder} does not exist; this machine does not look like a node`,
  });
  expect(existsSync(prometheus)).toBe(false);
});

describe('a rotation that is under way', () => {
  const LEFT = 'etcd at 127.0.0.1:2379 refuses a certificate of the new CA: TLS alert: unknown CA';
  async function checkWith(
    left: string[],
    output: ReportFormat,
    ca: CaName = 'front-proxy-ca',
    folder = copy(),
  ) {
    const rotation = { sequence: 3, ca, phase: 'trust', left } as const;
    const rest = { trustDomain: 'prod', gone: [], compromised: [], dropped: [] };
    await rememberRotation(join(folder, 'cakeless'), { ...rest, ...rotation });
    return check(folder, { output });
  }

  it.each([
    ['what is left on this node', [LEFT], `phase trust; left on this node:\n  ${LEFT}`],
    ['that nothing is', [], 'phase trust; nothing is left to do on this node'],
  ])('is shown, with %s', async (_, left, expected) => {
    const { code, text } = await checkWith(left, 'text');
    expect([code, text]).toEqual([
      EXIT.done,
      expect.stringContaining(`ROTATION OF front-proxy-ca: ${expected}`),
    ]);
  });

  it('waits for a component that does not run, and the exit code says so', async () => {
    const folder = copy();
    mkdirSync(join(folder, 'manifests'));
    writeFileSync(join(folder, 'manifests/kube-apiserver.yaml'), 'spec: { containers: [] }');
    const { code, text } = await checkWith([], 'text', 'etcd-ca', folder);
    expect([code, text]).toEqual([
      EXIT.unhealthy,
      expect.stringMatching(
        /ROTATION OF etcd-ca: phase trust; left on this node:\n {2}kube-apiserver was not found among the processes .*, which changed at \S+; find out with crictl logs/,
      ),
    ]);
    const { text: json } = await checkWith([], 'json', 'etcd-ca', folder);
    expect(JSON.parse(json).rotation).toMatchObject({
      left: [],
      waiting: [{ component: 'kube-apiserver', state: 'not-running', since: expect.any(String) }],
    });
  });

  it('is a field of the document, which is absent otherwise', async () => {
    const { text } = await checkWith([LEFT], 'json');
    const rotation = {
      sequence: 3,
      ca: 'front-proxy-ca',
      phase: 'trust',
      left: [LEFT],
      waiting: [],
    };
    expect(JSON.parse(text)).toMatchObject({ rotation });
    expect(JSON.parse((await check(whole)).text)).not.toHaveProperty('rotation');
  });
});
