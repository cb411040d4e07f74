/** Reads responses of the API server. Everything in them is bounded: size, time, and what an error quotes. */
import type { IncomingMessage } from 'node:http';
import { KubeError, KubeUnreachable } from './kube-client.ts';
import type { Timers } from './timers.ts';

const BODY_MS = 30_000;
const MAX_ERROR_BYTES = 64 * 1024;
const MAX_QUOTED = 1000;

/**
 * The API server takes requests of 3 MiB, and JSON writes some characters in six (`<` as `\u003c`). Lists and watches
 * have to get past such an object: everyone who can create one could otherwise stop them.
 */
export const LARGEST_OBJECT_BYTES = 20 * 1024 * 1024;

/** A response that is larger than its limit. */
export class TooLarge extends KubeUnreachable {}

/** @throws TooLarge, or KubeUnreachable if it does not arrive in time or is incomplete */
export async function readBody(
  response: IncomingMessage,
  maxBytes: number,
  timers: Timers,
): Promise<Buffer> {
  const cancel = timers.start(BODY_MS, () =>
    response.destroy(new KubeUnreachable(`the response took more than ${BODY_MS / 1000}s`)),
  );
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response) {
      size += chunk.length;
      if (size > maxBytes) throw new TooLarge(`a response of more than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw unreachable(error);
  } finally {
    cancel();
  }
  return Buffer.concat(chunks);
}

/** For an error of the connection. */
export function unreachable(error: unknown): KubeUnreachable {
  if (error instanceof KubeUnreachable) return error;
  const { code, message, cause } = error as NodeJS.ErrnoException;
  const isLate = cause instanceof Error && cause.name === 'TimeoutError'; // of AbortSignal.timeout
  const text = isLate ? 'no response in time' : message === '' ? (code ?? 'no response') : message;
  return new KubeUnreachable(text, { cause: error });
}

/** @throws KubeUnreachable if the server sends something else, as a login page of a proxy */
export function requireJson(response: IncomingMessage): void {
  const type = contentType(response);
  if (type === 'application/json') return;
  response.destroy();
  throw new KubeUnreachable(
    `responded with ${type || 'no content type'} instead of application/json: not an API server`,
  );
}

const contentType = ({ headers }: IncomingMessage) =>
  (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new KubeUnreachable('responded with text that is not JSON');
  }
}

/** Of a response with a status that is not 2xx. @throws KubeUnreachable if it cannot be read */
export async function readError(response: IncomingMessage, timers: Timers): Promise<KubeError> {
  const { statusCode = 0, statusMessage = '', headers } = response;
  const body = await readBody(response, MAX_ERROR_BYTES, timers);
  const status = contentType(response) === 'application/json' ? parseJson(body.toString()) : {};
  return toKubeError(status, statusCode, statusMessage, secondsOf(headers['retry-after']));
}

/** @param status a Status object of the API (meta/v1), or anything else */
export function toKubeError(
  status: unknown,
  httpStatus: number,
  otherwise: string,
  retryAfterSeconds?: number,
): KubeError {
  const { code, reason, message, details } = Object(status) as Record<string, unknown>;
  const text = typeof message === 'string' && message !== '' ? message : otherwise;
  return new KubeError(
    httpStatus || (typeof code === 'number' ? code : 0),
    typeof reason === 'string' ? reason.slice(0, MAX_QUOTED) : '',
    text.slice(0, MAX_QUOTED),
    retryAfterSeconds ?? positive(Object(details).retryAfterSeconds),
  );
}

const secondsOf = (header: string | undefined) =>
  header !== undefined && /^\d+$/.test(header) ? Number(header) : undefined;

const positive = (seconds: unknown) =>
  typeof seconds === 'number' && seconds > 0 ? seconds : undefined;
