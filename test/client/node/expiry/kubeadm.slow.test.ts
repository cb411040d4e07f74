/**
 * Rows, text and JSON equal those of real kubeadm for the same folder, field by field. kubeadm has no flag for the folder of
 * kubeconfigs, so --rootfs makes a folder its root.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { checkExpiration } from '../../../../client/commands/check-expiration.ts';
import type { ReportFormat } from '../../../../client/node/expiry/report.ts';
import { kubeadmSet } from '../../../support/kubeadm-sets.ts';
import { runKubeadm, whyNoKubeadm } from '../../../support/real-kubeadm.ts';
import { untilTrue } from '../../../support/until.ts';

/** JSON since 1.30; 1.29 prints the residual time in another form. */
const SETS = [
  ['1.37.2', 'v4-p256'],
  ['1.35.4', 'v6-p384'],
  ['1.29.15', 'v4-p256'],
] as const;

interface Item {
  readonly name: string;
  readonly residualTime: number;
}
interface Document extends Record<string, unknown> {
  readonly certificates: readonly Item[];
  readonly certificateAuthorities: readonly Item[];
}

const external =
  'etcd: { external: { endpoints: ["https://etcd:2379"], caFile: /e, certFile: /e, keyFile: /e } }';

const states: [string, (kubernetes: string) => void][] = [
  ['with its CA keys', () => undefined],
  ['with all CAs external', removeCaKeys],
  ['with the etcd CA external only', (f) => rmSync(join(f, 'pki/etcd/ca.key'))],
  [
    'with certificates missing',
    (f) => {
      for (const path of ['scheduler.conf', 'super-admin.conf', 'pki/front-proxy-client.crt'])
        rmSync(join(f, path), { force: true });
    },
  ],
  [
    'with a bundle as ca.crt',
    (f) => {
      removeCaKeys(f);
      const bundle = ['ca.crt', 'front-proxy-ca.crt'].map((n) => readFileSync(join(f, 'pki', n)));
      writeFileSync(join(f, 'pki/ca.crt'), Buffer.concat(bundle));
    },
  ],
  [
    'with etcd external',
    (f) => {
      const config = readFileSync(join(f, 'config.yaml'), 'utf8');
      writeFileSync(join(f, 'config.yaml'), withExternalEtcd(config));
    },
  ],
];

function removeCaKeys(folder: string): void {
  for (const ca of ['ca', 'etcd/ca', 'front-proxy-ca']) rmSync(join(folder, `pki/${ca}.key`));
}

const withExternalEtcd = (config: string) => config.replace(/^etcd:\n(?: .*\n)+/m, `${external}\n`);

describe.each(SETS)('kubeadm %s %s', (version, name) => {
  const why = whyNoKubeadm(version);
  if (why) return it.skip(why, () => undefined);
  const hasJson = version !== '1.29.15';
  const root = mkdtempSync(join(tmpdir(), 'cakeless-kubeadm-'));
  afterAll(() => rmSync(root, { recursive: true }));

  beforeAll(() => {
    const kubernetes = join(root, 'whole', 'etc/kubernetes');
    mkdirSync(kubernetes, { recursive: true });
    const config = join(kubernetes, 'config.yaml');
    writeFileSync(config, kubeadmSet(version, 'generate-csr', name).configYaml ?? '');
    for (const phase of ['certs', 'kubeconfig']) {
      const rootfs = ['--rootfs', join(root, 'whole')];
      const args = ['init', 'phase', phase, 'all', '--config', '/etc/kubernetes/config.yaml'];
      const { status, stderr } = runKubeadm(version, ...args, ...rootfs);
      if (status !== 0) throw new Error(stderr);
    }
  });

  const theirs = (folder: string, output?: string) => {
    const args = ['certs', 'check-expiration', '--config', '/etc/kubernetes/config.yaml'];
    const format = output ? ['-o', output] : [];
    const { status, stdout, stderr } = runKubeadm(version, ...args, ...format, '--rootfs', folder);
    if (status !== 0) throw new Error(stderr);
    return stdout;
  };

  const ours = async (folder: string, output: ReportFormat) => {
    const lines: string[] = [];
    const kubernetes = join(folder, 'etc/kubernetes');
    await checkExpiration(
      { print: (line) => void lines.push(line), progress: () => undefined },
      {
        certDir: join(kubernetes, 'pki'),
        kubeconfigDir: kubernetes,
        kubeletDir: join(folder, 'kubelet'),
        config: join(kubernetes, 'config.yaml'),
        warnWithin: 0,
        output,
      },
      new Date(),
    );
    return lines.join('\n');
  };

  describe.each(states)('%s', (state, change) => {
    const folder = join(root, state.replaceAll(' ', '-'));
    beforeAll(() => {
      cpSync(join(root, 'whole'), folder, { recursive: true });
      change(join(folder, 'etc/kubernetes'));
    });

    it('the tables are equal', async () => {
      const [mine, real] = [await ours(folder, 'text'), theirs(folder)];
      const tables = real.slice(real.indexOf('CERTIFICATE ')).trimEnd();
      const own = mine.split('\n\nKUBELET')[0] ?? '';
      const plain = (text: string) => text.split('\n').map((line) => line.trimEnd());
      // 1.29 rounds years differently; everything else is compared
      const words = (text: string) => (hasJson ? plain(text) : plain(text).map(withoutResidual));
      expect(words(own)).toEqual(words(tables));
    });

    if (hasJson)
      it.each(['json', 'yaml'] as const)(
        '%s is equal, apart from additional fields',
        async (output) => {
          const real = parse(theirs(folder, output)) as Document;
          const { kubelet, problems, warnings, ...mine } = parse(
            await ours(folder, output),
          ) as Document;
          expect(mine).toEqual({
            ...real,
            certificates: real.certificates.map(closeTo(mine.certificates)),
            certificateAuthorities: real.certificateAuthorities.map(
              closeTo(mine.certificateAuthorities),
            ),
          });
          expect([kubelet, problems, warnings].every(Array.isArray)).toBe(true);
        },
      );
  });

  if (hasJson)
    it('expired certificates have equal dates, and no residual time in the tables', async () => {
      const folder = join(root, 'expired');
      mkdirSync(join(folder, 'etc/kubernetes'), { recursive: true });
      const file = join(folder, 'etc/kubernetes/config.yaml');
      const text = kubeadmSet(version, 'generate-csr', name).configYaml ?? '';
      writeFileSync(file, text.replace(/^kubernetesVersion/m, 'certificateValidityPeriod: 1s\n$&'));
      for (const phase of ['certs', 'kubeconfig']) {
        const args = ['init', 'phase', phase, 'all', '--config', '/etc/kubernetes/config.yaml'];
        const { status, stderr } = runKubeadm(version, ...args, '--rootfs', folder);
        if (status !== 0) throw new Error(stderr);
      }
      // nothing but the clock makes a certificate expire
      const expired = () => (theirs(folder).match(/<invalid>/g) ?? []).length;
      await untilTrue('eleven expired certificates', () => expired() >= 11);
      const [mine, real] = [await ours(folder, 'text'), theirs(folder)];
      const plain = (output: string) =>
        output
          .trimEnd()
          .split('\n')
          .map((line) => line.trimEnd());
      expect(plain(mine.split('\n\nKUBELET')[0] ?? '')).toEqual(plain(real));
      expect(mine).toMatch(/it expired at/);
      const { certificates } = parse(await ours(folder, 'json')) as Document;
      const { certificates: others } = parse(theirs(folder, 'json')) as Document;
      const dates = (list: readonly Item[]) => list.map(({ residualTime, ...rest }) => rest);
      expect(dates(certificates)).toEqual(dates(others));
      expect(certificates.every(({ residualTime }) => residualTime < 0)).toBe(true);
    });
  return undefined;
});

const withoutResidual = (line: string) => line.replace(/ +\d+[dy] +/, ' ');

/** The two programs run one after the other, so residual seconds may differ slightly. */
function closeTo(others: readonly Item[] = []) {
  return (item: Item, i: number): Item => {
    const other = others[i]?.residualTime ?? Number.NaN;
    return Math.abs(item.residualTime - other) < 60 ? { ...item, residualTime: other } : item;
  };
}
