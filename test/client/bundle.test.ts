import { readFileSync } from 'node:fs';
import { VERSION } from '../../client/version.ts';
import { cakeless } from '../support/running-service-command.ts';

it('--version says the version of the package', async () => {
  expect(JSON.parse(readFileSync('package.json', 'utf8')).version).toBe(VERSION);
  expect(await cakeless({}, '--version')).toMatchObject({ exitCode: 0, stdout: `${VERSION}\n` });
});
