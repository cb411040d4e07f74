/**
 * Refuses to call KMS over a connection that others can change. It looks at each request, because the endpoint comes from
 * a variable, or from a profile or a section of ~/.aws/config.
 */
import type { KMSClient } from '@aws-sdk/client-kms';

/** The name by which `toFault` knows it. */
export class InsecureConnectionError extends Error {
  override name = 'InsecureConnectionError';
}

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/;

/** @param environment as `process.env`: Node.js then accepts any certificate */
export function requireTls(
  client: KMSClient,
  environment: Readonly<Record<string, string | undefined>>,
): KMSClient {
  client.middlewareStack.add(
    (next) => (args) => {
      const { protocol, hostname } = args.request as { protocol?: string; hostname?: string };
      const problem = problemOf(protocol, hostname, environment);
      if (problem === undefined) return next(args);
      throw new InsecureConnectionError(
        `${problem}, so anyone on the path could replace the wrapping key, and would get the CA key`,
      );
    },
    // after the endpoint is known, and before anything is signed or sent
    { step: 'build', name: 'requireTls', priority: 'low' },
  );
  return client;
}

function problemOf(
  protocol = '',
  hostname = '',
  { NODE_TLS_REJECT_UNAUTHORIZED: verifies }: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (LOOPBACK.test(hostname)) return undefined;
  if (protocol !== 'https:') return `the endpoint ${protocol}//${hostname} has no TLS`;
  return verifies === '0'
    ? `NODE_TLS_REJECT_UNAUTHORIZED=0 accepts any certificate as that of ${hostname}`
    : undefined;
}
