import { benchBundle } from './bundle.ts';
import { benchIssuance, benchMemory } from './issuance.ts';

async function main(): Promise<void> {
  console.log(`Node ${process.version}, ${process.arch}`);
  await benchMemory(); // first, while nothing else has filled the heap
  await benchIssuance();
  benchBundle();
}

await main();
