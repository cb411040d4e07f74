/** Checks on a component's own port whether it is healthy, and which certificate it serves. */
import { X509Certificate } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import type { Component } from '../disk/components.ts';
import { currentContent } from '../disk/file-change.ts';
import type { NodeFolders } from '../disk/places.ts';
import { bracket, callable } from './address.ts';
import type { HealthDeps } from './deps.ts';
import { kubeletHealthUrl } from './kubelet-health.ts';
import { readManifest } from './manifest.ts';

/**
 * @param serves `on-disk`: it must serve the certificate on disk; `any`: only its health counts
 * @returns a description of the first problem; undefined if the component is healthy
 */
export async function findHealthProblem(
  component: Component,
  { folders, kubeletConfig }: HealthDeps,
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
    // a file on disk that is not a certificate, or a key that does not match
    return error instanceof Error ? error.message : String(error);
  }
}

export interface Probe {
  readonly url: string;
  /** SHA-256 that the served certificate must have; undefined if the component generates its own. */
  readonly servedFingerprint: string | undefined;
  readonly client: { readonly cert: string; readonly key: string } | undefined;
}

/** The health endpoints of a component, from the flags in its manifest and kubeadm's defaults; empty if turned off. */
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
      // a client certificate, for clusters without anonymous requests
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

/** The client port shows the serving certificate; the metrics port does not ask for a client certificate. */
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

/** For the whole response: a program that sends one byte at a time must not block the run. */
const PROBE_TIMEOUT_MS = 5000;

/** A description of the problem; undefined if the endpoint is healthy. */
export function askHealth(
  { url, servedFingerprint, client }: Probe,
  timeoutMs = PROBE_TIMEOUT_MS,
): Promise<string | undefined> {
  return new Promise((settle) => {
    const resolve = (problem: string | undefined) => {
      clearTimeout(timer);
      settle(problem);
    };
    const timer = setTimeout(() => request.destroy(new Error('no response')), timeoutMs);
    // The served certificate is compared with the one on disk, which is stricter than a chain.
    const options = { agent: false, rejectUnauthorized: false };
    const request = url.startsWith('https:')
      ? httpsRequest(url, { ...options, ...client })
      : httpRequest(url, options);
    request.once('error', (error) => resolve(`${url}: ${error.message}`));
    request.once('response', (response) => {
      const socket = response.socket as Partial<TLSSocket>;
      const served = socket.getPeerCertificate?.(false)?.fingerprint256;
      let body = '';
      response.on('data', (chunk) => {
        if (body.length < 1000) body += chunk;
      });
      response.once('error', (error) => resolve(`${url}: ${error.message}`));
      response.once('end', () => {
        if (servedFingerprint !== undefined && served !== servedFingerprint)
          return resolve(`${url}: does not serve the certificate on disk`);
        const healthy = response.statusCode === 200 && !/"health"\s*:\s*"?false/.test(body);
        resolve(
          healthy
            ? undefined
            : `${url}: responded with ${response.statusCode} ${body.slice(0, 200)}`,
        );
      });
    });
    request.end();
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
