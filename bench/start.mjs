// Measures start time and size of the client in its three forms: `npm run build:client && npm run build:binary && node bench/start.mjs`.
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';

const ROUNDS = 21;
const binary = `dist/client/cakeless-linux-${process.arch}`;
const forms = {
  'bare node': [process.execPath, '-e', '0'],
  'one file': [process.execPath, '--', 'dist/client/cakeless.mjs', '--version'],
  executable: [binary, '--version'],
  sources: [process.execPath, '--', 'client/cakeless.mjs', '--version'],
};
/** Each first form is divided by the second. */
const pairs = [
  ['one file', 'bare node'],
  ['executable', 'bare node'],
  ['sources', 'bare node'],
  ['executable', 'one file'],
];

const times = Object.fromEntries(Object.keys(forms).map((form) => [form, []]));
// The forms alternate, so that other load affects all of them. The first round fills the caches and does not count.
for (let round = 0; round <= ROUNDS; round++)
  for (const [form, [command, ...args]] of Object.entries(forms)) {
    const start = performance.now();
    execFileSync(command, args, { stdio: 'ignore' });
    if (round > 0) times[form].push(performance.now() - start);
  }

const sorted = (values) => values.toSorted((a, b) => a - b);
const at = (values, share) => sorted(values)[Math.floor(share * (values.length - 1))];
console.log(`Node ${process.version}, ${ROUNDS} alternating rounds`);
for (const form of Object.keys(forms))
  console.log(`${form}: median ${at(times[form], 0.5).toFixed(0)} ms`);
for (const [form, other] of pairs) {
  const ratios = times[form].map((time, round) => time / times[other][round]);
  const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => at(ratios, share).toFixed(2));
  console.log(`${form} / ${other}: ${middle} [${low}, ${high}]`);
}
for (const file of ['dist/client/cakeless.mjs', binary])
  console.log(`${file}: ${(statSync(file).size / 1024 / 1024).toFixed(1)} MB`);
