/** What is above a CA: which chains a node takes, and that nothing above a CA gets into a CA file. */
import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readKubeadmConfig } from '../../../../client/kubeadm/kubeadm-config.ts';
import { changeFile } from '../../../../client/node/disk/file-change.ts';
import { findAboveInClientCas } from '../../../../client/node/expiry/client-ca-files.ts';
import { takeInventory } from '../../../../client/node/expiry/inventory.ts';
import { prepareInstallation } from '../../../../client/node/install/installation.ts';
import { decideTrust } from '../../../../client/node/prepare/decide-trust.ts';
import { findPreflightProblems } from '../../../../client/node/prepare/preflight.ts';
import { findChainMisuse } from '../../../../client/node/restart/chain-misuse.ts';
import { neededRestarts } from '../../../../client/node/restart/needed-restarts.ts';
import { findObjections } from '../../../../client/node/rollback/objections.ts';
import { caHashesOf, formatCaCertHash } from '../../../../client/node/trust/ca-cert-hash.ts';
import { describeRoot, findChainProblem } from '../../../../client/node/trust/ca-chain.ts';
import { decideCaChange } from '../../../../client/node/trust/ca-change.ts';
import { changeChains } from '../../../../client/node/trust/chain-change.ts';
import { readTrust } from '../../../../client/node/trust/first-trust.ts';
import { judgeBundle } from '../../../../client/node/trust/pins.ts';
import { certificateToPem } from '../../../../lib/certificate/pem.ts';
import { readCertificate } from '../../../../lib/certificate/read-certificate.ts';
import { bundleKey, chainKey } from '../../../../lib/contract/trust-domain.ts';
import { OID } from '../../../../lib/der/oids.ts';
import { element, sequence } from '../../../../lib/der/write.ts';
import {
  commonNameOf,
  type KeyPair,
  newEcKeys,
  usualExtensions,
  writeCaCertificate,
} from '../../../support/ca-certificate.ts';
import { CorporatePki } from '../../../support/corporate-pki.ts';
import { publicOnly } from '../../../support/corporate-root.ts';
import { MemoryStore } from '../../../support/memory-store.ts';

const root = mkdtempSync(join(tmpdir(), 'cakeless-chain-'));
const pki = new CorporatePki(join(root, 'corporate'));
const other = new CorporatePki(join(root, 'other'));
pki.makeCa('sub', '/CN=kubernetes');
pki.makeCa('sub2', '/CN=kubernetes');
pki.makeCa('services', '/O=Example Corp/CN=Example Corp Services CA');
const [sub, sub2, issuing, top] = ['sub', 'sub2', 'issuing', 'root'].map((name) =>
  pki.certificate(name),
) as [string, string, string, string];
const chain = sub + issuing + top;
const rootHash = formatCaCertHash('root', top);

/** Two CAs of someone who can write the bucket, each certified by the other, and the issuing CA certified by one of them. */
const [keys1, keys2] = [newEcKeys(), newEcKeys()];
const evil = (keys: KeyPair, number: number, signer: KeyPair) =>
  writeCaCertificate(keys, new Date(), {
    subject: commonNameOf(`Evil ${number}`),
    signer,
    issuer: commonNameOf(`Evil ${3 - number}`),
  });
const pair = [evil(keys1, 1, keys2), evil(keys2, 2, keys1)].map(certificateToPem).join('');
const issuingParts = readCertificate(new X509Certificate(issuing).raw);
const crossed = certificateToPem(
  writeCaCertificate(publicOnly(issuingParts.publicKey.raw), new Date(), {
    subject: issuingParts.subject.raw,
    signer: keys1,
    issuer: commonNameOf('Evil 1'),
    extensions: usualExtensions(keys1, { without: [OID.subjectKeyIdentifier] }),
  }),
);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(root, 'node-'));
  mkdirSync(join(folder, 'pki/etcd'), { recursive: true });
  mkdirSync(join(folder, 'manifests'));
});
afterAll(() => rmSync(root, { recursive: true }));

const folders = () => ({ kubeconfigDir: folder, certDir: join(folder, 'pki') });
const put = (path: string, text: string) => writeFileSync(join(folder, path), text);
const manifest = (component: string, ...flags: string[]) =>
  put(
    `manifests/${component}.yaml`,
    JSON.stringify({ spec: { containers: [{ command: [component, ...flags] }] } }),
  );

describe('a chain', () => {
  it.each<[string, string, string, RegExp | undefined]>([
    ['is that of the CA file', chain, sub, undefined],
    ['may be in another order above the CA', sub + top + issuing, sub, undefined],
    ['may be that of one of two CAs', chain, sub2 + sub, undefined],
    ['may be that of both', sub2 + chain, sub2 + sub, undefined],
    ['must begin with the CA', issuing + top, sub, /does not begin with/],
    ['must not be that of another CA', sub2 + issuing + top, sub, /does not begin with/],
    ['must not have another CA in it', chain + pki.certificate('services'), sub, /Services CA has/],
    ['must not have another root in it', chain + other.certificate('root'), sub, /Root has signed/],
    ['must not have a gap', sub + top, sub, /Root has signed neither the CA nor/],
    [
      'must end with a root',
      sub + issuing,
      sub,
      /lacks the certificate of the CA that signed O=Example Corp/,
    ],
    [
      'must not have CAs that certify each other',
      chain + pair,
      sub,
      /CN=Evil \d has signed neither/,
    ],
    [
      'must not have such a pair above a CA of it, either',
      chain + pair + crossed,
      sub,
      /it lacks the certificate of the CA that signed /,
    ],
    ['must not be endless', chain.repeat(11), sub, /has 33 certificates/],
    ['must not be empty', '', sub, /does not begin with/],
  ])('%s', (_, pem, bundle, problem) => {
    const found = findChainProblem(pem, bundle);
    if (problem) expect(found).toMatch(problem);
    else expect(found).toBeUndefined();
  });
});

it('a root is described even if its date cannot be read', () => {
  // day 32 of month 13: OpenSSL 3.5 refuses a certificate whose date has not even the length of one
  const date = element(0x17, Buffer.from('251332000000Z'));
  const root = writeCaCertificate(keys1, new Date(), { validity: sequence(date, date) });
  expect(describeRoot(new X509Certificate(root))).toMatch(/^CN=kubernetes until Bad time value \(/);
});

describe('a new node', () => {
  const pins = (more: { hashes?: string[]; onFirstUse?: boolean } = {}) => ({
    hashes: caHashesOf([formatCaCertHash('ca', sub), ...(more.hashes ?? [])]),
    trustBundle: undefined,
    onFirstUse: more.onFirstUse === true,
  });
  const read = async (
    published: string | undefined,
    given: ReturnType<typeof pins>,
    isNeeded = false,
  ) => {
    const exchange = new MemoryStore();
    exchange.seed(bundleKey('fleet', 'ca'), sub);
    if (published !== undefined) exchange.seed(chainKey('fleet', 'ca'), published);
    const file = join(folder, 'pki/ca-chain.crt');
    const needed = isNeeded ? [{ file, why: 'the configuration names it' }] : [];
    return readTrust(exchange, 'fleet', ['ca'], folders(), given, needed);
  };

  it('takes the chain if a hash vouches for its root', async () => {
    const { trusted, problems, notes } = await read(chain, pins({ hashes: [rootHash] }));
    expect([problems, notes]).toEqual([[], []]);
    expect(trusted[0]).toMatchObject({
      bundle: sub,
      trustedBy: 'hash',
      chain: { file: join(folder, 'pki/ca-chain.crt'), pem: chain },
    });
  });

  it('takes it on first use', async () => {
    const given = { ...pins({ onFirstUse: true }), hashes: caHashesOf([]) };
    expect((await read(chain, given)).trusted[0]?.chain?.pem).toBe(chain);
  });

  it('takes the CA without it otherwise, and says why', async () => {
    const { trusted, problems, notes } = await read(chain, pins());
    expect([trusted.length, trusted[0]?.chain, problems]).toEqual([1, undefined, []]);
    expect(notes.join()).toMatch(/ca-chain\.crt was not written: nothing vouches for the root/);
  });

  it.each<[string, string | undefined, string[], RegExp]>([
    ['nothing vouches for', chain, [], /nothing vouches for the root .*: the configuration names/],
    ['is not published', undefined, [rootHash], /does not exist: the configuration names it/],
    ['is not that of the CA', sub2 + issuing + top, [rootHash], /cannot be used: .*: the conf/],
  ])('takes nothing if it needs a chain that %s', async (_, published, hashes, problem) => {
    const { problems } = await read(published, pins({ hashes }), true);
    expect(problems.join()).toMatch(problem);
  });

  it('leaves a chain on disk to renew', async () => {
    put('pki/ca-chain.crt', 'x');
    const { trusted, problems, notes } = await read(chain, pins());
    expect([trusted[0]?.chain, problems, notes]).toEqual([undefined, [], []]);
  });

  it.each<[string, string, { trustBundle?: string; hashes?: string[] }]>([
    ['the root beside the CA', sub + top + issuing, { trustBundle: chain }],
    ['the root beside the CA, with hashes', chain, { hashes: [sub, issuing, top] }],
    [
      'the root beside the CA, with hashes, without those between',
      sub + top,
      { hashes: [sub, top] },
    ],
    ['the root as the CA, with the chain as its trust bundle', top, { trustBundle: chain }],
  ])('does not trust %s', (_, bundle, { trustBundle, hashes = [] }) => {
    const given = {
      hashes: caHashesOf(hashes.map((pem) => formatCaCertHash('ca', pem))),
      trustBundle,
      onFirstUse: true,
    };
    expect(judgeBundle('ca', bundle, undefined, given)).toMatchObject({
      problem: expect.stringMatching(/above .*every certificate below it/),
    });
  });

  it('does not take a hash of the root for that of a CA', () => {
    const given = { hashes: caHashesOf([rootHash]), trustBundle: undefined, onFirstUse: false };
    expect(judgeBundle('ca', top, undefined, given)).toMatchObject({ isUnpinned: true });
  });
});

describe('before kubeadm runs', () => {
  const configOf = (component: string, flag: string, value: string, certificatesDir?: string) => {
    const extraArgs = [{ name: flag, value }];
    const documents = [
      {
        apiVersion: 'kubeadm.k8s.io/v1beta4',
        kind: 'InitConfiguration',
        localAPIEndpoint: { advertiseAddress: '10.20.0.11' },
        nodeRegistration: { name: 'cp-1' },
      },
      {
        apiVersion: 'kubeadm.k8s.io/v1beta4',
        kind: 'ClusterConfiguration',
        kubernetesVersion: 'v1.35.4',
        ...(certificatesDir !== undefined && { certificatesDir }),
        [component]: { extraArgs },
      },
    ];
    const yaml = documents.map((one) => JSON.stringify(one)).join('\n---\n');
    return readKubeadmConfig(yaml, 'config.yaml');
  };
  const ownChain = () => join(folder, 'pki/ca-chain.crt');
  const problemsOf = (component: string, flag: string, value = ownChain(), certDir?: string) => {
    const config = configOf(component, flag, value, certDir);
    return findPreflightProblems(config, folders(), new Date())
      .map(({ problem }) => problem)
      .filter((problem) => /root/.test(problem));
  };

  it.each([
    ['apiServer', 'client-ca-file'],
    ['apiServer', 'kubelet-certificate-authority'],
    ['controllerManager', 'client-ca-file'],
  ])('%s must not be given a chain as %s', (component, flag) => {
    put('pki/ca-chain.crt', chain);
    expect(problemsOf(component, flag)).toEqual([
      expect.stringMatching(/contains the root above the CA: .*; name the CA file$/),
    ]);
  });

  it('the controller manager may publish it, if it is there', () => {
    expect(problemsOf('controllerManager', 'root-ca-file')).toEqual([
      expect.stringMatching(/^it is missing, and kube-controller-manager does not start/),
    ]);
    put('pki/ca-chain.crt', chain);
    expect(problemsOf('controllerManager', 'root-ca-file')).toEqual([]);
  });

  describe.each<[string, string, string | undefined]>([
    ["kubeadm's folder", '/etc/kubernetes/pki/ca-chain.crt', undefined],
    ['certificatesDir', '/srv/pki/ca-chain.crt', '/srv/pki'],
  ])(
    'a configuration that names the file in %s, while other folders are prepared',
    (_, value, dir) => {
      it('needs it there, too, so that nothing is trusted before the root is', async () => {
        const exchange = new MemoryStore();
        exchange.seed(bundleKey('fleet', 'ca'), sub);
        exchange.seed(chainKey('fleet', 'ca'), chain);
        const decide = (...hashes: string[]) => {
          const pins = {
            hashes: caHashesOf([formatCaCertHash('ca', sub), ...hashes]),
            trustBundle: undefined,
            onFirstUse: false,
          };
          const config = configOf('controllerManager', 'root-ca-file', value, dir);
          const preparation = { exchange, config, folders: folders(), pins, cluster: 'prod' };
          return decideTrust(preparation as never, new Set(['fleet']));
        };
        const about = (problems: readonly string[]) => problems.filter((one) => /root/.test(one));
        expect(about((await decide()).problems)).toEqual([
          expect.stringMatching(/nothing vouches for the root .* does not start without it; give/),
        ]);
        expect(about((await decide(rootHash)).problems)).toEqual([]);
      });

      it('is checked in the folder that is prepared', () => {
        expect(problemsOf('controllerManager', 'root-ca-file', value, dir)).toEqual([
          expect.stringMatching(/^it is missing, and kube-controller-manager does not start/),
        ]);
        put('pki/ca-chain.crt', chain);
        expect(problemsOf('controllerManager', 'root-ca-file', value, dir)).toEqual([]);
        expect(problemsOf('apiServer', 'client-ca-file', value, dir)).toHaveLength(1);
      });
    },
  );
});

describe('a running node', () => {
  const decide = (published: string | undefined, accept: boolean, ...hashes: string[]) =>
    decideBy(sub, published, accept, ...hashes);
  const decideBy = (
    pem: string,
    published: string | undefined,
    accept: boolean,
    ...hashes: string[]
  ) => {
    const options = { accept, hashes: caHashesOf(hashes) };
    const bundles = new Map([
      ['ca' as const, { pem, ...(published !== undefined && { chain: { pem: published } }) }],
    ]);
    const decision = decideCaChange(folders(), bundles, options, new Date());
    return changeChains(decision, folders(), bundles, options);
  };
  const file = () => join(folder, 'pki/ca-chain.crt');
  beforeEach(() => put('pki/ca.crt', sub));

  it('without the file stays without it', () => {
    const { caFiles, differences } = decide(chain, true);
    expect([caFiles.size, differences]).toEqual([0, []]);
  });

  it('gets it if a person accepts the change and names the root', () => {
    const { caFiles, changes } = decide(chain, true, rootHash);
    expect([...caFiles]).toEqual([[file(), chain]]);
    expect(changes.join()).toMatch(
      /ca-chain\.crt got the certificates above the CA, .*root=sha256/,
    );
  });

  it('refuses a root that was not named', () => {
    const hash = formatCaCertHash('root', other.certificate('root'));
    expect(() => decide(chain, true, hash)).toThrow(/no --ca-cert-hash root=sha256:HEX matches/);
  });

  it('follows a chain with the same root', () => {
    put('pki/ca-chain.crt', sub + top);
    expect([...decide(chain, false).caFiles]).toEqual([[file(), chain]]);
    put('pki/ca-chain.crt', chain);
    expect(decide(chain, false).caFiles.size).toBe(0);
  });

  it.each<[string, string, RegExp]>([
    ['another root', sub + other.chain, /stays as it is: the published chain cannot be used/],
    ['a chain of another CA', sub2 + issuing + top, /stays as it is: the published chain/],
  ])('keeps its chain if the service publishes %s', (_, published, difference) => {
    put('pki/ca-chain.crt', chain);
    const { caFiles, differences } = decide(published, false);
    expect(caFiles.size).toBe(0);
    expect(differences.join()).toMatch(difference);
  });

  it('keeps its chain if the service publishes a new root, until a person names it', () => {
    put('pki/ca-chain.crt', sub + other.chain);
    expect(decide(chain, false).differences.join()).toMatch(
      /publishes another root: .*root=sha256/,
    );
    expect([...decide(chain, true, rootHash).caFiles]).toEqual([[file(), chain]]);
  });

  describe('whose chain has more than the service publishes', () => {
    // what is above the CA was certified by two roots
    const both = () => sub + issuing + other.certificate('root') + top;

    it('keeps a CA of its CA file in the chain', () => {
      put('pki/ca.crt', sub + sub2);
      put('pki/ca-chain.crt', sub + sub2 + issuing + top);
      for (const accept of [false, true]) {
        const { caFiles, differences } = decideBy(sub + sub2, chain, accept);
        expect(caFiles.size).toBe(0);
        expect(differences.join()).toMatch(
          /ca-chain\.crt stays as it is: .*lacks a certificate of the CA file: CN=kubernetes until/,
        );
      }
    });

    it('keeps a root until a person accepts that it goes', () => {
      put('pki/ca-chain.crt', both());
      expect(decide(chain, false).differences.join()).toMatch(
        /stays as it is: the published chain lacks .*root=sha256.*--accept-ca-change accepts/,
      );
      expect([...decide(chain, true).caFiles]).toEqual([[file(), chain]]);
    });
  });

  it.each<[string, string]>([
    ['with all of its chain', sub + issuing + top],
    ['without those between', sub + top],
    ['alone', top],
  ])('does not get the root as a CA, although its hash was given: %s', (_, pem) => {
    const published = new Map([['ca' as const, { pem }]]);
    const hashes = caHashesOf([issuing, top].map((one) => formatCaCertHash('ca', one)));
    expect(() =>
      decideCaChange(folders(), published, { accept: true, hashes }, new Date()),
    ).toThrow(/the cluster would trust every certificate below it: .*would contain/);
  });

  const restarts = (path: string) =>
    neededRestarts({ folders: folders() } as never, [], [], [{ path }]);

  it('restarts a controller manager that publishes the chain, and no other', () => {
    put('pki/ca-chain.crt', chain);
    manifest('kube-controller-manager', `--root-ca-file=${file()}`);
    expect(restarts(file())).toEqual(['kube-controller-manager']);
    expect(restarts(join(folder, 'pki/ca.crt'))).toEqual([]);
    manifest('kube-controller-manager', `--root-ca-file=${join(folder, 'pki/ca.crt')}`);
    expect(restarts(file())).toEqual([]);
  });

  it('is not rolled back to a controller manager that would not start', async () => {
    manifest('kube-controller-manager', `--root-ca-file=${file()}`);
    const change = changeFile(file(), chain, { holdsKey: false, together: true });
    const plan = { names: [], cas: [], changes: [change], restarts: [] };
    const installation = await prepareInstallation(folders(), plan, new Date());
    put('pki/ca-chain.crt', chain);
    expect(findObjections(installation, [], folders(), new Date())).toEqual([
      `${file()}: would be removed, but kube-controller-manager does not start without it`,
    ]);
  });

  it('has a root in a CA file found', () => {
    put('pki/ca.crt', chain);
    const options = { ...folders(), externalEtcd: true, now: new Date() };
    const { certificateAuthorities } = takeInventory(options as never);
    expect(certificateAuthorities.find(({ name }) => name === 'ca')?.problems).toEqual([
      expect.stringMatching(/contains O=Example Corp, CN=Example Corp Issuing CA, which is above/),
      expect.stringMatching(/contains O=Example Corp, CN=Example Corp Root, .*; remove it/),
    ]);
  });

  describe('has a copy of the chain found by its content', () => {
    const found = (more = {}) =>
      takeInventory({
        ...{ ...folders(), externalEtcd: true, now: new Date(), namesOf: () => [] },
        ...more,
      }).warnings.filter(({ warning }) => /above the CA|are examined/.test(warning));
    const copy = () => join(folder, 'clients.pem');

    it.each<[string, string, number]>([
      ['with all of it', chain, 2],
      ['with the root alone', top, 1],
      ['without the CA', issuing + top, 2],
      ['which has the CA alone', sub, 0],
      ['which has another CA below the root', pki.certificate('services'), 0],
      ['with endless certificates', sub.repeat(33), 1],
    ])('%s, that --client-ca-file names', (_, pem, count) => {
      put('clients.pem', pem);
      manifest('kube-apiserver', `--client-ca-file=${copy()}`, '--secure-port=6443');
      expect(found()).toHaveLength(count);
      for (const { file, warning } of found()) {
        expect(file).toBe(join(folder, 'manifests/kube-apiserver.yaml'));
        expect(warning).toContain(`--client-ca-file names ${copy()}, which `);
      }
    });

    it.each<[string, () => string, number]>([
      ['a copy', copy, 2],
      ['the chain itself', () => file(), 2],
      ['the CA file', () => join(folder, 'pki/ca.crt'), 0],
    ])('%s that the kubelet names as clientCAFile', (_, named, count) => {
      put('clients.pem', chain);
      put('pki/ca-chain.crt', chain);
      put('config.yaml', `authentication: {x509: {clientCAFile: ${named()}}}`);
      const warnings = found({ kubeletDir: join(folder, 'kubelet-pki') });
      expect(warnings).toHaveLength(count);
      for (const one of warnings)
        expect(one).toMatchObject({
          file: join(folder, 'config.yaml'),
          warning: expect.stringMatching(/^authentication\.x509\.clientCAFile names /),
        });
    });

    const CONFIG = 'authentication.x509.clientCAFile';
    const FLAG = '--client-ca-file of the running kubelet';
    it.each<[string, () => string[], string[]]>([
      [
        'by a flag, which counts more than its configuration',
        () => [`--client-ca-file=${copy()}`],
        [FLAG, FLAG],
      ],
      ['by a flag with its value apart', () => ['--client-ca-file', copy()], [FLAG, FLAG]],
      [
        'by none, because its last flag names the CA file',
        () => [`--client-ca-file=${copy()}`, `--client-ca-file=${join(folder, 'pki/ca.crt')}`],
        [],
      ],
      [
        'by a configuration elsewhere',
        () => [`--config=${join(folder, 'other.yaml')}`],
        [CONFIG, CONFIG],
      ],
      ['by its usual configuration', () => [], []],
    ])('that the running kubelet names %s', (_, args, expected) => {
      put('clients.pem', chain);
      put('config.yaml', `authentication: {x509: {clientCAFile: ${join(folder, 'pki/ca.crt')}}}`);
      put('other.yaml', `authentication: {x509: {clientCAFile: ${copy()}}}`);
      const kubelet = join(folder, 'proc', '7');
      mkdirSync(kubelet, { recursive: true });
      const words = ['kubelet', `--kubeconfig=${join(folder, 'kubelet.conf')}`, ...args()];
      writeFileSync(join(kubelet, 'cmdline'), `${words.join('\0')}\0`);
      writeFileSync(join(kubelet, 'stat'), `7 (kubelet) S ${'1 '.repeat(20)}\n`);
      const node = { ...folders(), kubeletDir: join(folder, 'kubelet-pki') };
      const warnings = findAboveInClientCas(node, join(folder, 'proc'));
      expect(warnings.map(({ warning }) => warning.split(' names ')[0])).toEqual(expected);
    });
  });

  it('has flags that name a chain found, except the one that may', () => {
    put('pki/ca-chain.crt', chain);
    manifest('kube-controller-manager', `--root-ca-file=${file()}`, `--client-ca-file=${file()}`);
    manifest('kube-apiserver', `--client-ca-file=${file()}`, '--secure-port=6443');
    manifest('etcd', `--trusted-ca-file=${join(folder, 'pki/etcd/ca.crt')}`);
    expect(findChainMisuse(folders()).map(({ warning }) => warning.split(' ')[0])).toEqual([
      '--client-ca-file',
      '--client-ca-file',
    ]);
    expect(readFileSync(file(), 'utf8')).toBe(chain);
  });
});
