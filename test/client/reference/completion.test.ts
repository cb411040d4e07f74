/** The completion scripts. bash runs its script here; `completion.slow.test.ts` runs those of zsh and fish. */
import { completionScript } from '../../../client/reference/completion.ts';
import { SHELLS } from '../../../client/reference/shells.ts';
import { allOf } from '../../../client/reference/tree.ts';
import { DOCUMENT_NAMES } from '../../../client/schemas/document-names.ts';
import { DOCUMENTS } from '../../../client/schemas/documents.ts';
import { cakeless } from '../../support/running-service-command.ts';
import { COMPLETE_IN, CompletionFolder, TYPED, tree } from './complete-in.ts';

const folder = new CompletionFolder('bash');
afterAll(() => folder.remove());

it.each(TYPED)('bash after %j offers what the command accepts', (typed, expected) => {
  expect(COMPLETE_IN.bash(folder, [typed])).toEqual([expected]);
});

it('the names of documents are those that have a schema, each once', () => {
  expect(DOCUMENT_NAMES).toEqual(DOCUMENTS.map(({ name }) => name));
});

it('bash completes the rest of a value after an equals sign, and a folder with a space in its name', () => {
  const typed = ['cakeless pending --output=j', 'cakeless submit csr'];
  expect(COMPLETE_IN.bash(folder, typed)).toEqual([['json'], ['csr folder']]);
});

it('bash reads the script without a message', () => {
  expect(folder.check('bash')).toEqual({ status: 0, stderr: '' });
});

it.each(SHELLS)('cakeless completion %s prints the script, with every command', async (shell) => {
  const { exitCode, stdout } = await cakeless({}, 'completion', shell);
  expect([exitCode, stdout]).toEqual([0, completionScript(shell, tree)]);
  for (const { words } of allOf(tree)) expect(stdout).toContain(words.at(-1) ?? '');
});
