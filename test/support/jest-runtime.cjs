/**
 * Jest's runtime, with two savings where it compiles a module; together they halve the CPU time of a small suite.
 *
 * - A module is compiled once in a worker, not in each suite. `vm.compileFunction`, which jest calls, never finds what V8
 *   has compiled; a `vm.Script` can run in the context of every suite. What it evaluates to is each suite's own.
 * - Built-in globals are parameters of every module. In a context of `node:vm` each mention of `Uint8Array` is a call into
 *   C++, and into a proxy of jest: parsing a certificate took twice as long. Only globals that no test replaces are listed.
 */
const { Script } = require('node:vm');
const { default: Runtime } = require('jest-runtime');
const OneTestAtATime = require('./jest-one-test-at-a-time.cjs');

const CONSTANT_GLOBALS = [
  'Array',
  'ArrayBuffer',
  'BigInt',
  'Boolean',
  'Buffer',
  'DataView',
  'Error',
  'Function',
  'Infinity',
  'JSON',
  'Map',
  'Math',
  'NaN',
  'Number',
  'Object',
  'Promise',
  'Proxy',
  'RangeError',
  'Reflect',
  'RegExp',
  'Set',
  'String',
  'Symbol',
  'SyntaxError',
  'TypeError',
  'Uint8Array',
  'WeakMap',
  'WeakSet',
  'isNaN',
  'parseInt',
];

const CIRCUS = /[\\/]jest-circus[\\/]/;

/** By file. Jest transforms a file for a suite, but not for its own use: the code of one file can differ. */
const scripts = new Map();

module.exports = class CompilingOnce extends Runtime {
  constructor(...args) {
    super(...args);
    const { executor } = this;
    const compileWithJest = executor.compile.bind(executor);
    let values;
    executor.compile = (code, file) => {
      const context = executor.environment.getVmContext();
      if (context === null) return null;
      const script = scriptOf(file, code, executor.injectedModuleParameters);
      // jest describes a syntax error
      if (script === undefined) return compileWithJest(code, file);
      values ??= CONSTANT_GLOBALS.map((name) => executor.environment.global[name]);
      return script.runInContext(context)(...values);
    };
  }

  /** What jest's own modules load. */
  requireInternalModule(from, name) {
    const loaded = super.requireInternalModule(from, name);
    if (name !== 'node:async_hooks' || !CIRCUS.test(from)) return loaded;
    return { ...loaded, AsyncLocalStorage: OneTestAtATime };
  }
};
module.exports.default = module.exports;

function scriptOf(file, code, parameters) {
  const known = scripts.get(file);
  if (known?.code === code) return known.script;
  const script = compile(file, code, parameters);
  if (script !== undefined) scripts.set(file, { code, script });
  return script;
}

/** Two functions, because a module may declare a name that is also a global's. */
function compile(filename, code, parameters) {
  const head = `(function(${CONSTANT_GLOBALS}){return function(${parameters}){`;
  try {
    return new Script(`${head}${code}\n}})`, { filename, columnOffset: -head.length });
  } catch {
    return undefined;
  }
}
