/**
 * Reads the parts of a kubeconfig that certificates and connections depend on (client-go tools/clientcmd/api/v1).
 */
import { isAbsolute, join } from 'node:path';
import * as z from 'zod/mini';
import { describeIssue } from '../../../lib/store/describe-issue.ts';
import { parseYaml, YamlError } from '../../parse-yaml.ts';

const text = z.optional(z.string());
/** As Go reads it: standard base64, in which only line breaks may occur (encoding/base64). */
const data = z.optional(
  z
    .string()
    .check(
      z.refine(
        (value) =>
          /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(
            value.replace(/[\r\n]/g, ''),
          ),
        'must be base64',
      ),
    ),
);

const context = z.object({ cluster: z.string(), user: z.string() });
const cluster = z.object({
  server: text,
  'certificate-authority-data': data,
  'certificate-authority': text,
  'insecure-skip-tls-verify': z.optional(z.boolean()),
  'tls-server-name': text,
  'proxy-url': text,
});
const user = z.object({
  'client-certificate-data': data,
  'client-certificate': text,
  'client-key-data': data,
  'client-key': text,
  token: text,
  tokenFile: text,
});
const name = z.string();

const kubeconfigSchema = z.object({
  'current-context': text,
  contexts: z.optional(z.array(z.object({ name, context }))),
  clusters: z.optional(z.array(z.object({ name, cluster }))),
  users: z.optional(z.array(z.object({ name, user }))),
});

/** PEM text that is embedded in the kubeconfig, or the absolute path of the file that it names. */
export type Material = { readonly pem: string } | { readonly file: string };

export type Token = { readonly token: string } | { readonly file: string };

export interface Kubeconfig {
  readonly server: string | undefined;
  readonly clusterName: string | undefined;
  /** The cluster that the current context names, if the kubeconfig lacks it; no client accepts that. */
  readonly missingCluster: string | undefined;
  readonly userName: string;
  readonly certificate: Material | undefined;
  readonly privateKey: Material | undefined;
  readonly certificateAuthority: Material | undefined;
  /** A bearer token, or the file that contains it, which client-go prefers. */
  readonly token: Token | undefined;
  /** The name in the server's certificate, if it is not the host of the URL. */
  readonly tlsServerName: string | undefined;
  readonly proxyUrl: string | undefined;
  /** insecure-skip-tls-verify; clients refuse a kubeconfig that has this and CA data. */
  readonly isInsecure: boolean;
}

/** Its message says what is wrong with a kubeconfig. */
export class KubeconfigError extends Error {
  override name = 'KubeconfigError';
}

/**
 * The user and the cluster of the current context. Without a usable context, the only user of the file is taken.
 * @param folder of the kubeconfig: its paths are relative to it
 * @throws KubeconfigError if it cannot be parsed, or does not say which user is meant
 */
export function readKubeconfig(yaml: string, folder: string): Kubeconfig {
  const { contexts, clusters, users, ...rest } = parseKubeconfig(yaml);
  for (const [list, entries] of Object.entries({ contexts, clusters, users })) {
    const twice = findTwice(entries ?? []);
    if (twice !== undefined)
      throw new KubeconfigError(`${list} has ${twice} twice, which no client accepts`);
  }
  const current = contexts?.find(({ name }) => name === rest['current-context'])?.context;
  const entry = users?.find(({ name }) => name === current?.user) ?? only(users);
  if (!entry) throw new KubeconfigError('its current context names no user');
  const inCluster = current
    ? clusters?.find(({ name }) => name === current.cluster)
    : only(clusters);
  const absolute = (file: string) => (isAbsolute(file) ? file : join(folder, file));
  const material = (inside: string | undefined, file: string | undefined): Material | undefined => {
    if (inside) return { pem: Buffer.from(inside, 'base64').toString('latin1') };
    return file ? { file: absolute(file) } : undefined;
  };
  const { user: u } = entry;
  const c = inCluster?.cluster;
  return {
    server: c?.server,
    clusterName: inCluster?.name,
    missingCluster: inCluster ? undefined : current?.cluster,
    userName: entry.name,
    certificate: material(u['client-certificate-data'], u['client-certificate']),
    privateKey: material(u['client-key-data'], u['client-key']),
    certificateAuthority: material(c?.['certificate-authority-data'], c?.['certificate-authority']),
    token: tokenOf(u, absolute),
    tlsServerName: c?.['tls-server-name'],
    proxyUrl: c?.['proxy-url'],
    isInsecure: c?.['insecure-skip-tls-verify'] === true,
  };
}

/** client-go rest/transport: a token file wins over a token. */
function tokenOf(
  { token, tokenFile }: z.infer<typeof user>,
  absolute: (file: string) => string,
): Token | undefined {
  if (tokenFile) return { file: absolute(tokenFile) };
  return token ? { token } : undefined;
}

function parseKubeconfig(yaml: string) {
  let value: unknown;
  try {
    value = parseYaml(yaml);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw new KubeconfigError(`not YAML: ${error.message}`);
  }
  const result = kubeconfigSchema.safeParse(value);
  if (result.success) return result.data;
  throw new KubeconfigError(
    `not a kubeconfig: ${result.error.issues.map(describeIssue).join('; ')}`,
  );
}

/** client-go (tools/clientcmd/api/v1/conversion.go) refuses the whole file. */
const findTwice = (entries: readonly { readonly name: string }[]) =>
  entries.map(({ name }) => name).find((name, i, names) => names.indexOf(name) !== i);

const only = <T>(items: readonly T[] | undefined) => (items?.length === 1 ? items[0] : undefined);
