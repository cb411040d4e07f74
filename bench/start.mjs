// Start time and size of the client in its three forms: `npm run build:client && npm run build:binary && node bench/start.mjs`.
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';

const ROUNDS = 15;
const binary = `dist/client/cakeless-linux-${process.arch}`;
const forms = {
  'bare node': [process.execPath, '-e', '0'],
  'one file': [process.execPath, '--', 'dist/client/cakeless.mjs', '--version'],
  executable: [binary, '--version'],
  sources: [process.execPath, '--', 'client/cakeless.mjs', '--version'],
};
const times = Object.fromEntries(Object.keys(forms).map((form) => [form, []]));
// All in turn, so that a busy moment hits all of them.
for (let round = 0; round < ROUNDS; round++)
  for (const [form, [command, ...args]] of Object.entries(forms)) {
    const start = performance.now();
    execFileSync(command, args, { stdio: 'ignore' });
    times[form].push(performance.now() - start);
  }
const median = (values) => values.toSorted((a, b) => a - b)[ROUNDS >> 1];
const bare = median(times['bare node']);
console.log(`Node ${process.version}, median of ${ROUNDS} rounds in turn`);
for (const form of Object.keys(forms)) {
  const ms = median(times[form]);
  console.log(`${form}: ${ms.toFixed(0)} ms, ${(ms / bare).toFixed(1)} times bare node`);
}
for (const file of ['dist/client/cakeless.mjs', binary])
  console.log(`${file}: ${(statSync(file).size / 1024 / 1024).toFixed(1)} MB`);
