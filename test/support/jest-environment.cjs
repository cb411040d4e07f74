/** Node's environment of jest, which fails a suite that leaves the process changed (restored.ts changes it for a call). */
const { AsyncLocalStorage } = require('node:async_hooks');
const { TestEnvironment } = require('jest-environment-node');
const parseOnce = require('./parsed-once.cjs');
const shareRsaKeys = require('./shared-rsa-keys.cjs');

/** Set by @aws-lambda-powertools/commons as soon as it is loaded. */
const SET_BY_POWERTOOLS = 'AWS_SDK_UA_APP_ID';
const CONSOLE = ['debug', 'error', 'info', 'log', 'warn'];

/**
 * Storages that the suite has used. In Node 20 each costs time for every promise of the process until it is disabled, and
 * nobody disables those of the libraries: late suites of a worker took up to eight times as long.
 */
const storages = new Set();
for (const method of ['run', 'enterWith']) {
  const original = AsyncLocalStorage.prototype[method];
  AsyncLocalStorage.prototype[method] = function (...args) {
    storages.add(this);
    return original.apply(this, args);
  };
}

if (process.env.CAKELESS_ALL !== '1') parseOnce();

module.exports = class extends TestEnvironment {
  async setup() {
    await super.setup();
    if (process.env.CAKELESS_ALL !== '1')
      this.ownKeys = shareRsaKeys(process.env.CAKELESS_TEST_RUN);
    this.before = stateOf(this.global);
  }

  async teardown() {
    const after = stateOf(this.global);
    this.ownKeys?.();
    const left = [...new Set([...this.before.keys(), ...after.keys()])]
      .filter((name) => this.before.get(name) !== after.get(name))
      .sort();
    await super.teardown();
    for (const storage of storages) storage.disable();
    storages.clear();
    if (left.length > 0)
      throw new Error(`the suite leaves changes of the process behind: ${left.join(', ')}`);
  }
};

/** What a suite can change, by name. The variables and the console are the suite's; the rest is all suites'. */
function stateOf(suite) {
  const own = suite.process;
  return new Map([
    ...Object.entries(own.env)
      .filter(([name]) => name !== SET_BY_POWERTOOLS)
      .map(([name, value]) => [`process.env.${name}`, value]),
    ...CONSOLE.map((name) => [`console.${name}`, suite.console[name]]),
    ['process.stdout.write', own.stdout.write],
    ['process.stderr.write', own.stderr.write],
    ['Date.now', suite.Date.now],
    ['setTimeout', suite.setTimeout],
    ['fetch', suite.fetch],
    ['the working directory', process.cwd()],
    ['umask', process.umask()],
    ['the effective user', process.geteuid?.()],
    ['the exit code', process.exitCode],
  ]);
}
