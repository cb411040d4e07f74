/** Who may import into the keys of existing clusters after importers were removed; while there are some: table.ts. */
import { CONFIG_FILE } from '../deployed/config-file.ts';
import { isAllowed } from './evaluate.ts';
import { principalsOf } from './principals.ts';
import { requestsOf } from './requests.ts';
import { Policies } from './template.ts';

const everyone = principalsOf(new Policies(CONFIG_FILE));
const ask = requestsOf(new Policies(CONFIG_FILE, { importers: undefined }));

it.each(['kms:GetParametersForImport', 'kms:ImportKeyMaterial'])(
  'nobody may %s: neither administrators, nor a role of importers that is left',
  async (action) => {
    for (const [name, who] of Object.entries(everyone))
      expect([name, await isAllowed(who, ask(action, 'imported key'))]).toEqual([name, false]);
  },
);
