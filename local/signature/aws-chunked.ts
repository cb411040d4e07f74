import { AwsError } from '../aws-error.ts';
import type { Payload } from './body.ts';
import { sameSignature } from './signing-key.ts';

/** Computes the signature that the next chunk, or the trailer after the last one, must have. */
export interface ChunkSigner {
  chunk(data: Buffer): string;
  trailer(text: string): string;
}

/**
 * Decodes S3's own chunked framing. With a signer, every chunk must have its signature, and so must the trailer. A body
 * that ends early is refused, and nothing of it is stored.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */
export function decodeChunks(
  framed: Buffer,
  form: { decodedLength: number; trailers: readonly string[] },
  signer?: ChunkSigner,
): Payload {
  const reader = new FrameReader(framed);
  const chunks: Buffer[] = [];
  for (;;) {
    const header = /^([0-9a-fA-F]{1,8})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(reader.line());
    if (header === null) throw incomplete('a chunk has an invalid header');
    const size = Number.parseInt(header[1] ?? '', 16);
    const chunk = reader.take(size);
    if (signer !== undefined) checkSignature(header[2], signer.chunk(chunk));
    if (size === 0) break;
    reader.expectLineEnd();
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  if (body.length !== form.decodedLength) {
    throw incomplete('the chunks do not add up to x-amz-decoded-content-length');
  }
  return { body, trailers: readTrailers(reader, form.trailers, signer) };
}

function readTrailers(
  reader: FrameReader,
  announced: readonly string[],
  signer: ChunkSigner | undefined,
): Map<string, string> {
  const trailers = new Map<string, string>();
  let signed = '';
  let signature: string | undefined;
  for (let line = reader.line(); line !== ''; line = reader.atEnd() ? '' : reader.line()) {
    const colon = line.indexOf(':');
    if (colon < 1) throw malformedTrailer(`${JSON.stringify(line)} is not a trailing header`);
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'x-amz-trailer-signature') {
      signature = value;
      continue;
    }
    if (!announced.includes(name)) throw malformedTrailer(`${name} is not named in x-amz-trailer`);
    trailers.set(name, value);
    signed += `${name}:${value}\n`;
  }
  const missing = announced.filter((name) => !trailers.has(name));
  if (missing.length > 0) throw malformedTrailer(`${missing.join(', ')} is missing`);
  if (signer !== undefined && announced.length > 0) {
    checkSignature(signature, signer.trailer(signed));
  }
  return trailers;
}

function checkSignature(given: string | undefined, expected: string): void {
  if (given !== undefined && sameSignature(given, expected)) return;
  throw new AwsError(
    'SignatureDoesNotMatch',
    'The chunk signature we calculated does not match the signature you provided.',
  );
}

function incomplete(why: string): AwsError {
  return new AwsError(
    'IncompleteBody',
    `The request body terminated unexpectedly or is not framed as aws-chunked: ${why}`,
  );
}

function malformedTrailer(why: string): AwsError {
  return new AwsError(
    'MalformedTrailerError',
    `The request contained malformed trailing data: ${why}`,
  );
}

/** Reads a framed body from start to end. @throws AwsError IncompleteBody if anything is missing */
class FrameReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  line(): string {
    const end = this.#bytes.indexOf('\r\n', this.#at);
    if (end < 0) throw incomplete('a line is incomplete');
    const line = this.#bytes.toString('latin1', this.#at, end);
    this.#at = end + 2;
    return line;
  }

  take(size: number): Buffer {
    if (this.#at + size > this.#bytes.length) throw incomplete('a chunk is shorter than it says');
    this.#at += size;
    return this.#bytes.subarray(this.#at - size, this.#at);
  }

  expectLineEnd(): void {
    if (this.line() !== '') throw incomplete('a chunk is longer than it says');
  }

  atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }
}
