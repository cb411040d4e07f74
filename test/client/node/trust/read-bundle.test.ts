/** What the service publishes, read by those who may not list the bucket. */
import { getBundle, readBundle } from '../../../../client/node/trust/read-bundle.ts';
import { certificateToPem } from '../../../../lib/certificate/pem.ts';
import { bundleKey } from '../../../../lib/contract/trust-domain.ts';
import { Fault, type FaultCode } from '../../../../lib/fault.ts';
import { CA_NAMES } from '../../../../lib/profiles/certificate-names.ts';
import { newEcKeys, writeCaCertificate } from '../../../support/ca-certificate.ts';
import { MemoryStore } from '../../../support/memory-store.ts';

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

it('a bundle with more certificates than two versions of a CA have is not used', async () => {
  const pem = certificateToPem(writeCaCertificate(newEcKeys(), new Date()));
  const found = async (count: number) => {
    const exchange = new MemoryStore();
    exchange.seed(bundleKey('fleet', 'ca'), pem.repeat(count));
    return readBundle(exchange, 'fleet', 'ca');
  };
  expect(await found(32)).toHaveProperty('pem');
  expect(await found(33)).toEqual({
    problem: expect.stringMatching(/has 33 certificates; at most 32 are examined/),
  });
});
