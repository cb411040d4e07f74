/** MiniStack as a process of its own, on a free port of loopback, with TLS and with IAM enforced. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, get } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ministackPrograms, whyNoMinistack } from './ministack-program.ts';

export const ACCOUNT = '000000000000';

/** What an SDK client takes; MiniStack's root is above every policy, which AWS's is not. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface Ministack {
  readonly endpoint: string;
  readonly region: string;
  readonly root: Credentials;
  /** Certificate of the endpoint, in PEM: what clients must trust. */
  readonly caFile: string;
  /** For its files; gone when it has stopped. */
  readonly folder: string;
  /** Everything that MiniStack and the functions in it said. */
  readonly logFile: string;
  readonly pid: number;
  /** What an SDK client in this process is made with; NODE_EXTRA_CA_CERTS is read at the start of a process only. */
  client(credentials?: Credentials): ClientSettings;
  /** The environment of a program that talks to it, such as the CDK and `cakeless`. */
  environment(credentials?: Credentials): Record<string, string>;
  /** Ends when it has; what it kept is gone. */
  stop(): Promise<void>;
}

export interface ClientSettings {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Credentials;
  readonly maxAttempts: number;
  readonly requestHandler: { readonly httpsAgent: Agent };
}

interface Choices {
  readonly region?: string;
  /** Without the gaps closed that start_ministack.py closes. */
  readonly bare?: boolean;
}

const STARTED_WITHIN_MS = 60_000;
/** A custom resource that hangs makes MiniStack ignore SIGTERM. */
const STOPPED_WITHIN_MS = 5_000;

/** @throws Error where it can't be had, or ended or stayed silent; the message has the end of its log */
export async function startMinistack(choices: Choices = {}): Promise<Ministack> {
  const missing = whyNoMinistack();
  if (missing !== undefined) throw new Error(missing);
  const { region = 'eu-central-1', bare = false } = choices;
  const folder = await mkdtemp(join(tmpdir(), 'cakeless-ministack-'));
  const port = await freePort();
  const caFile = makeCertificate(folder);
  const child = launch(folder, port, region, bare);
  const httpsAgent = new Agent({ ca: readFileSync(caFile), keepAlive: true });
  const running = {
    endpoint: `https://127.0.0.1:${port}`,
    region,
    root: ROOT,
    caFile,
    folder,
    logFile: join(folder, 'log'),
    pid: child.pid ?? 0,
    client: (credentials: Credentials = ROOT) => ({
      ...{ endpoint: running.endpoint, region, credentials, maxAttempts: 1 },
      requestHandler: { httpsAgent },
    }),
    environment: (credentials: Credentials = ROOT) =>
      environmentOf(running.endpoint, region, caFile, credentials),
    stop: async () => {
      httpsAgent.destroy();
      await end(child);
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
  await answered(running, child, httpsAgent);
  return running;
}

const ROOT: Credentials = { accessKeyId: 'root-of-the-account', secretAccessKey: 'root-secret' };

function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer().on('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** No CA, so that nothing else that a client trusts could come from it. */
function makeCertificate(folder: string): string {
  const file = join(folder, 'endpoint.crt');
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout'];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', ...key, join(folder, 'endpoint.key'), '-out', file, '-days', '30'],
      ...['-subj', '/CN=stand-in for AWS', '-addext', 'basicConstraints=critical,CA:FALSE'],
      ...['-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'],
    ],
    { stdio: 'pipe' },
  );
  return file;
}

/** In a process group of its own, with the workers that it runs functions in. */
function launch(folder: string, port: number, region: string, bare: boolean): ChildProcess {
  const { ministack, node24 } = ministackPrograms();
  const log = openSync(join(folder, 'log'), 'a');
  const program = resolve('test', 'stand-in', 'start_ministack.py');
  const child = spawn(ministack, [program, ...(bare ? ['--bare'] : [])], {
    detached: true,
    stdio: ['ignore', log, log],
    env: {
      PATH: [node24, '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter),
      ...{ HOME: folder, TMPDIR: folder, PYTHONDONTWRITEBYTECODE: '1', PYTHONUNBUFFERED: '1' },
      ...{ BIND_HOST: '127.0.0.1', MINISTACK_HOST: '127.0.0.1', GATEWAY_PORT: String(port) },
      ...{ IOT_MTLS_ENABLED: '0', SFTP_ENABLED: '0', MINISTACK_REGION: region },
      ...{ USE_SSL: '1', MINISTACK_SSL_CERT: join(folder, 'endpoint.crt') },
      MINISTACK_SSL_KEY: join(folder, 'endpoint.key'),
      ...{ AUTH: 'true', AWS_ACCESS_KEY_ID: ROOT.accessKeyId },
      AWS_SECRET_ACCESS_KEY: ROOT.secretAccessKey,
      NODE_EXTRA_CA_CERTS: join(folder, 'endpoint.crt'),
    },
  });
  const kill = () => killGroup(child);
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  return child;
}

async function answered(running: Ministack, child: ChildProcess, agent: Agent): Promise<void> {
  const deadline = Date.now() + STARTED_WITHIN_MS;
  while (!(await healthy(running.endpoint, agent))) {
    if (child.exitCode === null && child.signalCode === null && Date.now() < deadline) {
      await delay(50);
      continue;
    }
    const said = readFileSync(running.logFile, 'utf8').trim().slice(-2000);
    await running.stop();
    throw new Error(`MiniStack did not start: ${said}`);
  }
}

function healthy(endpoint: string, agent: Agent): Promise<boolean> {
  return new Promise((done) => {
    get(`${endpoint}/_ministack/health`, { agent }, (answer) => {
      answer.resume();
      done(answer.statusCode === 200);
    }).on('error', () => done(false));
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = new Promise<void>((done) => child.once('exit', () => done()));
    const patience = new AbortController();
    child.kill('SIGTERM');
    const late = delay(STOPPED_WITHIN_MS, true, { signal: patience.signal }).catch(() => false);
    if (await Promise.race([ended, late])) killGroup(child);
    patience.abort();
    await ended;
  }
  killGroup(child);
}

/** The workers outlive a MiniStack that was killed. */
function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // nobody is left
  }
}

function environmentOf(
  endpoint: string,
  region: string,
  caFile: string,
  credentials: Credentials,
): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    ...(credentials.sessionToken && { AWS_SESSION_TOKEN: credentials.sessionToken }),
    AWS_CA_BUNDLE: caFile,
    NODE_EXTRA_CA_CERTS: caFile,
  };
}
