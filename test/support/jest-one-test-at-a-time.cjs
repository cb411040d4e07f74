/**
 * What jest-circus needs of `AsyncLocalStorage`, for tests that run one after the other. Jest only needs to know which
 * test an error belongs to; a storage of Node.js is asynchronous, and as long as one is in use, Node.js 20 calls hooks
 * for every promise: a fifth of the CPU time of tests that call the SDK.
 */
module.exports = class OneTestAtATime {
  #store;

  getStore() {
    return this.#store;
  }

  /** A test, or a hook of it: it ends before what is around it does. */
  async run(store, callback) {
    if (store.test?.concurrent) throw new Error('test.concurrent is not supported here');
    const around = this.#store;
    this.#store = store;
    try {
      return await callback();
    } finally {
      this.#store = around;
    }
  }
};
