import { benchColdStart } from './cold-start.ts';
import { benchIssuance, benchMemory } from './issuance.ts';
import { benchRoundTrips } from './round-trips.ts';

async function main(): Promise<void> {
  console.log(`Node ${process.version}, ${process.arch}`);
  await benchMemory(); // first, before anything else fills the heap
  await benchIssuance();
  await benchRoundTrips();
  benchColdStart();
}

await main();
