import { AwsError } from '../aws-error.ts';
import type { LocalRequest } from '../http/message.ts';
import type { Caller } from './authenticate.ts';
import { type ChunkSigner, decodeChunks } from './aws-chunked.ts';
import type { Payload } from './body.ts';
import { sha256Hex, sign } from './signing-key.ts';

/**
 * Checks a body against the hash, or the keyword, that the signature covers.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html (the table of
 * x-amz-content-sha256 values)
 */
export function openPayload(caller: Caller, sent: Buffer): Payload {
  const { request, payloadHash } = caller;
  switch (payloadHash) {
    case 'STREAMING-UNSIGNED-PAYLOAD-TRAILER':
      return decodeChunks(sent, chunkedForm(request, true));
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD':
      return decodeChunks(sent, chunkedForm(request, false), chunkSigner(caller));
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER':
      return decodeChunks(sent, chunkedForm(request, true), chunkSigner(caller));
    case 'UNSIGNED-PAYLOAD':
      if (caller.claim.scope.service === 's3') return { body: sent, trailers: new Map() };
      break;
    case sha256Hex(sent):
      return { body: sent, trailers: new Map() };
  }
  if (/^[0-9a-f]{64}$/.test(payloadHash)) {
    throw new AwsError(
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    );
  }
  throw new AwsError(
    'InvalidArgument',
    `x-amz-content-sha256 cannot be ${JSON.stringify(payloadHash)} here`,
  );
}

function chunkedForm(request: LocalRequest, trailing: boolean) {
  const decodedLength = request.headers.get('x-amz-decoded-content-length') ?? '';
  if (!/^\d{1,15}$/.test(decodedLength)) {
    throw new AwsError('InvalidRequest', 'You must provide x-amz-decoded-content-length.');
  }
  const announced = (request.headers.get('x-amz-trailer') ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
  return { decodedLength: Number(decodedLength), trailers: trailing ? announced : [] };
}

/**
 * The signature of a chunk covers the previous one; that of the first chunk covers the request's.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */
function chunkSigner({ claim, key }: Caller): ChunkSigner {
  let previous = claim.signature;
  return {
    chunk(data) {
      previous = sign(key, 'AWS4-HMAC-SHA256-PAYLOAD', claim, [
        previous,
        sha256Hex(''),
        sha256Hex(data),
      ]);
      return previous;
    },
    trailer(text) {
      return sign(key, 'AWS4-HMAC-SHA256-TRAILER', claim, [previous, sha256Hex(text)]);
    },
  };
}
