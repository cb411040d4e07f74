/**
 * Makes RSA keys once in a run of the quick suites: the n-th key of a suite is also the n-th key of every other suite. It
 * takes as long to make one as to issue a hundred certificates, so the first ones are in the repository
 * (make-shared-rsa-keys.ts). No two keys of a suite are equal, and suites share nothing else. Slow suites make their own
 * keys.
 */
const crypto = require('node:crypto');
const { readFileSync, renameSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { promisify } = require('node:util');

const { generateKeyPair, generateKeyPairSync } = crypto;

/** Replaces `generateKeyPair` and `generateKeyPairSync` for one suite. @returns what restores them */
module.exports = (folder) => {
  let count = 0;

  function sharedSync(type, options) {
    if (type !== 'rsa' || !isKeyObject(options)) return generateKeyPairSync(type, options);
    count += 1;
    const file = join(folder, `rsa-${options.modulusLength}-${count}.pem`);
    const known = committedKey(options.modulusLength, count) ?? readKey(file);
    if (known !== undefined) return { privateKey: known, publicKey: crypto.createPublicKey(known) };
    const made = generateKeyPairSync(type, options);
    save(file, made.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    return made;
  }

  function shared(type, options, callback) {
    if (type !== 'rsa' || !isText(options)) {
      generateKeyPair(type, options, callback);
      return;
    }
    count += 1;
    const file = join(folder, `rsa-${options.modulusLength}-${count}.pem`);
    const known = committedKey(options.modulusLength, count) ?? readKey(file);
    if (known === undefined) {
      generateKeyPair(type, options, (error, publicKey, privateKey) => {
        if (!error) save(file, privateKey);
        callback(error, publicKey, privateKey);
      });
      return;
    }
    const publicKey = crypto.createPublicKey(known).export(options.publicKeyEncoding);
    setImmediate(callback, null, publicKey, known.export(options.privateKeyEncoding));
  }
  shared[promisify.custom] = (type, options) =>
    new Promise((resolve, reject) => {
      shared(type, options, (error, publicKey, privateKey) => {
        if (error) reject(error);
        else resolve({ publicKey, privateKey });
      });
    });

  crypto.generateKeyPair = shared;
  crypto.generateKeyPairSync = sharedSync;
  return () => {
    crypto.generateKeyPair = generateKeyPair;
    crypto.generateKeyPairSync = generateKeyPairSync;
  };
};

/** What has another exponent, or is exported in only one form, is made. */
function isText({ publicKeyEncoding, privateKeyEncoding }) {
  return publicKeyEncoding !== undefined && privateKeyEncoding !== undefined;
}

const isKeyObject = ({ publicExponent = 65537, publicKeyEncoding, privateKeyEncoding }) =>
  publicExponent === 65537 && publicKeyEncoding === undefined && privateKeyEncoding === undefined;

let committed;

function committedKey(bits, count) {
  committed ??= JSON.parse(readFileSync(join(__dirname, 'shared-rsa-keys.json'), 'utf8'));
  const text = committed[bits]?.[count - 1];
  return text && crypto.createPrivateKey(text);
}

function readKey(file) {
  try {
    return crypto.createPrivateKey(readFileSync(file));
  } catch {
    return undefined;
  }
}

/** Two workers may both make the key; each puts a whole file in place. */
function save(file, privateKey) {
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, privateKey, { mode: 0o600 });
  renameSync(unfinished, file);
}
