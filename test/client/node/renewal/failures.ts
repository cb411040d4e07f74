/** A node for suites of failed renewals. */
import { execFileSync } from 'node:child_process';
import { NodeFixture } from '../../../support/node-folder.ts';

export let fixture: NodeFixture;
beforeAll(async () => {
  fixture = await NodeFixture.make();
});
afterAll(() => fixture.close());
afterEach(() => jest.restoreAllMocks());

/** Contents, modes and owners of everything except the state of Cakeless. */
export const stateOf = (folder: string) =>
  execFileSync(
    'sh',
    [
      '-c',
      "find . -path ./cakeless -prune -o -printf '%p %m %U %y\\n' | sort; find . -path ./cakeless -prune -o -type f -print0 | sort -z | xargs -0 sha256sum",
    ],
    { cwd: folder, encoding: 'utf8' },
  );
