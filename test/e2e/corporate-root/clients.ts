/** Clients in several languages, and which CA certificates each needs to verify a server below a corporate root. */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { until } from '../../support/until.ts';
import { lastLines, mustRun, run } from '../harness/program.ts';
import { kubernetesProgram } from '../harness/programs.ts';
import type { Check } from '../harness/report.ts';

/** What a client is given: the CA of the cluster alone, the same with everything above it, or the root alone. */
const TRUST = ['ca.crt', 'ca-chain.crt', 'root'] as const;

export type Trust = (typeof TRUST)[number];

interface Call {
  readonly server: string;
  readonly token: string;
  readonly caFile: string;
}

interface TlsClient {
  readonly name: string;
  /** Whether it needs the root, too: then `ca.crt` alone is refused. */
  readonly needsRoot: boolean;
  command(call: Call): string[];
}

const source = (name: string) => resolve('test', 'e2e', 'corporate-root', 'clients', name);

const program = (
  name: string,
  start: readonly string[],
  needsRoot: boolean,
  more: string[] = [],
) => ({
  name,
  needsRoot,
  command: ({ server, token, caFile }: Call) => [
    ...start,
    `${server}/version`,
    caFile,
    token,
    ...more,
  ],
});

/** As docs/corporate-root.md lists them. */
async function tlsClients(release: string): Promise<TlsClient[]> {
  const python = (await mustRun(['python3', '--version'])).trim();
  const [, minor = '0'] = /^Python 3\.(\d+)/.exec(python) ?? [];
  const java = (await mustRun(['java', '--version'])).split('\n')[0] ?? 'java';
  return [
    {
      name: 'kubectl (Go)',
      needsRoot: false,
      command: ({ server, token, caFile }) => [
        kubernetesProgram(release, 'kubectl'),
        ...['--kubeconfig=/dev/null', `--server=${server}`, `--token=${token}`],
        ...[`--certificate-authority=${caFile}`, 'get', '--raw', '/version'],
      ],
    },
    {
      name: 'curl',
      needsRoot: false,
      command: ({ server, token, caFile }) => [
        ...['curl', '--silent', '--show-error', '--fail', '--cacert', caFile],
        ...['--header', `Authorization: Bearer ${token}`, `${server}/version`],
      ],
    },
    program(`Node.js ${process.version}`, [process.execPath, source('client.mjs')], true),
    program('Node.js, partial', [process.execPath, source('client.mjs')], false, ['partial']),
    // 3.13 made VERIFY_X509_PARTIAL_CHAIN a default
    program(python, ['python3', source('client.py')], Number(minor) < 13),
    program(java, ['java', source('Client.java')], false),
  ];
}

/** @returns what was seen @throws Error if the client connects, or does not, against expectation */
async function tryClient(client: TlsClient, trust: Trust, call: Call): Promise<string> {
  const ran = await run(client.command(call));
  const isWanted = !(client.needsRoot && trust === 'ca.crt');
  const isConnected = ran.exitCode === 0;
  if (isConnected !== isWanted) throw new Error(`${client.name} with ${trust}: ${lastLines(ran)}`);
  if (!isConnected && !/issuer/.test(lastLines(ran)))
    throw new Error(`${client.name} with ${trust}: for another reason: ${lastLines(ran)}`);
  return isConnected ? `${client.name}: connects` : `${client.name}: ${lastLines(ran)}`;
}

/** What the clients of a cluster are tried with. */
export interface Trying {
  /** The name of the check for each file. */
  readonly checks: Readonly<Record<Trust, string>>;
  readonly release: string;
  readonly server: () => string;
  readonly caFile: string;
  readonly rootFile: string;
  /** Where kube-root-ca.crt is written, as pods get it. */
  readonly folder: string;
  readonly readPublished: () => Promise<string>;
  readonly kubectl: (args: readonly string[]) => Promise<string>;
}

export async function tryClients(check: Check, trying: Trying): Promise<void> {
  const inPod = join(trying.folder, 'kube-root-ca.crt');
  const files: Readonly<Record<Trust, string>> = {
    'ca.crt': trying.caFile,
    'ca-chain.crt': inPod,
    root: trying.rootFile,
  };
  let clients: readonly TlsClient[] = [];
  let token = '';
  for (const trust of TRUST)
    await check(trying.checks[trust], async () => {
      if (token === '') {
        clients = await tlsClients(trying.release);
        writeFileSync(inPod, await trying.readPublished());
        token = await until('a token', () =>
          trying.kubectl(['-n', 'default', 'create', 'token', 'default']),
        );
      }
      const call = { server: trying.server(), token: token.trim(), caFile: files[trust] };
      const seen: string[] = [];
      for (const client of clients) seen.push(await tryClient(client, trust, call));
      return seen.join('; ');
    });
}
