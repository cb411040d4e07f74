/** What the service publishes, read by those who may not list the bucket. */
import { getBundle, readBundle } from '../../../../client/node/trust/read-bundle.ts';
import { bundleKey } from '../../../../lib/contract/trust-domain.ts';
import { Fault, type FaultCode } from '../../../../lib/fault.ts';
import { CA_NAMES } from '../../../../lib/profiles/certificate-names.ts';

/** S3 denies a missing object to those who may not list the bucket. */
const failing = (code: FaultCode) => ({
  get: async (key: string) => {
    throw new Fault(code, `${key}: Access Denied`);
  },
});

it.each(CA_NAMES.filter((ca) => ca !== 'ca'))(
  'a denied bundle of %s is one that does not exist',
  async (ca) => {
    expect(await getBundle(failing('not-allowed'), 'fleet', ca)).toBeUndefined();
    expect(await readBundle(failing('not-allowed'), 'fleet', ca)).toEqual({
      problem: `the trust bundle ${bundleKey('fleet', ca)} does not exist`,
      isAbsent: true,
    });
  },
);

it('a denied bundle of ca, which always exists, is an error', async () => {
  await expect(getBundle(failing('not-allowed'), 'fleet', 'ca')).rejects.toThrow('Access Denied');
  await expect(readBundle(failing('not-allowed'), 'fleet', 'ca')).rejects.toThrow('Access Denied');
});

it.each(['unavailable', 'not-configured'] as const)(
  'a bundle that is %s is not taken as missing',
  async (code) => {
    await expect(getBundle(failing(code), 'fleet', 'kubelet-ca')).rejects.toMatchObject({ code });
  },
);
