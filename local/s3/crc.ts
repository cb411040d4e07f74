import { crc32 } from 'node:zlib';

/** A table of 256 remainders for a reflected 32-bit polynomial. */
function remainders(polynomial: number): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit += 1) {
      remainder = (remainder >>> 1) ^ (remainder & 1 ? polynomial : 0);
    }
    return remainder >>> 0;
  });
}

/** CRC-32/ISO-HDLC, as in zip. */
export function crc32Of(bytes: Buffer): Buffer {
  return fourBytes(crc32(bytes));
}

/** CRC-32C (Castagnoli), RFC 3720 appendix B.4. */
const castagnoli = remainders(0x82f63b78);
export function crc32cOf(bytes: Buffer): Buffer {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (castagnoli[(crc ^ byte) & 0xff] ?? 0);
  return fourBytes((crc ^ 0xffffffff) >>> 0);
}

/**
 * CRC-64/NVME (NVM Express NVM Command Set Specification, section 5.2.1.3.4), which S3 computes if the client sent no
 * checksum. In two 32-bit halves: BigInt would be thirty times slower.
 */
const nvmePolynomial = 0x9a6c9329ac4bc9b5n;
const nvmeRemainders = Array.from({ length: 256 }, (_, byte) => {
  let remainder = BigInt(byte);
  for (let bit = 0; bit < 8; bit += 1) {
    remainder = (remainder >> 1n) ^ (remainder & 1n ? nvmePolynomial : 0n);
  }
  return remainder;
});
const nvmeHigh = Uint32Array.from(nvmeRemainders, (remainder) => Number(remainder >> 32n));
const nvmeLow = Uint32Array.from(nvmeRemainders, (remainder) => Number(remainder & 0xffffffffn));
export function crc64nvmeOf(bytes: Buffer): Buffer {
  let high = 0xffffffff;
  let low = 0xffffffff;
  for (const byte of bytes) {
    const index = (low ^ byte) & 0xff;
    low = ((low >>> 8) | (high << 24)) ^ (nvmeLow[index] ?? 0);
    high = (high >>> 8) ^ (nvmeHigh[index] ?? 0);
  }
  return Buffer.concat([fourBytes(~high >>> 0), fourBytes(~low >>> 0)]);
}

function fourBytes(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
