/** A node for suites of `cakeless renew`. */
import { namesThatDiffer } from '../../../support/certificates-in-place.ts';
import { NodeFixture } from '../../../support/node-folder.ts';

export let fixture: NodeFixture;

beforeAll(async () => {
  fixture = await NodeFixture.make();
});
afterAll(() => fixture.close());

export const renewed = (folder: string) => namesThatDiffer(folder, fixture.template);
