/**
 * One request to a server, with a client certificate. A response says something only if the server is verified: it serves
 * the certificate that is on disk, or one that the CA certificates of this node verify.
 */
import { X509Certificate } from 'node:crypto';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { certificatesIn } from '../../../lib/certificate/pem.ts';
import { sha256Of } from '../disk/fingerprints.ts';

export interface Server {
  readonly host: string;
  readonly port: number;
  /** PEM certificates that may verify it. */
  readonly ca: string;
  /** Digest of the certificate that it has on disk; undefined if there is no such file. */
  readonly onDisk: string | undefined;
  /** Whether a server that cannot be verified counts, too. */
  readonly isAnyServer?: true;
}

/** A GET request. */
export interface Question {
  readonly path: string;
}

/** In PEM. The key is only in memory. */
export interface ClientPair {
  readonly cert: string;
  readonly key: string;
}

export type Answer =
  | { readonly state: 'responded'; readonly status: number; readonly body: string }
  /** It ended the connection because of the certificate. */
  | { readonly state: 'refused'; readonly why: string }
  | { readonly state: 'unreachable'; readonly why: string };

/** Who the server took this node for is in the first lines. */
const MAX_BODY = 16 * 1024;

/**
 * Does not throw if the pair can be used.
 * @param pair undefined: without a client certificate
 * @param timeoutMs for the whole response: a program that sends one byte at a time must not block the run
 */
export function askServer(
  { host, port, ca, onDisk, isAnyServer }: Server,
  { path }: Question,
  pair: ClientPair | undefined,
  timeoutMs: number,
): Promise<Answer> {
  return new Promise((resolve) => {
    const cas = certificatesIn(ca).filter(isReadable); // an unreadable one would make Node.js throw
    let socket: TLSSocket | undefined;
    let isLate = false;
    const request = httpsRequest({
      agent: false,
      host,
      port,
      path,
      // an empty list would make Node.js trust the CAs of the system
      ...(cas.length > 0 && { ca: cas }),
      allowPartialTrustChain: true,
      ...pair,
      // an address cannot be in SNI
      servername: isIP(host) ? '' : host,
      rejectUnauthorized: false, // judged below, because a certificate on disk counts, too
      headers: { accept: 'application/json', 'user-agent': 'cakeless' },
    });
    const timer = setTimeout(() => {
      isLate = true;
      request.destroy(new Error());
    }, timeoutMs);
    const settle = (answer: Answer) => {
      clearTimeout(timer);
      request.destroy();
      resolve(isLate ? { state: 'unreachable', why: 'no response in time' } : answer);
    };
    const isVerified = (one: TLSSocket) => {
      const served = one.getPeerX509Certificate();
      const isOnDisk = served !== undefined && sha256Of(served) === onDisk;
      return isAnyServer === true || isOnDisk || (cas.length > 0 && one.authorized);
    };
    let verified = false;
    request.once('socket', (one) =>
      one.once('secureConnect', () => {
        socket = one as TLSSocket;
        verified = isVerified(socket);
      }),
    );
    request.on('error', (error: NodeJS.ErrnoException) =>
      settle(socket && !verified ? UNVERIFIED : answerOfError(error, socket !== undefined)),
    );
    request.once('response', (response) => {
      const { statusCode: status = 0 } = response;
      const end = (text: string) =>
        settle(verified ? { state: 'responded', status, body: text } : UNVERIFIED);
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        if (text.length > MAX_BODY) end(text.slice(0, MAX_BODY));
      });
      response.once('end', () => end(text));
      response.once('error', (error: NodeJS.ErrnoException) =>
        settle({ state: 'unreachable', why: error.code ?? 'the response is incomplete' }),
      );
    });
    request.end();
  });
}

function isReadable(pem: string): boolean {
  try {
    return new X509Certificate(pem).ca;
  } catch {
    return false;
  }
}

const UNVERIFIED: Answer = {
  state: 'unreachable',
  why: 'the certificate that it serves is neither the one on disk nor verified by the CA file',
};

/** The alerts that are about a client's certificate (RFC 8446 section 6.2). */
const ABOUT_CERTIFICATE: ReadonlyMap<string, string> = new Map([
  ['42', 'bad certificate'],
  ['43', 'unsupported certificate'],
  ['44', 'certificate revoked'],
  ['45', 'certificate expired'],
  ['46', 'certificate unknown'],
  ['48', 'unknown CA'],
  ['49', 'access denied'],
  ['116', 'certificate required'],
]);

/**
 * In TLS 1.3 a server refuses a certificate after the handshake is complete for the client, and what it still had to read
 * can turn its alert into a reset. Node.js has the number of an alert only in the message, beside what else OpenSSL says.
 */
function answerOfError(
  { code, message }: NodeJS.ErrnoException,
  isConnected: boolean,
): Exclude<Answer, { readonly state: 'responded' }> {
  const [, number = ''] = /SSL alert number (\d+)/.exec(message) ?? [];
  const alert = ABOUT_CERTIFICATE.get(number);
  if (alert !== undefined) return { state: 'refused', why: `TLS alert: ${alert}` };
  const why = number === '' ? (code ?? 'no response') : `TLS alert ${number}`;
  return isConnected
    ? { state: 'refused', why: `it closed the connection (${why})` }
    : { state: 'unreachable', why };
}
