/** Asks a component over its own port whether it is well, and which certificate it serves. */
import { X509Certificate } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import type { Component } from '../disk/components.ts';
import { currentContent } from '../disk/file-change.ts';
import type { NodeFolders } from '../disk/places.ts';
import { bracket, callable } from './address.ts';
import { kubeletHealthUrl } from './kubelet-health.ts';
import { readManifest } from './manifest.ts';

export interface HealthWorld {
  readonly folders: NodeFolders;
  readonly kubeletConfig?: string;
}

/**
 * @param serves `on-disk`: it has to serve the certificate that is on disk; `any`: it is asked for its health only
 * @returns the first thing that is wrong with a component, in words; undefined if it is well
 */
export async function findIllness(
  component: Component,
  { folders, kubeletConfig }: HealthWorld,
  serves: 'on-disk' | 'any',
): Promise<string | undefined> {
  try {
    for (const probe of probesOf(component, folders, kubeletConfig)) {
      const problem = await askHealth(
        serves === 'any' ? { ...probe, servedFingerprint: undefined } : probe,
      );
      if (problem !== undefined) return problem;
    }
    return undefined;
  } catch (error) {
    // a file on disk that is no certificate, or a key of another one
    return error instanceof Error ? error.message : String(error);
  }
}

export interface Probe {
  readonly url: string;
  /** SHA-256 that the served certificate must have; undefined where the component makes its own. */
  readonly servedFingerprint: string | undefined;
  readonly client: { readonly cert: string; readonly key: string } | undefined;
}

/** Where a component tells of its health, from its manifest's flags and kubeadm's defaults; nowhere, if that is turned off. */
export function probesOf(
  component: Component,
  folders: NodeFolders,
  kubeletConfig?: string,
): Probe[] {
  const manifest = readManifest(component, folders);
  const flag = (name: string, otherwise: string) => manifest?.flags.get(name) ?? otherwise;
  const plain = (url: string): Probe => ({ url, servedFingerprint: undefined, client: undefined });
  switch (component) {
    case 'kube-apiserver': {
      const host = flag('advertise-address', '127.0.0.1');
      const port = flag('secure-port', '6443');
      const file = flag('tls-cert-file', join(folders.certDir, 'apiserver.crt'));
      // a client that it knows, for clusters without anonymous requests
      const client = pairAt(join(folders.certDir, 'apiserver-kubelet-client'));
      const url = `https://${bracket(host)}:${port}/readyz`;
      return [{ url, servedFingerprint: fingerprintOf(file), client }];
    }
    case 'etcd':
      return etcdProbes(flag, folders);
    case 'kube-controller-manager':
      return [
        plain(
          `https://${callable(flag('bind-address', ''))}:${flag('secure-port', '10257')}/healthz`,
        ),
      ];
    case 'kube-scheduler':
      return [
        plain(
          `https://${callable(flag('bind-address', ''))}:${flag('secure-port', '10259')}/healthz`,
        ),
      ];
    case 'kubelet':
      return [kubeletHealthUrl(kubeletConfig)].flatMap((url) => (url ? [plain(url)] : []));
  }
}

/** Health on the metrics port, which needs no certificate; the serving certificate on the client port. */
function etcdProbes(
  flag: (name: string, otherwise: string) => string,
  { certDir }: NodeFolders,
): Probe[] {
  const [listen = ''] = flag('listen-client-urls', 'https://127.0.0.1:2379').split(',');
  const [metrics = ''] = flag('listen-metrics-urls', '').split(',');
  const file = flag('cert-file', join(certDir, 'etcd', 'server.crt'));
  const client = pairAt(join(certDir, 'etcd', 'healthcheck-client'));
  const served = { url: `${listen}/health`, servedFingerprint: fingerprintOf(file), client };
  if (metrics === '') return [served];
  return [served, { url: `${metrics}/health`, servedFingerprint: undefined, client: undefined }];
}

const PROBE_TIMEOUT_MS = 5000;

/** What is wrong, in words; undefined if it is well. */
export function askHealth({ url, servedFingerprint, client }: Probe): Promise<string | undefined> {
  return new Promise((resolve) => {
    // The served certificate is compared with the very one on disk; a chain says less.
    const options = { timeout: PROBE_TIMEOUT_MS, agent: false, rejectUnauthorized: false };
    const asked = url.startsWith('https:')
      ? httpsRequest(url, { ...options, ...client })
      : httpRequest(url, options);
    asked.once('timeout', () => asked.destroy(new Error('no answer')));
    asked.once('error', (error) => resolve(`${url}: ${error.message}`));
    asked.once('response', (response) => {
      const socket = response.socket as Partial<TLSSocket>;
      const served = socket.getPeerCertificate?.(false)?.fingerprint256;
      let body = '';
      response.on('data', (chunk) => {
        if (body.length < 1000) body += chunk;
      });
      response.once('error', (error) => resolve(`${url}: ${error.message}`));
      response.once('end', () => {
        if (servedFingerprint !== undefined && served !== servedFingerprint)
          return resolve(`${url}: serves another certificate than the one on disk`);
        const well = response.statusCode === 200 && !/"health"\s*:\s*"?false/.test(body);
        resolve(well ? undefined : `${url}: answers ${response.statusCode} ${body.slice(0, 200)}`);
      });
    });
    asked.end();
  });
}

function fingerprintOf(file: string): string | undefined {
  const pem = currentContent(file, false);
  return pem === undefined ? undefined : new X509Certificate(pem).fingerprint256;
}

function pairAt(stem: string): Probe['client'] {
  const [cert, key] = [currentContent(`${stem}.crt`, false), currentContent(`${stem}.key`, false)];
  return cert !== undefined && key !== undefined ? { cert, key } : undefined;
}
