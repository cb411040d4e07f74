import type { IncomingMessage } from 'node:http';
import { AwsError } from '../aws-error.ts';
import type { LocalRequest } from './message.ts';
import type { Body } from './read-body.ts';

/** Reads a request up to its body. */
export function readRequest(incoming: IncomingMessage, id: string, body: Body): LocalRequest {
  const target = incoming.url ?? '/';
  const mark = target.indexOf('?');
  return {
    id,
    method: incoming.method ?? 'GET',
    rawPath: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? [] : readQuery(target.slice(mark + 1)),
    headers: readHeaders(incoming.rawHeaders),
    body: (maxBytes) => body.read(maxBytes),
    sourceIp: incoming.socket.remoteAddress ?? '127.0.0.1',
  };
}

/** Percent-decodes. Invalid UTF-8 is refused, not replaced, so that two keys never become the same. */
export function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new AwsError('InvalidURI', "Couldn't parse the specified URI.");
  }
}

function readQuery(text: string): [string, string][] {
  return text
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const equals = part.indexOf('=');
      if (equals < 0) return [decodePercent(part), ''];
      return [decodePercent(part.slice(0, equals)), decodePercent(part.slice(equals + 1))];
    });
}

/** Joins repeated headers with a comma, as the canonical request of Signature Version 4 does. */
function readHeaders(rawHeaders: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = String(rawHeaders[at]).toLowerCase();
    const value = String(rawHeaders[at + 1]);
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  return headers;
}
