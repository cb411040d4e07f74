/**
 * Parses each certificate and each key once in a worker of the quick suites. OpenSSL 3.0 needs 0.2 ms for a certificate and
 * 0.6 ms for a private key, and a test that renews a node ten times parses the same ones thousands of times: it was half
 * the CPU time of such suites. What is parsed cannot be changed, so that suites share nothing else. Slow suites parse
 * everything.
 */
const crypto = require('node:crypto');

const { createHash } = crypto;

/** Several times what a suite has. Whatever was not used for longest is dropped first. */
const MOST = 4096;

/** Replaces what parses in `node:crypto`, for the whole process. */
module.exports = () => {
  crypto.createPrivateKey = once(crypto.createPrivateKey);
  crypto.createPublicKey = once(crypto.createPublicKey);
  const { X509Certificate } = crypto;
  const parse = once((bytes) => new X509Certificate(bytes));
  function Parsed(bytes) {
    return parse(bytes);
  }
  Object.setPrototypeOf(Parsed, X509Certificate);
  Parsed.prototype = X509Certificate.prototype;
  crypto.X509Certificate = Parsed;
  giveCopies(X509Certificate.prototype, 'raw');
  const { publicKey, privateKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
  for (const key of [publicKey, privateKey]) exportOnce(Object.getPrototypeOf(key));
};

/** What throws is tried again each time. */
function once(parse) {
  const known = new Map();
  return function parseOnce(input) {
    const name = nameOf(input);
    if (name === undefined) return parse(input);
    const found = known.get(name) ?? parse(input);
    known.delete(name);
    known.set(name, found);
    if (known.size > MOST) known.delete(known.keys().next().value);
    return found;
  };
}

/** Different for all inputs that can be parsed differently; undefined for those that are not texts or bytes. */
function nameOf(input) {
  if (typeof input === 'string') return `text ${input}`;
  // a test may look for strings with the octets of a key
  if (ArrayBuffer.isView(input))
    return `bytes ${createHash('sha256').update(input).digest('base64')}`;
  if (!isPlain(input)) return undefined;
  const { key, ...options } = input;
  const name = nameOf(key);
  if (name === undefined || Object.values(options).some((value) => typeof value !== 'string'))
    return undefined;
  return `${JSON.stringify(options)} ${name}`;
}

/** Also of a suite's own realm. A KeyObject, or a key as JWK, is not named. */
function isPlain(input) {
  if (typeof input !== 'object' || input === null) return false;
  const prototype = Object.getPrototypeOf(input);
  return Object.getPrototypeOf(prototype ?? {}) === null;
}

function exportOnce(prototype) {
  const texts = new WeakMap();
  const original = prototype.export;
  prototype.export = function (options) {
    if (options?.format !== 'pem' && options?.format !== 'der') return original.call(this, options);
    if (options.cipher !== undefined) return original.call(this, options);
    const name = `${options.type} ${options.format}`;
    const known = texts.get(this) ?? new Map();
    texts.set(this, known);
    const exported = known.get(name) ?? original.call(this, options);
    known.set(name, exported);
    return typeof exported === 'string' ? exported : Buffer.from(exported);
  };
}

/** A test may change the bytes that it gets. */
function giveCopies(prototype, property) {
  const { get } = Object.getOwnPropertyDescriptor(prototype, property);
  Object.defineProperty(prototype, property, {
    ...{ configurable: true, enumerable: true },
    get() {
      return Buffer.from(get.call(this));
    },
  });
}
