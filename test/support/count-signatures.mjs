// Loaded into `cakeless local` before its own code: adds a byte to the file SIGNATURES for each KMS Sign that arrives.
import { subscribe } from 'node:diagnostics_channel';
import { appendFileSync } from 'node:fs';

subscribe('http.server.request.start', ({ request }) => {
  if (request.headers['x-amz-target'] === 'TrentService.Sign')
    appendFileSync(process.env.SIGNATURES, '.');
});
