/** What `cakeless check-expiration` says of nodes in every state: the list goes on whatever one file is like. */
import { X509Certificate } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { checkExpiration } from '../../../../client/commands/check-expiration.ts';
import { EXIT } from '../../../../client/exit-codes.ts';
import type { ReportFormat } from '../../../../client/node/expiry/report.ts';
import { LEAVES, type LeafOptions, OpensslNode } from '../../../support/openssl-node.ts';

const root = mkdtempSync(join(tmpdir(), 'cakeless-expiration-'));
const whole = join(root, 'whole');

beforeAll(() => {
  new OpensslNode(whole).make();
  for (const ca of ['ca', 'etcd/ca', 'front-proxy-ca']) rmSync(join(whole, 'pki', `${ca}.key`));
});
afterAll(() => rmSync(root, { recursive: true }));

let count = 0;
/** A copy that a case may spoil. */
function copy(): string {
  count += 1;
  const folder = join(root, `copy-${count}`);
  cpSync(whole, folder, { recursive: true });
  return folder;
}

async function check(folder: string, more: Record<string, unknown> = {}, now = new Date()) {
  const lines: string[] = [];
  const said: string[] = [];
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
    progress: (line: string) => void said.push(line),
  };
  const code = await checkExpiration(terminal, options, now);
  return { code, text: lines.join('\n'), said: said.join('\n') };
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
}

async function report(folder: string, more: Record<string, unknown> = {}, now = new Date()) {
  const { code, text, said } = await check(folder, more, now);
  return { code, said, document: JSON.parse(text) as Document };
}

const leafOf = (path: string) => LEAVES.find((leaf) => leaf.path === path) as LeafOptions;

/** Another certificate at a place, made with CA keys of its own. */
function replace(folder: string, wish: LeafOptions): void {
  const other = new OpensslNode(join(root, `other-${count}`));
  other.make([wish]);
  for (const ca of ['ca', 'etcd/ca', 'front-proxy-ca'])
    cpSync(join(other.folder, 'pki', `${ca}.crt`), join(folder, 'pki', `${ca}.crt`));
  for (const end of wish.path.endsWith('.conf') ? [''] : ['.crt', '.key'])
    cpSync(join(other.folder, `${wish.path}${end}`), join(folder, `${wish.path}${end}`));
}

it('a whole node has nothing wrong, and all of it is externally managed', async () => {
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

it('the date is the one in the certificate', async () => {
  const { document } = await report(copy());
  const { validTo } = new X509Certificate(readFileSync(join(whole, 'pki', 'apiserver.crt')));
  const found = document.certificates.find(({ name }) => name === 'apiserver');
  expect(new Date(found?.expirationDate ?? 0)).toEqual(new Date(validTo));
});

it('json and yaml say the same, and dates are quoted in yaml', async () => {
  const folder = copy();
  const now = new Date();
  const { text } = await check(folder, { output: 'yaml' }, now);
  expect(parse(text)).toEqual((await report(folder, {}, now)).document);
  expect(text).toMatch(/expirationDate: "\d{4}-/);
});

/** Spoils a node; then one thing is wrong, and it is said of the right certificate. */
const spoiled: [string, (folder: string) => void, string, RegExp][] = [
  [
    'a key of another certificate',
    (f) => cpSync(join(f, 'pki/apiserver.key'), join(f, 'pki/etcd/server.key')),
    'etcd-server',
    /belongs to another certificate/,
  ],
  ['a key that is gone', (f) => rmSync(join(f, 'pki/apiserver.key')), 'apiserver', /is missing/],
  [
    'a certificate that is gone',
    (f) => rmSync(join(f, 'pki/apiserver.crt')),
    'apiserver',
    /it is missing/,
  ],
  [
    'a certificate file with something else in it',
    (f) => writeFileSync(join(f, 'pki/front-proxy-client.crt'), 'nothing'),
    'front-proxy-client',
    /no PEM certificate/,
  ],
  [
    'a certificate that is a folder',
    (f) => {
      rmSync(join(f, 'pki/apiserver-etcd-client.crt'));
      mkdirSync(join(f, 'pki/apiserver-etcd-client.crt'));
    },
    'apiserver-etcd-client',
    /EISDIR/,
  ],
  [
    'a kubeconfig that is no YAML',
    (f) => writeFileSync(join(f, 'scheduler.conf'), 'users: ['),
    'scheduler.conf',
    /no YAML: [^\n]+ at line 1, column 9$/,
  ],
  ['no kubelet.conf', (f) => rmSync(join(f, 'kubelet.conf')), 'kubelet.conf', /it is missing/],
  [
    'a CA file with a leaf in it',
    (f) =>
      writeFileSync(
        join(f, 'pki/front-proxy-ca.crt'),
        readFileSync(join(f, 'pki/apiserver.crt'), 'utf8') +
          readFileSync(join(f, 'pki/front-proxy-ca.crt'), 'utf8'),
      ),
    'front-proxy-ca',
    /it is no CA/,
  ],
];

it.each(spoiled)('%s is said, and hides nothing else', async (_, spoil, name, problem) => {
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

const changed: [string, Partial<LeafOptions> & { path: string }, RegExp][] = [
  [
    'a server certificate of a client',
    { path: 'pki/apiserver', usages: 'clientAuth' },
    /lacks .*serverAuth/,
  ],
  ['one usage of two', { path: 'pki/etcd/peer', usages: 'serverAuth' }, /lacks .*clientAuth/],
  [
    'a usage too many',
    { path: 'admin.conf', usages: 'clientAuth,serverAuth' },
    /serverAuth, which it should not/,
  ],
  [
    'another common name',
    { path: 'pki/front-proxy-client', subject: '/CN=me' },
    /common name is me/,
  ],
  [
    'an organisation too many',
    { path: 'scheduler.conf', subject: '/O=system:masters/CN=system:kube-scheduler' },
    /organisations are system:masters/,
  ],
  [
    'no names',
    { path: 'pki/apiserver', names: 'DNS:cp-1' },
    /lacks the names DNS:kubernetes, DNS:kubernetes.default/,
  ],
  [
    'the wrong CA',
    { path: 'pki/apiserver-etcd-client', ca: 'ca' },
    /does not lead to a certificate of .*etcd\/ca.crt/,
  ],
];

it.each(changed)('%s is found', async (_, { path, ...wish }, problem) => {
  const folder = copy();
  replace(folder, { ...leafOf(path), ...wish });
  const { document } = await report(folder);
  const name = path.replace(/^pki\/etcd\//, 'etcd-').replace(/^pki\//, '');
  const own = document.problems.filter((p) => p.name === name).map((p) => p.problem);
  expect(own.join('; ')).toMatch(problem);
});

it('certificates of CAs that are not on disk do not reach them', async () => {
  const folder = copy();
  replace(folder, leafOf('pki/apiserver'));
  const { document } = await report(folder);
  const names = new Set(document.problems.map(({ name }) => name));
  expect(names.has('apiserver')).toBe(false);
  expect(names.has('apiserver-kubelet-client')).toBe(true);
  const admin = document.problems.filter(({ name }) => name === 'admin.conf');
  expect(admin.map(({ problem }) => problem).join()).toMatch(/none of the certificate authorities/);
});

it('a bundle of old and new CA is good for certificates of both', async () => {
  const folder = copy();
  const old = readFileSync(join(folder, 'pki/ca.crt'), 'utf8');
  replace(folder, leafOf('pki/apiserver'));
  appendFileSync(join(folder, 'pki/ca.crt'), old);
  const { document } = await report(folder);
  const ofCa = ['apiserver', 'apiserver-kubelet-client', 'admin.conf', 'kubelet.conf'];
  expect(document.problems.filter(({ name }) => ofCa.includes(name))).toEqual([]);
});

describe('time', () => {
  const later = (days: number) => new Date(Date.now() + days * 86_400_000);

  it('nothing is said of certificates that have time', async () => {
    expect((await check(copy(), { warnWithin: 30 * 86_400 })).code).toBe(EXIT.done);
  });

  it('what expires within the window is named', async () => {
    const { code, document } = await report(copy(), { warnWithin: 366 * 86_400 });
    expect(code).toBe(EXIT.expiring);
    expect(document.problems).toHaveLength(12);
    expect(document.problems[0]?.problem).toMatch(/^it expires at 20/);
  });

  it('what has expired is named without a window, and kubeadm has no word for its age', async () => {
    const { code, text } = await check(copy(), { output: 'text' }, later(400));
    expect(code).toBe(EXIT.expiring);
    expect(text).toMatch(/^apiserver +\w{3} \d\d, 20\d\d \d\d:\d\d UTC +<invalid> +ca +yes/m);
    expect(text).toMatch(/it expired at 20/);
  });

  it('a clock that is behind makes a certificate not valid yet', async () => {
    const { code, document } = await report(copy(), {}, later(-10));
    expect(code).toBe(EXIT.checkFailed);
    expect(document.problems[0]?.problem).toMatch(/not valid before/);
  });
});

it('a worker misses nothing but what workers have', async () => {
  const folder = join(root, 'worker');
  cpSync(join(whole, 'kubelet.conf'), join(folder, 'kubelet.conf'));
  cpSync(join(whole, 'pki/ca.crt'), join(folder, 'pki/ca.crt'));
  const { code, document } = await report(folder);
  expect(document.problems).toEqual([]);
  expect(document.certificates.every(({ missing }) => missing)).toBe(true);
  expect(code).toBe(EXIT.done);
});

it('people may take admin.conf and super-admin.conf away', async () => {
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

  it('names that it asks for are missed', async () => {
    const file = config('apiServer: { certSANs: [api.example.com] }\n', init);
    const { document } = await report(copy(), { config: file });
    expect(document.problems.map(({ name, problem }) => `${name}: ${problem}`)).toEqual([
      'apiserver: it lacks the names DNS:api.example.com',
    ]);
  });

  it('a configuration without this node says that names are not compared', async () => {
    const { code, said } = await report(copy(), { config: config('') });
    expect(said).toMatch(/names are not compared .*nodeRegistration.name is missing/);
    expect(code).toBe(EXIT.done);
  });

  it('certificatesDir is where certificates are looked for', async () => {
    const folder = copy();
    const file = config(`certificatesDir: ${join(folder, 'pki')}\n`);
    const { document } = await report(folder, { config: file, certDir: undefined });
    expect(document.problems).toEqual([]);
  });
});

describe('the kubelet', () => {
  it('what it signs itself is listed, and nothing vouches for it', async () => {
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

  it('what was issued to it has to be right', async () => {
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
      /common name is kube-apiserver.*organisations are none, not system:nodes/,
    );
  });
});

describe('metrics', () => {
  const SAMPLE = /^([a-z_]+)(?:\{(?:[a-z]+="[^"\\\n]*",?)+\})? -?\d+(?:\.\d+)?$/;

  it('every line is one of the text format, and every metric has its help and type', async () => {
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

  it('the file is replaced as a whole, and nothing is left beside it', async () => {
    const folder = copy();
    const metrics = join(folder, 'metrics');
    mkdirSync(metrics);
    await check(folder, { prometheus: join(metrics, 'a.prom') });
    await check(folder, { prometheus: join(metrics, 'a.prom') });
    expect(readdirSync(metrics)).toEqual(['a.prom']);
  });

  it('a name that the node exporter does not read is refused', async () => {
    await expect(check(copy(), { prometheus: 'x.txt' })).rejects.toThrow(/\*\.prom only/);
  });
});
