/** Reads the response to a watch: one JSON document a line (apimachinery pkg/watch, meta/v1 WatchEvent). */
import type { IncomingMessage } from 'node:http';
import { KubeSilence, KubeUnreachable, type WatchEvent } from './kube-client.ts';
import { LARGEST_OBJECT_BYTES, parseJson, toKubeError, unreachable } from './response.ts';
import type { Timers } from './timers.ts';

/** The API server sends a bookmark about each minute. */
const SILENCE_MS = 90_000;

/**
 * @throws KubeError for an event of type ERROR, KubeUnreachable if the connection breaks or is silent, or for a line
 * that is no event
 */
export async function* readEvents<T>(
  response: IncomingMessage,
  timers: Timers,
): AsyncGenerator<WatchEvent<T>> {
  for await (const line of readLines(response, timers)) yield toEvent<T>(parseJson(line));
}

async function* readLines(response: IncomingMessage, timers: Timers): AsyncGenerator<string> {
  const chunks = response[Symbol.asyncIterator]();
  const splitter = new LineSplitter();
  try {
    for (;;) {
      const chunk = await nextChunk(response, chunks, timers);
      if (chunk === undefined) break;
      yield* splitter.push(chunk);
    }
  } finally {
    response.destroy();
  }
  if (splitter.hasRest) throw new KubeUnreachable('the watch broke off in the middle of an event');
}

class LineSplitter {
  #parts: Buffer[] = [];
  #size = 0;

  get hasRest(): boolean {
    return this.#size > 0;
  }

  /** @returns the lines that are complete now @throws KubeUnreachable if a line is too long */
  *push(chunk: Buffer): Generator<string> {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#add(chunk.subarray(start, end));
      const line = Buffer.concat(this.#parts).toString('utf8');
      this.#parts = [];
      this.#size = 0;
      start = end + 1;
      yield line;
    }
    this.#add(chunk.subarray(start));
  }

  #add(part: Buffer): void {
    this.#size += part.length;
    if (this.#size > LARGEST_OBJECT_BYTES)
      throw new KubeUnreachable(`a watch event of more than ${LARGEST_OBJECT_BYTES} bytes`);
    this.#parts.push(part);
  }
}

const NEWLINE = 0x0a;

/** The silence is that of the server: while an event is processed, no time passes. */
async function nextChunk(
  response: IncomingMessage,
  chunks: AsyncIterator<Buffer>,
  timers: Timers,
): Promise<Buffer | undefined> {
  const cancel = timers.start(SILENCE_MS, () =>
    response.destroy(new KubeSilence(`no event and no bookmark for ${SILENCE_MS / 1000}s`)),
  );
  try {
    const { done, value } = await chunks.next();
    return done ? undefined : value;
  } catch (error) {
    throw unreachable(error);
  } finally {
    cancel();
  }
}

const TYPES = ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK'] as const;

function toEvent<T>(value: unknown): WatchEvent<T> {
  const { type, object } = Object(value) as Record<string, unknown>;
  if (type === 'ERROR') throw toKubeError(object, 0, 'the watch failed');
  const known = TYPES.find((one) => one === type);
  const { resourceVersion } = Object(Object(object).metadata);
  if (known === undefined || typeof resourceVersion !== 'string')
    throw new KubeUnreachable('the watch sent something that is not an event');
  return { type: known, object: object as T };
}
