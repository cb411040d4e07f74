// Loaded into the client before its own code: writes marks, calls and syncs to the file MARKS when the client exits.
import { subscribe } from 'node:diagnostics_channel';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const counts = { calls: 0, syncs: 0 };
subscribe('http.client.request.start', () => {
  counts.calls += 1;
});

const { fsyncSync, writeFileSync } = fs;
fs.fsyncSync = (...args) => {
  counts.syncs += 1;
  return fsyncSync(...args);
};
const { open } = fs.promises;
fs.promises.open = async (...args) => {
  const file = await open(...args);
  const sync = file.sync.bind(file);
  file.sync = () => {
    counts.syncs += 1;
    return sync();
  };
  return file;
};
syncBuiltinESMExports();

const marks = [];
const note = (step) => {
  const { user, system } = process.cpuUsage();
  const at = performance.timeOrigin + performance.now();
  marks.push({ step, at, cpuMs: (user + system) / 1000, ...counts });
};
performance.mark = (name) => note(name.replace('cakeless:', ''));

process.on('exit', () => {
  note('end');
  writeFileSync(process.env.MARKS, JSON.stringify(marks));
});
