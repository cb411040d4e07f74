import { benchBundle } from './bundle.ts';
import { benchCommand } from './command.ts';
import { benchIssuance, benchMemory } from './issuance.ts';

async function main(): Promise<void> {
  console.log(`Node ${process.version}, ${process.arch}`);
  await benchMemory(); // first, before anything else fills the heap
  await benchIssuance();
  benchBundle();
  benchCommand();
}

await main();
