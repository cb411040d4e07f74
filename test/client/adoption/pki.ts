/** A pki folder as kubeadm has it, with CAs that OpenSSL makes: small, quick and never the same. */
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { NodeFolders } from '../../../client/node/disk/places.ts';
import type { AdoptableCa } from '../../../lib/ca/trust-domain-request.ts';

export const STEMS: Readonly<Record<AdoptableCa, string>> = {
  ca: 'ca',
  'etcd-ca': 'etcd/ca',
  'front-proxy-ca': 'front-proxy-ca',
};

const NAMES: Readonly<Record<AdoptableCa, string>> = {
  ca: 'kubernetes',
  'etcd-ca': 'etcd-ca',
  'front-proxy-ca': 'front-proxy-ca',
};

export const openssl = (args: readonly string[], input?: string | Buffer): Buffer =>
  execFileSync('openssl', args, { input, stdio: ['pipe', 'pipe', 'ignore'] });

/** A private key in PKCS#8. */
export const newKey = (namedCurve = 'P-256'): string =>
  pemOf(generateKeyPairSync('ec', { namedCurve }));

export const newRsaKey = (modulusLength = 2048): string =>
  pemOf(generateKeyPairSync('rsa', { modulusLength }));

const pemOf = ({ privateKey }: { readonly privateKey: KeyObject }): string =>
  privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

export interface CaForm {
  readonly days?: number;
  /** @default kubeadm's */
  readonly subject?: string;
  /** @default kubeadm's */
  readonly extensions?: readonly string[];
}

const KUBEADM_EXTENSIONS = [
  'keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign',
  'basicConstraints=critical,CA:TRUE',
];

/** The certificate of a key, in PEM. */
export function selfSigned(ca: AdoptableCa, key: string, form: CaForm = {}): string {
  const { days = 3650, subject = `/CN=${NAMES[ca]}`, extensions = KUBEADM_EXTENSIONS } = form;
  const folder = mkdtempSync(join(tmpdir(), 'cakeless-ca-'));
  try {
    const file = join(folder, 'key');
    writeFileSync(file, key, { mode: 0o600 });
    const config = join(folder, 'config');
    writeFileSync(config, '[req]\ndistinguished_name=dn\n[dn]\n');
    return openssl([
      ...['req', '-x509', '-config', config, '-key', file, '-subj', subject, '-utf8'],
      ...['-days', String(days)],
      ...extensions.flatMap((extension) => ['-addext', extension]),
    ]).toString();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export class Pki {
  readonly root = mkdtempSync(join(tmpdir(), 'cakeless-pki-'));
  readonly folders: NodeFolders = {
    certDir: join(this.root, 'pki'),
    kubeconfigDir: this.root,
    kubeletDir: undefined,
  };

  /** With three CAs of P-256 keys, made once for a file of tests. */
  static make(): Pki {
    const pki = new Pki();
    for (const [name, content] of ordinaryFiles()) pki.write(name, content);
    return pki;
  }

  file(name: string): string {
    return join(this.folders.certDir, name);
  }

  write(name: string, content: string | Buffer): string {
    const file = this.file(name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content, { mode: 0o600 });
    return file;
  }

  /** Below the folder of the kubeconfigs. */
  writeBelow(name: string, content: string): void {
    const file = join(this.root, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }

  setCa(ca: AdoptableCa, key: string, form?: CaForm): void {
    this.write(`${STEMS[ca]}.key`, key);
    this.write(`${STEMS[ca]}.crt`, selfSigned(ca, key, form));
  }

  remove(...names: string[]): void {
    for (const name of names) rmSync(this.file(name));
  }

  dispose(): void {
    rmSync(this.root, { recursive: true });
  }
}

let ordinary: [name: string, content: string][] | undefined;

function ordinaryFiles() {
  ordinary ??= (['ca', 'etcd-ca', 'front-proxy-ca'] as const).flatMap((ca) => {
    const key = newKey();
    return [
      [`${STEMS[ca]}.key`, key],
      [`${STEMS[ca]}.crt`, selfSigned(ca, key)],
    ] satisfies [string, string][];
  });
  return ordinary;
}
