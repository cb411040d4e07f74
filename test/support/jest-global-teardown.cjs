/** Removes the folder that jest-global-setup.cjs made. */
const { rmSync } = require('node:fs');

module.exports = () => {
  if (globalThis.temporaryFolder !== undefined)
    rmSync(globalThis.temporaryFolder, { recursive: true, force: true });
};
