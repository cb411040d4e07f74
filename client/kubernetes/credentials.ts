/** Where the API server is, how its certificate is verified, and as whom to call it. */
import { X509Certificate } from 'node:crypto';
import { dirname, join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { certificatesIn } from '../../lib/certificate/pem.ts';
import { readFile } from '../../lib/files/read-file.ts';
import { CommandError, unusableFile } from '../errors.ts';
import { KubeconfigError, type Material, readKubeconfig } from '../node/disk/kubeconfig.ts';
import type { KubeSource } from './kube-client.ts';

export interface Credentials {
  readonly server: URL;
  /** PEM. Nothing else is trusted, in particular not the CAs of the system. */
  readonly ca: string;
  /** The name that the server's certificate must have; undefined: the host of the URL. */
  readonly serverName: string | undefined;
  readonly certificate: { readonly cert: string; readonly key: string } | undefined;
  readonly token: string | undefined;
  /** What was read. */
  readonly files: readonly string[];
}

/** Where the kubelet mounts a pod's service account (client-go rest.InClusterConfig). */
export const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface CredentialPlaces {
  /** As `process.env`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly serviceAccountFolder: string;
}

/** @throws CommandError if they cannot be used, or would not verify the server */
export function readCredentials(source: KubeSource, places: CredentialPlaces): Credentials {
  const { reader, files } = recordingReader();
  return 'kubeconfig' in source
    ? fromKubeconfig(source.kubeconfig, reader, files)
    : fromServiceAccount(places, reader, files);
}

type Reader = (file: string) => string;

function recordingReader(): { readonly reader: Reader; readonly files: string[] } {
  const files: string[] = [];
  const reader = (file: string) => {
    files.push(file);
    try {
      return readFile(file).bytes.toString('utf8');
    } catch (error) {
      throw unusableFile(file, error);
    }
  };
  return { reader, files };
}

function fromKubeconfig(file: string, reader: Reader, files: readonly string[]): Credentials {
  const refuse = (problem: string, hint?: string): never => {
    throw new CommandError('usage', `${file}: ${problem}`, hint);
  };
  const kubeconfig = parse(reader(file), file);
  if (kubeconfig.isInsecure)
    refuse(
      'has insecure-skip-tls-verify: the API server would not be verified',
      'remove it, and name the CA in certificate-authority',
    );
  if (kubeconfig.proxyUrl) refuse('has proxy-url, which Cakeless does not use');
  const { certificateAuthority, certificate, privateKey, token } = kubeconfig;
  if (!certificateAuthority)
    return refuse(
      'names no CA for the API server',
      'set certificate-authority or certificate-authority-data',
    );
  if (!token && !(certificate && privateKey))
    return refuse(
      `user ${kubeconfig.userName} has no client certificate with its key, and no token`,
    );
  const pem = (material: Material) => ('pem' in material ? material.pem : reader(material.file));
  return {
    server: serverUrl(kubeconfig.server ?? '', file),
    ca: requireCa(pem(certificateAuthority), sourceOf(certificateAuthority, file)),
    serverName: kubeconfig.tlsServerName || undefined,
    certificate:
      certificate && privateKey
        ? requirePair({ cert: pem(certificate), key: pem(privateKey) }, sourceOf(certificate, file))
        : undefined,
    token: token && requireToken('token' in token ? token.token : reader(token.file), file),
    files,
  };
}

function parse(yaml: string, file: string) {
  try {
    return readKubeconfig(yaml, dirname(file));
  } catch (error) {
    if (!(error instanceof KubeconfigError)) throw error;
    throw new CommandError('usage', `${file}: ${error.message}`);
  }
}

const sourceOf = (material: Material, file: string) => ('pem' in material ? file : material.file);

function fromServiceAccount(
  { environment, serviceAccountFolder }: CredentialPlaces,
  reader: Reader,
  files: readonly string[],
): Credentials {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '' } = environment;
  if (host === '' || port === '')
    throw new CommandError(
      'usage',
      'KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: this is not a pod',
      'use --kubeconfig outside a cluster',
    );
  const [ca, token] = ['ca.crt', 'token'].map((name) => join(serviceAccountFolder, name)) as [
    string,
    string,
  ];
  return {
    server: serverUrl(
      `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
      'KUBERNETES_SERVICE_HOST',
    ),
    ca: requireCa(reader(ca), ca),
    serverName: undefined,
    certificate: undefined,
    token: requireToken(reader(token), token),
    files,
  };
}

function serverUrl(text: string, file: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:') return url;
  throw new CommandError('usage', `${file}: server must be an https URL, and is "${text}"`);
}

/** An empty list of CAs would make Node trust those of the system. */
export function requireCa(pem: string, file: string): string {
  const certificates = certificatesIn(pem);
  if (certificates.length === 0) throw new CommandError('usage', `${file}: no CA certificate`);
  for (const certificate of certificates) {
    try {
      new X509Certificate(certificate);
    } catch {
      throw new CommandError('usage', `${file}: a CA certificate cannot be parsed`);
    }
  }
  return certificates.join('\n');
}

function requirePair<T extends { readonly cert: string; readonly key: string }>(
  pair: T,
  file: string,
): T {
  try {
    createSecureContext(pair);
    return pair;
  } catch {
    throw new CommandError('usage', `${file}: client certificate and key cannot be used together`);
  }
}

/** What may be in a header (RFC 6750 section 2.1). */
function requireToken(text: string, file: string): string {
  const token = text.trim();
  if (/^[A-Za-z0-9._~+/-]+=*$/.test(token)) return token;
  throw new CommandError('usage', `${file}: the token is not a bearer token`);
}
