/** What `kubeadm certs check-expiration` reports for certificates whose CA key it does not have: externally managed. */
import { KUBEADM_NAMES } from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { minorOf } from '../harness/programs.ts';
import type { Check } from '../harness/report.ts';
import type { Cell } from './cells.ts';
import type { KubeadmRoot } from './kubeadm-root.ts';

interface ExpirationInfo {
  readonly apiVersion: string;
  readonly kind: string;
  readonly certificates: readonly Row[];
  readonly certificateAuthorities: readonly Row[];
}

interface Row {
  readonly name: string;
  readonly residualTime: number;
  readonly externallyManaged: boolean;
  readonly caName?: string;
  readonly missing?: boolean;
}

/** The names of its rows: all except kubelet.conf, which the kubelet renews; those of etcd only if kubeadm runs etcd. */
export function rowsOf({ release, situation }: Pick<Cell, 'release' | 'situation'>): string[] {
  const known = KUBEADM_NAMES.filter(
    (name) =>
      name !== 'kubelet.conf' &&
      (name !== 'super-admin.conf' || minorOf(release) >= 29) &&
      (profileOf(name).ca !== 'etcd-ca' || !situation.externalEtcd),
  );
  return known.sort();
}

const casOf = ({ situation }: Pick<Cell, 'situation'>): string[] =>
  situation.externalEtcd ? ['ca', 'front-proxy-ca'] : ['ca', 'etcd-ca', 'front-proxy-ca'];

export async function checkExpirations(check: Check, root: KubeadmRoot, cell: Cell): Promise<void> {
  const wanted = [...rowsOf(cell), ...casOf(cell)];
  await check('expiry', async () => {
    const text = await root.kubeadm('certs', 'check-expiration');
    compare(externallyManaged(text), wanted);
    return `${wanted.length} rows, externally managed`;
  });
  if (minorOf(cell.release) < 30) return;
  await check('json', async () => {
    const text = await root.kubeadm('certs', 'check-expiration', '-o', 'json');
    const { apiVersion, kind, certificates, certificateAuthorities }: ExpirationInfo =
      JSON.parse(text);
    const rows = [...certificates, ...certificateAuthorities];
    const good = rows.filter(
      (row) => row.externallyManaged && !row.missing && row.residualTime > 0,
    );
    compare(
      good.map(({ name }) => name),
      wanted,
    );
    return `${apiVersion} ${kind}`;
  });
}

/** Rows of both tables whose last column is `yes`. The row of a missing certificate starts with `!MISSING!`. */
const externallyManaged = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => /^\S+\s.*\byes\s*$/.test(line))
    .map((line) => line.split(/\s+/)[0] ?? '');

function compare(got: readonly string[], wanted: readonly string[]): void {
  const sorted = (names: readonly string[]) => [...names].sort().join(', ');
  if (sorted(got) !== sorted(wanted))
    throw new Error(`externally managed: ${sorted(got)}; wanted: ${sorted(wanted)}`);
}
