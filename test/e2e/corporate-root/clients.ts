/** Clients in several languages, and which CA certificates each needs to verify a server below a corporate root. */
import { resolve } from 'node:path';
import { lastLines, mustRun, run } from '../harness/program.ts';
import { kubernetesProgram } from '../harness/programs.ts';

/** What a client is given: the CA of the cluster alone, the same with everything above it, or the root alone. */
export const TRUST = ['ca.crt', 'ca-chain.crt', 'root'] as const;

export type Trust = (typeof TRUST)[number];

export interface Call {
  readonly server: string;
  readonly token: string;
  readonly caFile: string;
}

export interface TlsClient {
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
export async function tlsClients(release: string): Promise<TlsClient[]> {
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
export async function tryClient(client: TlsClient, trust: Trust, call: Call): Promise<string> {
  const ran = await run(client.command(call));
  const isWanted = !(client.needsRoot && trust === 'ca.crt');
  const isConnected = ran.exitCode === 0;
  if (isConnected !== isWanted) throw new Error(`${client.name} with ${trust}: ${lastLines(ran)}`);
  if (!isConnected && !/issuer/.test(lastLines(ran)))
    throw new Error(`${client.name} with ${trust}: for another reason: ${lastLines(ran)}`);
  return isConnected ? `${client.name}: connects` : `${client.name}: ${lastLines(ran)}`;
}
