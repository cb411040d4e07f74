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

const { generateKeyPair } = crypto;

/** Replaces `generateKeyPair` for one suite. @returns what restores it */
module.exports = (folder) => {
  let count = 0;

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
  return () => {
    crypto.generateKeyPair = generateKeyPair;
  };
};

/** Key objects are not shared: a suite that asks for one gets its own. */
function isText({ publicKeyEncoding, privateKeyEncoding }) {
  return publicKeyEncoding !== undefined && privateKeyEncoding !== undefined;
}

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
