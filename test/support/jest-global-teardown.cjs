/** Removes the folders that jest-global-setup.cjs made. */
const { rmSync } = require('node:fs');

module.exports = () => {
  rmSync(globalThis.runFolder, { recursive: true, force: true });
  if (globalThis.temporaryFolder !== undefined)
    rmSync(globalThis.temporaryFolder, { recursive: true, force: true });
};
