/** Who may import into the keys of existing clusters, evaluated as the other policies are. */
import { CONFIG_FILE } from '../deployed/config-file.ts';
import { isAllowed } from './evaluate.ts';
import { principalsOf } from './principals.ts';
import { requestsOf } from './requests.ts';
import { Policies } from './template.ts';

const IMPORTED = {
  trustDomains: [{ name: 'prod', origin: 'imported' as const, keySpec: 'RSA_2048' as const }],
};
const KEYS = {
  'imported key': 'TrustDomainprodKeysca',
  'made key': 'TrustDomainprodKeyskubeletca',
};

const deployed = new Policies(CONFIG_FILE, IMPORTED);
const everyone = principalsOf(deployed);

/** @param policies whose keys are asked for */
function judge(policies: Policies) {
  const ask = requestsOf(policies, KEYS);
  return async (action: string, what: string, variant = ''): Promise<string[]> => {
    const got: string[] = [];
    for (const [name, who] of Object.entries(everyone))
      if (await isAllowed(who, ask(action, what, variant))) got.push(name);
    return got.sort();
  };
}

const PARAMETERS = 'kms:GetParametersForImport';
const MATERIAL = 'kms:ImportKeyMaterial';
const OUTSIDE = ['administrator', 'deployer', 'false deployer', 'power user', 'root'];

describe('while the deployment has importers', () => {
  const whoMay = judge(deployed);

  it.each<[string, string, string, string[]]>([
    [PARAMETERS, 'imported key', '', ['importer']],
    [MATERIAL, 'imported key', '', ['importer']],
    [PARAMETERS, 'imported key', 'with RSAES_OAEP_SHA_256', []],
    [PARAMETERS, 'imported key', 'without a wrapping algorithm', []],
    [MATERIAL, 'imported key', 'of material that expires', []],
    [MATERIAL, 'imported key', 'without an expiration model', []],
    [PARAMETERS, 'made key', '', []],
    [MATERIAL, 'made key', '', []],
    ['kms:DeleteImportedKeyMaterial', 'imported key', '', ['root']],
    ['kms:ScheduleKeyDeletion', 'imported key', '', ['root']],
    ['kms:Sign', 'imported key', 'with RSASSA_PKCS1_V1_5_SHA_256', ['create-ca', 'sign']],
    ['kms:Sign', 'imported key', '', []],
    ['kms:Sign', 'made key', 'with RSASSA_PKCS1_V1_5_SHA_256', ['create-ca', 'sign']],
    ['kms:DescribeKey', 'imported key', '', ['create-ca', ...OUTSIDE]],
    ['kms:PutKeyPolicy', 'imported key', '', ['deployer', 'root']],
  ])('%s, %s %s: %j', async (action, what, variant, allowed) => {
    expect(await whoMay(action, what, variant)).toEqual([...allowed].sort());
  });
});

describe('after importers were removed', () => {
  const whoMay = judge(new Policies(CONFIG_FILE, { ...IMPORTED, importers: undefined }));

  it.each([PARAMETERS, MATERIAL])(
    'nobody may %s: neither administrators, nor a role of importers that is left',
    async (action) => {
      expect(await whoMay(action, 'imported key')).toEqual([]);
    },
  );
});
