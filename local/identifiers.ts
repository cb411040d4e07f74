/** A source of random bytes; `node:crypto`'s `randomBytes` has this form. */
export type Random = (size: number) => Buffer;

/** A version 4 UUID, as KMS key ids, SQS message ids and request ids are (RFC 9562, section 5.4). */
export function randomUuid(random: Random): string {
  const bytes = random(16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [0, 8, 12, 16, 20]
    .map((start, part) => hex.slice(start, [8, 12, 16, 20, 32][part]))
    .join('-');
}

/**
 * An identifier in IAM's format: a four-letter prefix for its type (AKIA access key, AIDA user, AROA role) and sixteen
 * letters or digits.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
 */
export function iamIdentifier(prefix: 'AKIA' | 'AIDA' | 'AROA', random: Random): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  return prefix + Array.from(random(16), (byte) => alphabet[byte % 32]).join('');
}

/** A secret access key: forty characters, as AWS's are. */
export function secretAccessKey(random: Random): string {
  return random(30).toString('base64');
}
