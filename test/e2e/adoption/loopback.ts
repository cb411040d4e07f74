/**
 * The service on the loopback of a machine. Only there does `trust-domain adopt` import keys without TLS, which the service
 * of the test does not have.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Machine } from '../whole-cluster/machine.ts';

const RELAY = join(import.meta.dirname, 'relay.mjs');

/** @param use gets the machine, whose commands reach the service by loopback */
export async function withLoopback<Result>(
  machine: Machine,
  service: string,
  use: (machine: Pick<Machine, 'inside'>) => Promise<Result>,
): Promise<Result> {
  const { hostname, port } = new URL(service);
  const [program = '', ...args] = machine.inside([process.execPath, RELAY, hostname, port]);
  const relay = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const [line] = await once(relay.stdout, 'data');
    const url = `http://127.0.0.1:${String(line).trim()}`;
    return await use({
      inside: (command) => machine.inside(['env', `AWS_ENDPOINT_URL=${url}`, ...command]),
    });
  } finally {
    relay.stdin.end();
  }
}
