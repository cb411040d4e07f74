/** Prints the sections that are named on the command line, or all of them, in this order. */
import { benchColdStart } from './cold-start.ts';
import { benchCommand } from './command.ts';
import { benchCpu } from './cpu.ts';
import { benchCsr } from './csr.ts';
import { benchMemory } from './memory.ts';
import { benchRotationStatus } from './rotation-status.ts';
import { benchRoundTrips } from './round-trips.ts';
import { benchUploadToCertificate } from './upload-to-certificate.ts';

const SECTIONS: Readonly<Record<string, () => void | Promise<void>>> = {
  memory: benchMemory, // first, before anything else fills the heap
  cpu: benchCpu,
  'round-trips': benchRoundTrips,
  'rotation-status': benchRotationStatus,
  'cold-start': benchColdStart,
  'upload-to-certificate': benchUploadToCertificate,
  command: benchCommand,
  csr: benchCsr, // last: it needs root and Kubernetes' programs
};

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !Object.hasOwn(SECTIONS, name));
  if (unknown.length > 0)
    throw new Error(`${unknown.join(', ')}: the sections are ${Object.keys(SECTIONS).join(', ')}`);
  console.log(`Node ${process.version}, ${process.arch}`);
  for (const [name, print] of Object.entries(SECTIONS)) {
    if (names.length > 0 && !names.includes(name)) continue;
    console.log(`\n== ${name}`);
    await print();
  }
}

await main(process.argv.slice(2));
