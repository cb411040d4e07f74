/** Runs MiniStack in a separate process, on a free loopback port, with TLS and with IAM enforced. */
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

/** Credentials for SDK clients. No policy binds MiniStack's root user, unlike that of an AWS account. */
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
  /** Holds its files; removed when it has stopped. */
  readonly folder: string;
  /** The output of MiniStack and of the functions in it. */
  readonly logFile: string;
  readonly pid: number;
  /** Settings of SDK clients in this process, with the CA: NODE_EXTRA_CA_CERTS is read only when a process starts. */
  client(credentials?: Credentials): ClientSettings;
  /** The environment of programs that use it, such as the CDK and `cakeless`. */
  environment(credentials?: Credentials): Record<string, string>;
  /** Resolves when it has stopped and its data is removed. */
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
  /** Leave the gaps of its IAM open that start_ministack.py closes. */
  readonly bare?: boolean;
}

const STARTED_WITHIN_MS = 60_000;
/** A custom resource that hangs makes MiniStack ignore SIGTERM. */
const STOPPED_WITHIN_MS = 5_000;

/** @throws Error if it is not installed, exits or does not respond; with the end of its log */
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
      endpoint: running.endpoint,
      region,
      credentials,
      maxAttempts: 1,
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
  await untilHealthy(running, child, httpsAgent);
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

/** Not a CA, so that clients trust no other certificate because of it. */
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

/** In a separate process group, with the workers that run the functions. */
function launch(folder: string, port: number, region: string, bare: boolean): ChildProcess {
  const { ministack, node24 } = ministackPrograms();
  const log = openSync(join(folder, 'log'), 'a');
  const program = resolve('test', 'stand-in', 'start_ministack.py');
  const child = spawn(ministack, [program, ...(bare ? ['--bare'] : [])], {
    detached: true,
    stdio: ['ignore', log, log],
    env: {
      PATH: [node24, '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter),
      HOME: folder,
      TMPDIR: folder,
      PYTHONDONTWRITEBYTECODE: '1',
      PYTHONUNBUFFERED: '1',
      BIND_HOST: '127.0.0.1',
      MINISTACK_HOST: '127.0.0.1',
      MINISTACK_REGION: region,
      GATEWAY_PORT: String(port),
      IOT_MTLS_ENABLED: '0',
      SFTP_ENABLED: '0',
      USE_SSL: '1',
      MINISTACK_SSL_CERT: join(folder, 'endpoint.crt'),
      MINISTACK_SSL_KEY: join(folder, 'endpoint.key'),
      AUTH: 'true',
      AWS_ACCESS_KEY_ID: ROOT.accessKeyId,
      AWS_SECRET_ACCESS_KEY: ROOT.secretAccessKey,
      NODE_EXTRA_CA_CERTS: join(folder, 'endpoint.crt'),
    },
  });
  const kill = () => killGroup(child);
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  return child;
}

async function untilHealthy(running: Ministack, child: ChildProcess, agent: Agent): Promise<void> {
  const deadline = Date.now() + STARTED_WITHIN_MS;
  while (!(await healthy(running.endpoint, agent))) {
    if (child.exitCode === null && child.signalCode === null && Date.now() < deadline) {
      await delay(50);
      continue;
    }
    const log = readFileSync(running.logFile, 'utf8').trim().slice(-2000);
    await running.stop();
    throw new Error(`MiniStack did not start: ${log}`);
  }
}

function healthy(endpoint: string, agent: Agent): Promise<boolean> {
  return new Promise((done) => {
    get(`${endpoint}/_ministack/health`, { agent }, (response) => {
      response.resume();
      done(response.statusCode === 200);
    }).on('error', () => done(false));
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = new Promise<void>((done) => child.once('exit', () => done()));
    const stopped = new AbortController();
    child.kill('SIGTERM');
    const late = delay(STOPPED_WITHIN_MS, true, { signal: stopped.signal }).catch(() => false);
    if (await Promise.race([ended, late])) killGroup(child);
    stopped.abort();
    await ended;
  }
  killGroup(child);
}

/** The workers survive when MiniStack is killed. */
function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // no process is left
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
