/** What kubeadm and Cakeless make of a configuration: refused, or the contents of the CSRs. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from '../../../client/errors.ts';
import { readKubeadmConfig } from '../../../client/kubeadm/kubeadm-config.ts';
import { csrFromConfig } from '../../../client/node/csr/kubeadm-csr.ts';
import { canonicalIpAddress } from '../../../lib/ip-address.ts';
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { lastLines, mustRun, run } from '../harness/program.ts';
import { kubernetesProgram, minorOf } from '../harness/programs.ts';

export interface Verdict {
  /** Why it is refused; undefined if it is accepted. */
  readonly refused?: string | undefined;
  /** Subject, names and key of each CSR that a configuration has an influence on. */
  readonly csrs?: string | undefined;
  /** Whether it is accepted although something in it is ignored or meant otherwise. */
  readonly warned: boolean;
}

const CSRS: readonly [CertificateName, string][] = [
  ['apiserver', 'pki/apiserver.csr'],
  ['etcd-server', 'pki/etcd/server.csr'],
  ['etcd-peer', 'pki/etcd/peer.csr'],
  ['kubelet.conf', 'kubelet.conf.csr'],
];

/** `certs generate-csr` accepts or refuses it; `config validate` also refuses what the former only warns of. */
export async function kubeadmVerdict(
  release: string,
  text: string,
  folder: string,
): Promise<Verdict> {
  const kubeadm = kubernetesProgram(release, 'kubeadm');
  const place = mkdtempSync(join(folder, 'configuration-'));
  try {
    const config = join(place, 'config.yaml');
    writeFileSync(config, text);
    mkdirSync(join(place, 'pki'));
    const folders = ['--cert-dir', join(place, 'pki'), '--kubeconfig-dir', place];
    const made = await run([kubeadm, 'certs', 'generate-csr', ...folders, '--config', config]);
    if (made.exitCode !== 0) return { refused: lastLines(made), warned: false };
    const csrs = await Promise.all(
      CSRS.map(async ([name, file]) => `${name}: ${await contentsOf(join(place, file))}`),
    );
    const strict = minorOf(release) >= 27; // `config validate` came with 1.26
    const valid = strict
      ? await run([kubeadm, 'config', 'validate', '--config', config])
      : { exitCode: /strict\.go|strict decoding/.test(made.stderr) ? 1 : 0 };
    return { csrs: csrs.join('\n'), warned: valid.exitCode !== 0 };
  } finally {
    rmSync(place, { recursive: true });
  }
}

export function ownVerdict(text: string): Verdict {
  try {
    const config = readKubeadmConfig(text, 'config.yaml');
    const csrs = CSRS.map(([name]) => {
      const { contents, keyKind } = csrFromConfig(name, config);
      const { commonName, organizations } = contents.subject;
      const names = contents.names.map(({ type, value }) => `${type}:${value}`);
      return `${name}: ${describe([...organizations, commonName], names, keyKind)}`;
    });
    return { csrs: csrs.join('\n'), warned: config.warnings.some(isOfStrictDecoding) };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return { refused: error.message, warned: false };
  }
}

const isOfStrictDecoding = (warning: string) =>
  / is set twice|is not a field of |is ignored by kubeadm/.test(warning);

const describe = (subject: readonly string[], names: readonly string[], key: string) =>
  `${subject.join(', ')} (${key}) ${names.join(' ')}`.trim();

/** By OpenSSL. */
async function contentsOf(file: string): Promise<string> {
  const text = await mustRun(['openssl', 'req', '-in', file, '-noout', '-text']);
  const [, subject = ''] = /Subject: (.*)/.exec(text) ?? [];
  const values = [...subject.matchAll(/(?:O|CN) ?= ?([^,]+)/g)].map(([, value = '']) => value);
  const [, list = ''] = /Subject Alternative Name:\s*\n\s*(.*)/.exec(text) ?? [];
  // kubeadm up to 1.27 writes a name as often as it has it
  const names = new Set(list === '' ? [] : list.split(', ').map(nameOf));
  return describe(values, [...names], keyOf(text));
}

function nameOf(text: string): string {
  const [, type = '', value = ''] = /^(DNS|IP Address):(.*)$/.exec(text) ?? [];
  return type === 'DNS' ? `DNS:${value}` : `IP:${canonicalIpAddress(value.toLowerCase()) ?? value}`;
}

function keyOf(text: string): string {
  const [, bits = ''] = /Public-Key: \((\d+) bit\)/.exec(text) ?? [];
  return text.includes('id-ecPublicKey') ? `ECDSA-P${bits}` : `RSA-${bits}`;
}
