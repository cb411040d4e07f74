/** What is left of the folder of state, after a part of it was deleted, cut or edited, is used or named, but never guessed. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listInstallations } from '../../../../client/node/install/journal.ts';
import { listRequests } from '../../../../client/node/renewal/request-journal.ts';

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'cakeless-state-'));
});
afterEach(() => rmSync(stateDir, { recursive: true }));

describe.each([
  ['installations', 'journal.json', listInstallations],
  ['requests', 'request.json', listRequests],
])('%s', (kind, name, list) => {
  const folder = () => join(stateDir, kind, '20260101t000000z');
  const write = (text: string) => {
    mkdirSync(folder(), { recursive: true });
    writeFileSync(join(folder(), name), text);
  };

  it.each([
    ['is empty', ''],
    ['was cut', '{ "schema": 1, "id": "2026'],
    ['is of another version', '{ "schema": 99 }'],
    ['is not an object', '[]'],
    ['is nested deeply', '['.repeat(200_000)],
  ])('whose journal %s are named, with what to do', (_, text) => {
    write(text);
    expect(() => list(stateDir)).toThrow(
      expect.objectContaining({
        message: `${folder()}/${name}: not a journal of this version of cakeless`,
        hint: expect.stringContaining(`move ${folder()} away`),
      }),
    );
  });

  it('without a journal never had an effect', () => {
    mkdirSync(join(folder(), 'new'), { recursive: true });
    expect(list(stateDir)).toEqual([]);
  });
});
