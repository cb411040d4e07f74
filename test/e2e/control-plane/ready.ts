/** Whether an API server is ready, as a load balancer checks it: without a client certificate, trusting any server. */
import { get } from 'node:https';
import type { Backend } from './load-balancer.ts';

const READY_MS = 1000;

export function isReady({ host, port }: Backend): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { rejectUnauthorized: false, agent: false, timeout: READY_MS };
    const asked = get(`https://${host}:${port}/readyz`, options, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.once('timeout', () => asked.destroy());
    asked.once('error', () => resolve(false));
  });
}
