import type { IncomingMessage } from 'node:http';
import { AwsError } from '../aws-error.ts';

/** The memory that bodies take, of all requests that are being read or handled. */
export class BodyMemory {
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @returns false if there is not that much left */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#maxBytes) return false;
    this.#bytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#bytes -= bytes;
  }
}

/** The body of one request, which is read once, and counts until it is released. */
export class Body {
  readonly #incoming: IncomingMessage;
  readonly #memory: BodyMemory;
  readonly #begin: () => void;
  #read: Promise<Buffer> | undefined;
  #isBegun = false;
  #taken = 0;

  /** @param begin called before the first byte is read: a client can wait for it (Expect: 100-continue) */
  constructor(incoming: IncomingMessage, memory: BodyMemory, begin: () => void) {
    this.#incoming = incoming;
    this.#memory = memory;
    this.#begin = begin;
  }

  /** Whether any of it was read. */
  get isBegun(): boolean {
    return this.#isBegun;
  }

  read(maxBytes: number): Promise<Buffer> {
    this.#read ??= this.#readAll(maxBytes);
    return this.#read;
  }

  release(): void {
    this.#memory.release(this.#taken);
    this.#taken = 0;
  }

  async #readAll(maxBytes: number): Promise<Buffer> {
    const announced = Number(this.#incoming.headers['content-length'] ?? 0);
    if (announced > maxBytes) throw tooLarge(announced, maxBytes);
    this.#isBegun = true;
    this.#begin();
    const chunks: Buffer[] = [];
    let size = 0;
    let refusal: AwsError | undefined;
    // A refused body is read too, but not kept: a client reads the response only after it has sent everything.
    for await (const chunk of this.#incoming as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) refusal = tooLarge(size, maxBytes);
      refusal ??= this.#take(chunk.length);
      if (refusal === undefined) chunks.push(chunk);
      else chunks.length = 0;
    }
    if (refusal !== undefined) throw refusal;
    return Buffer.concat(chunks);
  }

  #take(bytes: number): AwsError | undefined {
    if (!this.#memory.take(bytes))
      return new AwsError('SlowDown', 'Please reduce your request rate.');
    this.#taken += bytes;
    return undefined;
  }
}

function tooLarge(size: number, maxBytes: number): AwsError {
  return new AwsError('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', {
    details: { ProposedSize: String(size), MaxSizeAllowed: String(maxBytes) },
  });
}
