/**
 * Loaded into the command before anything else. It counts the calls that change a file below CAKELESS_NODE, and kills the
 * process at the call number KILL_AT, in the middle of a write. After each call it records files with a key that other
 * users can read.
 */
const fs = require('node:fs');
const { join, resolve } = require('node:path');
const { syncBuiltinESMExports } = require('node:module');

const { CAKELESS_NODE: root = '', KILL_AT, FAIL_AT, FAIL_WITH, SHIM_REPORT: report } = process.env;
const original = { ...fs };
const originalPromises = { ...fs.promises };
const exposed = new Set();
const calls = [];

const isOurs = (path) => typeof path === 'string' && resolve(path).startsWith(root);

/** @returns whether to kill the process at this call */
function count(name, path) {
  calls.push({ name, path });
  if (calls.length === Number(FAIL_AT))
    throw Object.assign(new Error(`${FAIL_WITH}: ${name} ${path}`), { code: FAIL_WITH });
  return calls.length === Number(KILL_AT);
}

const die = () => process.kill(process.pid, 'SIGKILL');

function listRoot() {
  try {
    return original.readdirSync(root, { recursive: true, withFileTypes: true });
  } catch (error) {
    if (error.code === 'ENOENT') return listRoot(); // a folder was removed in the meantime
    throw error;
  }
}

function lookAround() {
  for (const entry of listRoot()) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    if (isExposed(file)) exposed.add(file);
  }
}

function isExposed(file) {
  try {
    const mode = original.statSync(file).mode & 0o077;
    const text = mode === 0 ? '' : original.readFileSync(file, 'latin1');
    return /PRIVATE KEY|client-key-data/.test(text);
  } catch (error) {
    if (error.code === 'ENOENT') return false; // files change side by side: it has just been renamed or removed
    throw error;
  }
}

const changing = ['rename', 'unlink', 'mkdir', 'rmdir', 'symlink', 'chmod', 'chown', 'rm', 'link'];
for (const name of changing) {
  fs[`${name}Sync`] = (...args) => {
    if (isOurs(args[0]) && count(name, args[0])) die();
    const result = original[`${name}Sync`](...args);
    lookAround();
    return result;
  };
  fs.promises[name] = async (...args) => {
    if ((isOurs(args[0]) || isOurs(args[1])) && count(name, args[0])) die();
    const result = await originalPromises[name](...args);
    lookAround();
    return result;
  };
}

fs.promises.open = async (path, flags = 'r', ...rest) => {
  if (flags === 'r' || !isOurs(path)) return originalPromises.open(path, flags, ...rest);
  if (count('open', path)) die();
  const file = await originalPromises.open(path, flags, ...rest);
  for (const name of ['writeFile', 'chmod', 'chown', 'sync']) {
    const method = file[name].bind(file);
    file[name] = async (...args) => {
      if (count(name, path)) {
        if (name === 'writeFile')
          original.writeSync(file.fd, String(args[0]).slice(0, args[0].length / 2));
        die();
      }
      const result = await method(...args);
      lookAround();
      return result;
    };
  }
  return file;
};
syncBuiltinESMExports();

process.on('exit', () => {
  if (report) original.writeFileSync(report, JSON.stringify({ calls, exposed: [...exposed] }));
});
