/** A control plane, and a trust domain that rotates `ca`: written octet by octet, with a service in memory. */
import 'reflect-metadata';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import { readKubeconfig } from '../../client/node/disk/kubeconfig.ts';
import { caFileOf, placeOf } from '../../client/node/disk/places.ts';
import type { RenewalDeps } from '../../client/node/renewal/options.ts';
import { renew } from '../../client/node/renewal/renew.ts';
import { parseRotation } from '../../client/node/rotation/read-rotation.ts';
import { hashOf } from '../../client/node/trust/ca-cert-hash.ts';
import { certificateToPem } from '../../lib/certificate/pem.ts';
import { certificateNameOf } from '../../lib/contract/kubeadm-paths.ts';
import type { PublishedRotation } from '../../lib/contract/published-rotation.ts';
import { outcomeKeys, parseRequestKey } from '../../lib/contract/request-key.ts';
import { bundleKey } from '../../lib/contract/trust-domain.ts';
import { OID } from '../../lib/der/oids.ts';
import { element, oid, sequence } from '../../lib/der/write.ts';
import {
  type CaName,
  type CertificateName,
  KUBEADM_NAMES,
} from '../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../lib/profiles/profile-for.ts';
import {
  basicConstraints,
  commonNameOf,
  extension,
  type KeyPair,
  keyUsage,
  nameOf,
  newEcKeys,
  utf8,
  writeCaCertificate,
} from './ca-certificate.ts';
import { MemoryStore } from './memory-store.ts';
import { kubeconfigText } from './node-folder.ts';
import { LEAVES } from './openssl-node.ts';
import { renewalOptions } from './renewal.ts';

const DAY = 86_400_000;
export const NOW = new Date('2026-12-01T12:00:00Z');
const MADE = new Date(NOW.getTime() - 30 * DAY);

export interface Ca {
  readonly keys: KeyPair;
  readonly pem: string;
  readonly commonName: string;
}

export function makeCa(commonName: string, signer?: Ca, keys = newEcKeys()): Ca {
  const der = writeCaCertificate(keys, MADE, {
    subject: commonNameOf(commonName),
    ...(signer && { signer: signer.keys, issuer: commonNameOf(signer.commonName) }),
  });
  return { keys, pem: certificateToPem(der), commonName };
}

/** The certificate of a CA for the same key and subject, which ends later. */
export function renewedCa({ keys, commonName }: Ca): Ca {
  const parts = {
    subject: commonNameOf(commonName),
    notAfter: new Date(NOW.getTime() + 4000 * DAY),
  };
  const der = writeCaCertificate(keys, new Date(NOW.getTime() - DAY), parts);
  return { keys, commonName, pem: certificateToPem(der) };
}

/** Versions of `ca`: 3 is what a second rotation leads to. */
export const versions = [1, 2, 3].map(() => makeCa('kubernetes')) as [Ca, Ca, Ca];
export const crossOf = (to: Ca, from: Ca) => makeCa(to.commonName, from, to.keys).pem;
const others = { 'etcd-ca': makeCa('etcd-ca'), 'front-proxy-ca': makeCa('front-proxy-ca') };

export const named = (number: 1 | 2 | 3) => {
  const { pem } = versions[number - 1] as Ca;
  const { fingerprint256 } = new X509Certificate(pem);
  return {
    version: number,
    sha256: fingerprint256.replaceAll(':', '').toLowerCase(),
    publicKeySha256: hashOf(pem),
  };
};

type Rotation = NonNullable<PublishedRotation['rotation']>;

export const rotationOf = (phase: Rotation['phase'], more: Partial<Rotation> = {}): Rotation => ({
  ca: 'ca',
  phase,
  since: NOW.toISOString(),
  compromised: false,
  from: named(1),
  to: named(2),
  cross: crossOf(versions[1], versions[0]),
  ...more,
});

const EKU = { serverAuth: OID.serverAuth, clientAuth: OID.clientAuth } as const;
type Usage = keyof typeof EKU;

interface LeafParts {
  readonly keys: { readonly publicKey: KeyPair['publicKey'] };
  readonly subject: Uint8Array;
  readonly usages: readonly string[];
  /** The value of subjectAltName. */
  readonly names: Uint8Array | undefined;
}

function signLeaf({ keys, subject, usages, names }: LeafParts, ca: Ca, at: Date): string {
  const der = writeCaCertificate(keys as KeyPair, new Date(at.getTime() - 60_000), {
    ...{ subject, signer: ca.keys, issuer: commonNameOf(ca.commonName) },
    notAfter: new Date(at.getTime() + 365 * DAY),
    serialNumber: Uint8Array.of(1, ...crypto.getRandomValues(new Uint8Array(8))),
    extensions: [
      basicConstraints(),
      keyUsage(0),
      extension(OID.extKeyUsage, sequence(...usages.map((one) => oid(EKU[one as Usage])))),
      ...(names ? [extension(OID.subjectAltName, names)] : []),
    ],
  });
  return certificateToPem(der);
}

const leafOf = (name: CertificateName) => {
  const { baseName } = profileOf(name);
  const path = baseName === undefined ? name : `pki/${baseName}`;
  const found = LEAVES.find((leaf) => leaf.path === path);
  if (!found) throw new Error(name);
  return found;
};

/** As openssl.cnf writes them: `DNS:cp-1,IP:10.20.0.11`. */
function namesFrom(text: string): Uint8Array {
  const ip = (address: string) =>
    address.includes(':') ? [...new Array(15).fill(0), 1] : address.split('.').map(Number);
  return sequence(
    ...text.split(/,(?=DNS|IP)/).map((one) => {
      const [, kind, value = ''] = /^(DNS|IP):(.*)$/.exec(one) ?? [];
      return kind === 'DNS'
        ? element(0x82, Buffer.from(value))
        : element(0x87, Uint8Array.from(ip(value)));
    }),
  );
}

function subjectFrom(text: string): Uint8Array {
  const [, organization, commonName = ''] = /^(?:\/O=(.*))?\/CN=(.*)$/.exec(text) ?? [];
  return nameOf(
    ...(organization === undefined
      ? []
      : [[OID.organizationName, utf8(organization)] as [string, Uint8Array]]),
    [OID.commonName, utf8(commonName)],
  );
}

export class RotatingNode {
  readonly store = new MemoryStore();
  readonly folder: string;
  readonly said: string[] = [];
  now = NOW;
  /** What the service signs with, and whether leaves carry the cross certificate. */
  signs: Ca = versions[0];
  cross: string | undefined;
  /** Names that have no outcome. */
  readonly silent = new Set<CertificateName>();
  more: Partial<RenewalDeps> = {};
  /** Before and after each call of the bucket. */
  beforeCall: () => void = () => undefined;

  /**
   * All leaves are of version 1, and so is ca.crt.
   * @param of the node of which this one is a copy, with its own bucket
   */
  constructor(folder: string, of?: RotatingNode) {
    this.folder = folder;
    this.store.now = () => this.now;
    this.store.interrupt = (point, key) => {
      this.beforeCall();
      if (point === 'after create' && key.endsWith('.csr')) this.#issue(key);
    };
    if (of) {
      cpSync(of.folder, folder, { recursive: true, verbatimSymlinks: true });
      for (const [key, object] of of.store.objects) this.store.objects.set(key, object);
      return;
    }
    mkdirSync(join(folder, 'pki', 'etcd'), { recursive: true });
    writeFileSync(caFileOf('ca', this.folders), versions[0].pem);
    for (const ca of ['etcd-ca', 'front-proxy-ca'] as const) {
      writeFileSync(caFileOf(ca, this.folders), others[ca].pem);
      this.store.seed(bundleKey('fleet', ca), others[ca].pem);
    }
    this.publish([versions[0]]);
    for (const name of KUBEADM_NAMES) this.#write(name);
  }

  get folders() {
    return { kubeconfigDir: this.folder, certDir: join(this.folder, 'pki') };
  }

  #write(name: CertificateName): void {
    const { subject, usages, names } = leafOf(name);
    const keys = newEcKeys();
    const parts = {
      ...{ keys, subject: subjectFrom(subject), usages: usages.split(',') },
      names: names === undefined ? undefined : namesFrom(names),
    };
    const pem = signLeaf(parts, this.#caOf(profileOf(name).ca), MADE);
    const key = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const place = placeOf(name, this.folders);
    if (place.kind === 'kubeconfig') {
      const yaml = kubeconfigText(name, versions[0].pem, pem, key);
      writeFileSync(place.file, yaml, { mode: 0o600 });
      return;
    }
    mkdirSync(dirname(place.keyFile), { recursive: true });
    writeFileSync(place.certificateFile, pem);
    writeFileSync(place.keyFile, key, { mode: 0o600 });
  }

  #caOf(ca: CaName): Ca {
    return ca === 'ca' ? this.signs : others[ca as keyof typeof others];
  }

  #issue(key: string): void {
    const address = parseRequestKey(key);
    const name = address && certificateNameOf(address.path);
    if (!address || name === undefined || this.silent.has(name)) return;
    const csr = new Pkcs10CertificateRequest(this.store.objects.get(key)?.body as never);
    const { ca, extendedKeyUsages } = profileOf(name);
    const names = csr.extensions.find(({ type }) => type === OID.subjectAltName)?.value;
    const publicKey = createPublicKey({
      key: Buffer.from(csr.publicKey.rawData),
      ...{ format: 'der' as const, type: 'spki' as const },
    });
    const pem = signLeaf(
      {
        keys: { publicKey },
        subject: new Uint8Array(csr.subjectName.toArrayBuffer()),
        usages: extendedKeyUsages,
        names: names && new Uint8Array(names),
      },
      this.#caOf(ca),
      this.now,
    );
    const chain = ca === 'ca' ? pem + (this.cross ?? '') : pem;
    this.store.objects.set(outcomeKeys(address).certificate, {
      body: Buffer.from(chain),
      at: this.now,
      metadata: { 'trust-domain': 'fleet', ca },
    });
  }

  publish(bundle: readonly Ca[], rotation?: Partial<PublishedRotation>): void {
    this.store.seed(bundleKey('fleet', 'ca'), bundle.map(({ pem }) => pem).join(''));
    if (!rotation) return;
    const whole = { trustDomain: 'fleet', at: NOW.toISOString(), ended: [], ...rotation };
    this.store.seed('trust/fleet/rotation.json', JSON.stringify(whole));
  }

  /** As the timer runs it, when nothing expires. */
  renew(options: Parameters<typeof renewalOptions>[2] = {}) {
    return renew(
      this.deps(),
      renewalOptions({ node: 'cp-1' }, ['all'], {
        ...{ cluster: 'prod', expiresWithin: { text: '1d', seconds: 86_400 }, waitSeconds: 0 },
        ...options,
      }),
    );
  }

  deps(): RenewalDeps {
    return {
      folders: this.folders,
      stateDir: join(this.folder, 'cakeless'),
      timeoutSeconds: 0,
      terminal: { print: () => undefined, progress: (line) => void this.said.push(line) },
      clock: { now: () => this.now, monotonic: () => 0, sleep: async () => undefined },
      exchange: async () => this.store,
      lease: () => Promise.reject(new Error('nothing is restarted')),
      rotation: async () => {
        const text = this.store.text('trust/fleet/rotation.json');
        return text === undefined ? undefined : parseRotation(text, 'fleet');
      },
      ...this.more,
    };
  }

  /** Versions in ca.crt, in order; the same of every kubeconfig that differs from it. */
  trusted(): { readonly file: string; readonly kubeconfigs: Record<string, string> } {
    const file = read(readFileSync(caFileOf('ca', this.folders), 'utf8'));
    const kubeconfigs = KUBEADM_NAMES.filter((name) => name.endsWith('.conf')).flatMap((name) => {
      const { certificateAuthority } = readKubeconfig(
        readFileSync(join(this.folder, name), 'utf8'),
        this.folder,
      );
      const found =
        certificateAuthority && 'pem' in certificateAuthority ? read(certificateAuthority.pem) : '';
      return found === file ? [] : [[name, found] as const];
    });
    return { file, kubeconfigs: Object.fromEntries(kubeconfigs) };
  }

  requests(): string[] {
    return this.store.calls
      .filter(({ call, key }) => call === 'create' && key.endsWith('.csr'))
      .map(({ key }) => key);
  }

  installations(): boolean {
    return existsSync(join(this.folder, 'cakeless', 'installations'));
  }
}

const read = (pem: string): string =>
  versions
    .map((ca, i) => ({ at: pem.indexOf(ca.pem), version: i + 1 }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at)
    .map(({ version }) => version)
    .join();
