/** kube-controller-manager stops signing first, then the CA keys leave the node; each reason not to do it is named. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { CommandError } from '../../../../client/errors.ts';
import { previewRelease, releaseKeys } from '../../../../client/node/release-keys/release.ts';
import { type Recipient, readRecipient } from '../../../../client/node/release-keys/seal.ts';
import { undoRelease } from '../../../../client/node/release-keys/undo.ts';
import { bundleKey } from '../../../../lib/contract/trust-domain.ts';
import { CA_KEYS, openSealed } from '../../../support/adopted-node.ts';
import {
  asBefore,
  backups,
  emptied,
  failure,
  isReleased,
  keysLeft,
  losing,
  node,
  original,
  out,
  PLAIN,
  recipientFile,
  recipientOf,
  release,
  root,
  sealing,
  signs,
  template,
  undo,
} from './release.ts';

it('empties the flags, waits until the new process is healthy, and removes the keys', async () => {
  const report = await release();
  isReleased();
  expect(report).toMatchObject({
    state: 'released',
    keys: CA_KEYS.map(node.at),
    issuedByService: ['apiserver', 'etcd-peer', 'front-proxy-client'],
    forwarder: 'the proof',
    restarts: [{ component: 'kube-controller-manager', state: 'restarted' }],
  });
  expect(report.flags.map(({ name }) => name)).toEqual([
    'cluster-signing-cert-file',
    'cluster-signing-key-file',
    'cluster-signing-kubelet-serving-key-file',
  ]);
  expect(node.leases).toEqual(['taken', 'released']);
  expect(statSync(node.at('manifests/kube-controller-manager.yaml')).mode & 0o777).toBe(0o600);
});

it('an API server that does not respond is one reason among others, with what to do', async () => {
  rmSync(node.at('pki/etcd/ca.crt'));
  const findServed = () =>
    Promise.reject(new CommandError('failure', 'the API server: no response', 'start it'));
  const forwarder = { ...node.deps().forwarder, findServed };
  const { refusals, state, keys } = await previewRelease(node.deps({ forwarder }), PLAIN);
  expect([state, keys.length]).toEqual(['planned', 3]);
  expect(refusals).toEqual([
    expect.stringMatching(/no certificate in .*etcd.ca\.crt has this key/),
    'the API server: no response; start it',
  ]);
});

it('the keys are there until the process that has them is gone', async () => {
  const seen: string[] = [];
  node.kubelet.onSleep = () => seen.push(`${keysLeft().length} ${signs()}`);
  await release();
  expect(new Set(seen)).toEqual(new Set(['3 true', '3 false']));
});

it('a second run has nothing to do', async () => {
  await release();
  expect(await release()).toMatchObject({ state: 'nothing', keys: [], restarts: [] });
  expect(node.kubelet.started).toHaveLength(2);
});

it('a dry run changes nothing, and names what it would do', async () => {
  node.obstacles = ['no forwarder'];
  const report = await previewRelease(node.deps(), sealing());
  expect(report).toMatchObject({
    dryRun: true,
    state: 'planned',
    keys: CA_KEYS.map(node.at),
    refusals: ['no forwarder'],
  });
  asBefore();
  expect(existsSync(node.at('cakeless'))).toBe(false);
});

const refusals: [sentence: string, change: () => void | Promise<void>, reason: RegExp][] = [
  [
    'a key that belongs to no certificate on the node',
    () => copyFileSync(node.at('pki/etcd/ca.key'), node.at('pki/ca.key')),
    /ca\.key: no certificate in .*ca\.crt has this key/,
  ],
  [
    'a CA of which the service has issued no certificate of this node',
    () => node.exchange.remove('certificates/prod/cp-1/first/pki/etcd/peer.crt'),
    /etcd\/ca\.key: no certificate of this node that etcd-ca signed came from the service/,
  ],
  [
    'a certificate in the bucket that is not in place',
    () =>
      node.exchange.put(
        'certificates/prod/cp-1/first/pki/etcd/peer.crt',
        node.text('pki/apiserver.crt'),
      ),
    /etcd\/ca\.key: no certificate of this node/,
  ],
  [
    'a trust domain that publishes another CA',
    () => node.exchange.put(bundleKey('fleet', 'ca'), node.text('pki/etcd/ca.crt')),
    /ca\.key: is not the key of ca of the trust domain fleet/,
  ],
  [
    'a trust domain without such a CA',
    () => node.exchange.remove(bundleKey('fleet', 'front-proxy-ca')),
    /front-proxy-ca\.key: the trust bundle .* does not exist/,
  ],
  [
    'a key that is a link',
    () => {
      renameSync(node.at('pki/ca.key'), out('ca.key'));
      symlinkSync(out('ca.key'), node.at('pki/ca.key'));
    },
    /ca\.key: is a link/,
  ],
  [
    'a key that cannot be read',
    () => writeFileSync(node.at('pki/ca.key'), '-----BEGIN ENCRYPTED PRIVATE KEY-----\n'),
    /ca\.key: contains no readable private key/,
  ],
  [
    'a file with another key in it, which would go with it',
    () =>
      writeFileSync(node.at('pki/ca.key'), node.text('pki/ca.key') + node.text('pki/etcd/ca.key')),
    /ca\.key: contains another private key, too/,
  ],
  [
    'another component that reads a key',
    () => writeFileSync(node.at('manifests/x.yaml'), `a: ${node.at('pki/etcd/ca.key')}\n`),
    /x\.yaml: names .*etcd\/ca\.key/,
  ],
  [
    'another flag of kube-controller-manager that names a key',
    () =>
      node.writeManifest(
        original().replace(/--root-ca-file=.*ca\.crt/, `--x=${node.at('pki/ca.key')}`),
      ),
    /kube-controller-manager\.yaml: names .*ca\.key, and not as a signing flag/,
  ],
  [
    'flags in a script',
    () =>
      node.writeManifest(
        original().replace(
          /"--cluster.*"/,
          `exec kcm --cluster-signing-key-file=${node.at('pki/ca.key')}`,
        ),
      ),
    /kube-controller-manager\.yaml: .*not as a signing flag/,
  ],
  [
    'flags that an anchor repeats',
    () =>
      node.writeManifest(
        original().replace('- --cluster-signing-cert', '- &a --cluster-signing-cert'),
      ),
    /a flag has an anchor/,
  ],
  [
    'a node without kube-controller-manager',
    () => rmSync(node.at('manifests/kube-controller-manager.yaml')),
    /has no kube-controller-manager\.yaml/,
  ],
  [
    'a kube-controller-manager that is unhealthy before',
    () => {
      node.kubelet.isHealthy = () => false;
    },
    /kube-controller-manager is unhealthy before anything is changed/,
  ],
  [
    'a forwarder that cannot work',
    () => {
      node.obstacles = ['the forwarder cannot work: API server'];
    },
    /the forwarder cannot work: API server/,
  ],
];

it.each(refusals)('refuses %s, and changes nothing', async (_, change, reason) => {
  await change();
  const manifest = existsSync(node.at('manifests/kube-controller-manager.yaml')) && node.manifest;
  const started = node.kubelet.started.length;
  const error = await failure(release(sealing()));
  expect([error.code, error.lines.slice(1).join('\n')]).toEqual([
    'check-failed',
    expect.stringMatching(reason),
  ]);
  expect(keysLeft()).toEqual([...CA_KEYS]);
  if (manifest) expect(node.manifest).toBe(manifest);
  expect(node.kubelet.started).toHaveLength(started);
  expect(readdirSync(join(out('.')))).not.toContain('keys.cms');
});

it('a folder or a FIFO among the manifests, which the kubelet skips, is no obstacle', async () => {
  mkdirSync(node.at('manifests/old'));
  execFileSync('mkfifo', [node.at('manifests/pipe.yaml')]);
  expect(await release()).toMatchObject({ state: 'released' });
});

it('all reasons are named at once', async () => {
  node.obstacles = ['one', 'two'];
  expect((await failure(release())).lines).toHaveLength(3);
  await node.exchange.remove(bundleKey('fleet', 'ca'));
  await node.exchange.remove(bundleKey('fleet', 'etcd-ca'));
  expect((await failure(release())).lines).toHaveLength(3);
});

it('a kubelet that was served before needs no proof', async () => {
  node.served = 'CSR csr-1';
  node.obstacles = ['not asked'];
  node.proofs = [{ state: 'not-served', why: 'not asked' }];
  expect(await release()).toMatchObject({ state: 'released', forwarder: 'CSR csr-1' });
});

it('without a forwarder, for a reason that is recorded', async () => {
  node.obstacles = ['not asked'];
  const report = await release({ ...PLAIN, withoutForwarder: 'no workers' });
  expect(report).toMatchObject({ state: 'released', forwarder: 'not needed: no workers' });
});

it('a certificate that another controller manager signed keeps the keys, and the next run goes on', async () => {
  node.proofs = [{ state: 'signed-by-another' }];
  expect(await release()).toMatchObject({ state: 'waiting', keys: [] });
  expect([node.manifest, keysLeft()]).toEqual([emptied(), [...CA_KEYS]]);
  const report = await release();
  expect(report).toMatchObject({ state: 'released', keys: CA_KEYS.map(node.at), restarts: [] });
  isReleased();
});

it('if no forwarder serves the kubelet, the manifest comes back', async () => {
  node.proofs = [{ state: 'not-served', why: 'CSR x was approved, but got no certificate' }];
  const error = await failure(release());
  expect([error.code, error.message]).toEqual([
    'rolled-back',
    expect.stringMatching(/no forwarder has served a kubelet: CSR x .* no key was removed/),
  ]);
  asBefore();
  expect(node.leases).toEqual(['taken', 'released']);
  expect(await release()).toMatchObject({ state: 'released' });
});

it('if the forwarder cannot be asked, the manifest comes back', async () => {
  const { forwarder } = node.deps();
  const prove = async () => {
    throw new Error('connect ECONNREFUSED');
  };
  const deps = node.deps({ forwarder: { ...forwarder, prove } });
  const error = await failure(releaseKeys(deps, PLAIN));
  expect([error.code, error.message]).toEqual([
    'rolled-back',
    expect.stringMatching(/no forwarder has served a kubelet: connect ECONNREFUSED/),
  ]);
  asBefore();
});

/** @param extensions how often the lease can be renewed before it is lost */

it('a lease that is lost before the start is said, and the next run resumes', async () => {
  const error = await failure(releaseKeys(losing(1), PLAIN));
  expect([error.code, error.message]).toEqual([
    'pending',
    expect.stringMatching(/went to another node: .* may have its new manifest already/),
  ]);
  expect([node.manifest, keysLeft()]).toEqual([emptied(), [...CA_KEYS]]);
  expect(await release()).toMatchObject({ state: 'released' });
});

it.each<[string, () => Parameters<typeof releaseKeys>[0], string]>([
  [
    'a lease that does not become free',
    () => node.deps({ lease: async () => undefined }),
    'pending',
  ],
  ['processes that are not visible', () => node.deps({ proc: join(root, 'none') }), 'usage'],
])('%s leaves nothing behind', async (_, deps, code) => {
  expect((await failure(releaseKeys(deps(), PLAIN))).code).toBe(code);
  asBefore();
  expect((await failure(undo())).message).toContain('nothing to undo');
});

it('flags that name a signer outside pki are emptied too, but not without a forwarder', async () => {
  for (const path of CA_KEYS) rmSync(node.at(path));
  writeFileSync(node.at('signer.key'), 'x');
  const other = original().replaceAll('pki/ca.key', 'signer.key');
  node.writeManifest(other);
  node.kubelet.look();
  node.obstacles = ['no forwarder'];
  expect((await failure(release())).lines).toContain('no forwarder');
  expect(node.manifest).toBe(other);
});

it('with an external etcd there are two keys', async () => {
  rmSync(node.at('pki/etcd'), { recursive: true });
  const report = await release();
  expect(report.keys).toEqual([CA_KEYS[0], CA_KEYS[2]].map(node.at));
});

it('names the copies that stay', async () => {
  mkdirSync(node.at('tmp'));
  copyFileSync(node.at('pki/ca.key'), node.at('tmp/ca.key.bak'));
  linkSync(node.at('pki/etcd/ca.key'), node.at('tmp/same'));
  const { copies } = (await release()).copies;
  expect(copies).toEqual([
    { file: node.at('tmp/ca.key.bak'), ca: 'ca' },
    { file: node.at('tmp/same'), ca: 'etcd-ca' },
  ]);
});

describe('sealing', () => {
  it.each([
    ['below the kubeconfig folder', () => node.at('keys.cms'), /where the sealed keys would stay/],
    ['in a folder that does not exist', () => join(root, 'none', 'x'), /its folder does not exist/],
  ])('refuses a file %s', async (_, file, reason) => {
    expect((await failure(release(sealing(file())))).message).toMatch(reason);
    asBefore();
  });

  const recipients: [sentence: string, recipient: () => Recipient, reason: RegExp][] = [
    [
      'a CA of this node',
      () => {
        const pem = readFileSync(recipientFile, 'utf8');
        writeFileSync(node.at('pki/ca.crt'), node.text('pki/ca.crt') + pem);
        return recipientOf(pem);
      },
      /has the key of ca, so nobody could open what is sealed/,
    ],
    [
      'someone whose key was made on this node, beside the certificate',
      () => readRecipient(readFileSync(recipientFile, 'utf8'), recipientFile, new Date()),
      /the private key of CN=offline .* is on this node \(.*recipient\.key\)/,
    ],
    [
      'someone whose key is among the files of this node',
      () => {
        copyFileSync(join(root, 'recipient.key'), node.at('tmp-key'));
        return recipientOf(readFileSync(recipientFile, 'utf8'));
      },
      /is on this node \(.*tmp-key\)/,
    ],
  ];

  it.each(recipients)('refuses to seal to %s', async (_, recipient, reason) => {
    const seal = { file: out('keys.cms'), recipient: recipient() };
    const left = keysLeft();
    const { refusals } = await previewRelease(node.deps(), { ...PLAIN, seal });
    expect(refusals).toEqual([expect.stringMatching(reason)]);
    expect((await failure(release({ ...PLAIN, seal }))).message).toMatch(reason);
    expect([node.manifest, keysLeft(), existsSync(seal.file)]).toEqual([original(), left, false]);
  });

  it('never replaces a file, and keeps the keys then', async () => {
    writeFileSync(out('keys.cms'), 'other');
    expect((await failure(release(sealing()))).message).toContain('exists; nothing was changed');
    expect(readFileSync(out('keys.cms'), 'utf8')).toBe('other');
    asBefore();
  });

  it('a file that cannot be written keeps the keys', async () => {
    const error = await failure(release(sealing('/proc/keys.cms'))); // not even by root
    expect(error.message).toMatch(
      /^\/proc\/keys\.cms: the sealed keys were not written: .*E[A-Z]+: .*; no key was removed, and .* no longer signs$/,
    );
    expect(error.hint).toContain('--undo');
    expect([keysLeft(), signs()]).toEqual([[...CA_KEYS], false]);
    expect(await release(sealing())).toMatchObject({ state: 'released' });
  });
});

describe('--undo', () => {
  it('before the keys are removed, needs no file', async () => {
    node.proofs = [{ state: 'signed-by-another' }];
    await release();
    expect(await undo()).toMatchObject({ state: 'undone', keys: [] });
    asBefore();
    expect((await failure(undo())).message).toContain('nothing to undo');
  });

  it('with the opened file, everything is as before', async () => {
    await release(sealing());
    writeFileSync(out('keys.pem'), openSealed(out('keys.cms'), join(root, 'recipient.key')));
    const report = await undo(out('keys.pem'));
    expect(report).toMatchObject({ state: 'undone', keys: CA_KEYS.map(node.at) });
    asBefore();
    for (const path of CA_KEYS) {
      expect(node.text(path)).toBe(readFileSync(join(template.folder, path), 'utf8'));
      expect(statSync(node.at(path)).mode & 0o777).toBe(0o600);
    }
    expect(await release()).toMatchObject({ state: 'released' });
  });

  it('with a file for each key', async () => {
    await release();
    await undo(...backups());
    asBefore();
  });

  it('without the files it names the missing keys, and how to open the sealed ones', async () => {
    await release(sealing());
    const error = await failure(undo(backups()[0] ?? ''));
    expect(error.lines).toEqual([
      'keys are missing; nothing was changed:',
      `etcd-ca: ${node.at('pki/etcd/ca.key')}`,
      `front-proxy-ca: ${node.at('pki/front-proxy-ca.key')}`,
    ]);
    expect(error.hint).toContain('openssl cms -decrypt');
    isReleased();
  });

  it.each([
    ['a file without a key', () => recipientFile, /contains no readable private key/],
    ['a key of no CA of this node', () => join(root, 'recipient.key'), /belongs to no CA/],
  ])('refuses %s', async (_, file, reason) => {
    await release();
    expect((await failure(undo(...backups(), file()))).message).toMatch(reason);
    isReleased();
  });

  it('a manifest that was changed since gets its flags back, and keeps the change', async () => {
    await release();
    node.writeManifest(emptied().replace('v1.35.4', 'v1.36.0'));
    await undo(...backups());
    expect(node.manifest).toBe(original().replace('v1.35.4', 'v1.36.0'));
  });

  describe('in a copy of the folder', () => {
    const inCopy = (...path: string[]) => join(out('copy'), ...path);
    const given = () => backups().map((file) => ({ file, text: readFileSync(file, 'utf8') }));
    const copyDeps = (certDir = inCopy('pki')) =>
      node.deps({
        folders: { kubeconfigDir: inCopy(), certDir },
        stateDir: inCopy('cakeless'),
      });
    beforeEach(async () => {
      await release();
      cpSync(node.folder, inCopy(), { recursive: true });
    });

    it('is about the files of the copy', async () => {
      const planned = await undoRelease(copyDeps(), given(), true);
      expect(planned.keys).toEqual(CA_KEYS.map((path) => inCopy(path)));
    });

    it.each<[string, string | undefined, RegExp]>([
      ['an absolute path of the original', 'absolute', /is outside/],
      ['a path with ..', 'up', /is not a plain path/],
      ['a folder of certificates that is not that of the command', undefined, /--cert-dir is now/],
    ])('refuses %s', async (_, forged, reason) => {
      const [id = ''] = readdirSync(inCopy('cakeless/release-keys'));
      const file = inCopy('cakeless/release-keys', id, 'journal.json');
      const journal = JSON.parse(readFileSync(file, 'utf8'));
      if (forged === 'absolute') journal.keys[0].file = node.at('pki/ca.key');
      if (forged === 'up') journal.keys[0].file = `../${basename(node.folder)}/pki/ca.key`;
      writeFileSync(file, JSON.stringify(journal));
      const certDir = forged === undefined ? node.at('pki') : undefined;
      const refused = await failure(undoRelease(copyDeps(certDir), given(), false));
      expect(refused.message).toMatch(reason);
      isReleased();
    });
  });
});

it('no key is in the journal, in a message or in the state folder', async () => {
  await release(sealing());
  const pattern = 'PRIVATE KEY|MII[A-Za-z0-9+/]{60}';
  const found = spawnSync('grep', ['-rlE', pattern, node.at('cakeless')], { encoding: 'utf8' });
  expect([found.stdout, node.said.join('\n').includes('PRIVATE KEY')]).toEqual(['', false]);
});
