import { benchColdStart } from './cold-start.ts';
import { benchIssuance, benchMemory } from './issuance.ts';

async function main(): Promise<void> {
  console.log(`Node ${process.version}, ${process.arch}`);
  await benchMemory(); // first, before anything else fills the heap
  await benchIssuance();
  benchColdStart();
}

await main();
