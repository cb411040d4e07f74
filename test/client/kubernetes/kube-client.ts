/** An API server that does what a test says, and a client of it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeClient, KubeDeps } from '../../../client/kubernetes/kube-client.ts';
import { openKubeClient } from '../../../client/kubernetes/open-kube-client.ts';
import { ManualTimers } from '../../support/manual-timers.ts';
import { type Respond, TlsApiServer } from '../../support/tls-api-server.ts';
import { untilTrue } from '../../support/until.ts';

export const folder = mkdtempSync(join(tmpdir(), 'kube-client-'));
export const server = new TlsApiServer(folder);
export let timers: ManualTimers;
export let stopped: AbortController;
let kept: jest.SpiedFunction<Agent['keepSocketAlive']>;

beforeAll(() => server.start());
beforeEach(() => {
  kept = jest.spyOn(Agent.prototype, 'keepSocketAlive');
  timers = new ManualTimers();
  stopped = new AbortController();
  server.requests.length = 0;
  server.users.length = 0;
  server.sockets.length = 0;
});
afterEach(() => {
  stopped.abort();
  server.breakConnections();
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

export function open(respond: Respond, kubeconfig = server.writeKubeconfig()): KubeClient {
  server.respond = respond;
  return openKubeClient({ kubeconfig }, deps());
}

const deps = (): KubeDeps => ({ timers, randomInt: () => 0, signal: stopped.signal });

export const list = async (client: KubeClient) => {
  const items = [];
  for await (const page of client.list<{ n: number }>('/items')) items.push(...page.items);
  return items;
};

export const messageOf = (error: unknown) => (error instanceof Error ? error.message : '');

/** Lets time pass as soon as a timer of this length waits. */
export async function elapse(milliseconds: number): Promise<void> {
  await untilTrue('a timer', () => timers.waiting.includes(milliseconds));
  timers.advance(milliseconds);
}

/** Until the last call's connection can be used again: Node.js may learn after the response that the request is written. */
export const untilIdle = () =>
  untilTrue('an idle connection', () => kept.mock.calls.length === server.requests.length);

export const status = (code: number, reason: string, message = reason) => ({
  kind: 'Status',
  status: 'Failure',
  code,
  reason,
  message,
});

export const page = (items: unknown[], next = '') => ({
  apiVersion: 'v1',
  kind: 'ItemList',
  metadata: { resourceVersion: '7', continue: next },
  items,
});
