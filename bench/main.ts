import { benchBundle } from './bundle.ts';
import { benchIssuance, benchMemory } from './issuance.ts';
import { benchUploadToCertificate } from './upload-to-certificate.ts';

async function main(): Promise<void> {
  console.log(`Node ${process.version}, ${process.arch}`);
  await benchMemory(); // first, before anything else fills the heap
  await benchIssuance();
  benchBundle();
  await benchUploadToCertificate();
}

await main();
