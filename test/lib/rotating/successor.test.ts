/** Rotations to a new CA below a corporate root: the CSR, the import of its certificate, its plan, and its start. */
import { createPublicKey, X509Certificate } from 'node:crypto';
import { findSigningOrder } from '../../../lib/audit/find-signing-order.ts';
import { caKeyIdentifierOf } from '../../../lib/ca/ca-key-identifier.ts';
import { sha256Of } from '../../../lib/ca/sha256.ts';
import type { CasToImport, CaToImport } from '../../../lib/ca/trust-domain-request.ts';
import { certificatesIn, certificateToPem } from '../../../lib/certificate/pem.ts';
import { readCertificate } from '../../../lib/certificate/read-certificate.ts';
import type { Phase } from '../../../lib/contract/rotation-phases.ts';
import { OID } from '../../../lib/der/oids.ts';
import {
  booleanTrue,
  context,
  contextPrimitive,
  octetString,
  sequence,
} from '../../../lib/der/write.ts';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import { type ImportedSuccessor, importSuccessor } from '../../../lib/rotating/import-successor.ts';
import { rotationPlanDigest } from '../../../lib/rotating/plan-digest.ts';
import type { PlanRotationRequest } from '../../../lib/rotating/rotation-request.ts';
import {
  basicConstraints,
  type CaCertificateParts,
  commonNameOf,
  extension,
  integer,
  newEcKeys,
  spkiOf,
} from '../../support/ca-certificate.ts';
import { CorporateRoot, extensionsBelow, publicOnly } from '../../support/corporate-root.ts';
import { planned, type RotatingWorld, rotatingWorld } from '../../support/rotating-world.ts';

const corporate = new CorporateRoot();
const another = new CorporateRoot();

let below: RotatingWorld;
let made: RotatingWorld;
/** One of the two. */
let world: RotatingWorld;
let fresh: () => void;

beforeAll(async () => {
  below = await rotatingWorld(corporate);
  made = await rotatingWorld();
  const saved = [below, made].map(({ save }) => save());
  fresh = () => {
    for (const restore of saved) restore();
  };
});
beforeEach(() => {
  fresh();
  world = below;
  world.keys.records.length = 0;
});

const SUBJECTS = { ca: 'kubernetes', 'etcd-ca': 'etcd-ca' } as Partial<Record<CaName, string>>;

/** The CSR of a new version, and its key. */
async function requested(more: Partial<PlanRotationRequest> = {}) {
  const response = await world.ask(more);
  if (!('awaited' in response)) throw new Error('nothing is awaited');
  const { keyId, csr, version } = response.awaited;
  const spki = createPublicKey(world.keys.privateKeyOf(keyId)).export({
    type: 'spki',
    format: 'der',
  });
  return { keyId, csr, version, spki, notes: response.notes };
}

function issue(
  spki: Uint8Array,
  ca: CaName = 'ca',
  by = corporate,
  changes: Partial<CaCertificateParts> = {},
): CaToImport {
  const der = by.certify(spki, SUBJECTS[ca] ?? '', world.service.now(), changes);
  return { certificate: certificateToPem(der), chain: by.chainPem };
}

const importing = (cas: CasToImport): Promise<ImportedSuccessor | undefined> =>
  importSuccessor(world.service, world.keys, {
    action: 'import-certificate',
    trustDomain: 'prod',
    cas,
  });

const identifierIn = (certificate: Uint8Array) => caKeyIdentifierOf(readCertificate(certificate));

const identifiedAs = (spki: Uint8Array, identifier: Uint8Array) => ({
  extensions: extensionsBelow(publicOnly(spki), corporate.issuingKeys, {
    without: [OID.subjectKeyIdentifier],
    more: [extension(OID.subjectKeyIdentifier, octetString(identifier))],
  }),
});

const excluding = (spki: Uint8Array, domain: string) => {
  const names = sequence(context(1, sequence(contextPrimitive(2, Buffer.from(domain)))));
  return {
    extensions: extensionsBelow(publicOnly(spki), corporate.issuingKeys, {
      more: [extension(OID.nameConstraints, names, true)],
    }),
  };
};

/** As far as a plan that is to be approved. */
async function imported(by = corporate) {
  const { spki } = await requested();
  const given = issue(spki, 'ca', by);
  await importing({ ca: given });
  return given;
}

const keysOf = () => [...world.authority.objects.keys()];
const chain = () => world.exchange.text('trust/prod/ca-chain.crt') ?? '';
const versionOf = (version: number) =>
  world.document().cas.ca.versions.find((one) => one.version === version);

describe('the CSR', () => {
  it('is all that is signed, recorded for the next version, and nothing else changes', async () => {
    const { document, authority, exchange, keys, go } = world;
    const [before, published] = [document(), new Map(exchange.objects)];
    const { csr, version, notes } = await requested();
    expect([version, csr]).toEqual([2, expect.stringContaining('CERTIFICATE REQUEST')]);
    expect(keys.records).toEqual([
      expect.stringMatching(/^ca-records\/prod\/ca\/2\.csr\/.*\.json$/),
    ]);
    expect(notes).toEqual([
      expect.stringContaining('cakeless trust-domain csr prod --ca ca --successor'),
    ]);
    expect(document()).toEqual(before);
    expect(exchange.objects).toEqual(published);
    expect(authority.json('ca-records/prod/ca/2.json')).toBeUndefined();
    const answer = await go('trust');
    expect(answer).toMatchObject({ changed: false, phase: 'stable', sequence: 0 });
    expect(answer.missing).toEqual([
      expect.objectContaining({
        subject: 'certificate',
        why: 'the certificate of version 2 of ca, which the CA above it issues, has not been imported yet',
      }),
    ]);
  });

  it('is the same when it is repeated, raced, or interrupted at any call', async () => {
    const { authority, keys } = world;
    const parts = [authority, keys];
    let point = 0;
    let calls = 0;
    while (calls >= point) {
      point += 1;
      calls = 0;
      fresh();
      for (const part of parts)
        part.interrupt = () => {
          calls += 1;
          if (calls === point) throw new Error('killed');
        };
      await world.ask().catch(() => {});
      for (const part of parts) part.interrupt = () => {};
      const [one, other] = await Promise.all([requested(), requested()]);
      expect(other.csr).toBe(one.csr);
      expect(keysOf().filter((key) => key.endsWith('.csr'))).toHaveLength(3);
    }
    expect(point).toBeGreaterThan(8);
  });

  it('has the key that the operator names, and no other one afterwards', async () => {
    const { keys } = world;
    const name = { trustDomain: 'own', ca: 'ca', version: 2 } as const;
    const { keyId } = await keys.ensure(name, 'ECC_NIST_P384');
    expect((await requested({ keyId })).keyId).toBe(keyId);
    expect((await requested()).keyId).toBe(keyId);
    await expect(requested({ keySpec: 'RSA_2048' })).rejects.toThrow(
      'repeat the command without the options that differ',
    );
  });

  it.each<[string, Partial<PlanRotationRequest>, string]>([
    ['a validity', { validityDays: 365 }, 'the CA above it decides how long'],
    ['two places', { ownRoot: true, belowAnother: true }, 'is not below another one'],
  ])('is refused with %s', async (_, more, why) => {
    await expect(world.ask(more)).rejects.toThrow(why);
  });
});

describe('an import', () => {
  it('records the certificate and its chain, and nothing trusts or publishes it', async () => {
    const { document, authority, exchange, keys } = world;
    const { spki } = await requested();
    const [before, published] = [document(), new Map(exchange.objects)];
    const given = issue(spki);
    const found = await importing({ ca: given });
    expect(found).toMatchObject({
      name: { trustDomain: 'prod', ca: 'ca', version: 2 },
      certificate: given.certificate,
      warnings: [],
    });
    expect(document()).toEqual(before);
    expect(exchange.objects).toEqual(published);
    expect(authority.json('ca-records/prod/ca/2.json')).toMatchObject({
      origin: 'subordinate',
      version: 2,
      chain: given.chain,
    });
    // the proof that KMS has its key
    expect(keys.records.at(-1)).toBe('ca-records/prod/ca/2.json');
    expect(await importing({ ca: given })).toEqual(found);
  });

  it('that is a dry run says the same, and records nothing', async () => {
    const { service, keys } = world;
    const cas = { ca: issue((await requested()).spki) };
    const before = new Map(world.authority.objects);
    const request = { action: 'import-certificate', trustDomain: 'prod', cas } as const;
    const found = await importSuccessor(service, keys, { ...request, dryRun: true });
    expect(world.authority.objects).toEqual(before);
    expect(await importing(cas)).toEqual(found);
  });

  it('is one of racing and interrupted ones', async () => {
    const { authority, keys, save } = world;
    const { spki } = await requested();
    const given = issue(spki);
    const again = save();
    const parts = [authority, keys];
    let point = 0;
    let calls = 0;
    while (calls >= point) {
      point += 1;
      calls = 0;
      again();
      for (const part of parts)
        part.interrupt = () => {
          calls += 1;
          if (calls === point) throw new Error('killed');
        };
      await importing({ ca: given }).catch(() => {});
      for (const part of parts) part.interrupt = () => {};
      const [one, other] = await Promise.all([importing({ ca: given }), importing({ ca: given })]);
      expect(one).toEqual(other);
      expect(await world.plan()).toMatchObject({ to: { version: 2, sha256: expect.any(String) } });
    }
    expect(point).toBeGreaterThan(8);
  });

  it.each<[string, boolean]>([
    ['requested', false],
    ['imported', true],
  ])('of a version that is abandoned once it is %s is refused', async (_, isImported) => {
    const { spki } = await requested();
    const given = issue(spki);
    if (isImported) await importing({ ca: given });
    const next = await requested({ abandon: 2 });
    expect([next.version, next.spki.equals(spki)]).toEqual([3, false]);
    await expect(importing({ ca: given })).rejects.toThrow(
      'a public key that is not that of the CA',
    );
    expect(await importing({ ca: issue(next.spki) })).toMatchObject({ name: { version: 3 } });
    expect(await world.plan()).toMatchObject({ to: { version: 3 } });
  });

  it('of another certificate counts only if it is the first', async () => {
    const { spki } = await requested();
    const [one, other] = [issue(spki), issue(spki, 'ca', another)];
    const results = await Promise.allSettled([importing({ ca: one }), importing({ ca: other })]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await expect(Promise.all([importing({ ca: one }), importing({ ca: other })])).rejects.toThrow(
      /another certificate or chain is imported .*, and is never replaced/,
    );
  });

  const stranger = newEcKeys();
  const PATH_LENGTH_0 = basicConstraints(booleanTrue(), integer(0));

  it.each<[string, () => Promise<CasToImport>, RegExp]>([
    [
      'with another key',
      async () => ({ ca: issue(spkiOf(stranger)) }),
      /^ca, version 2: the certificate has a public key that is not that of the CA's KMS key/,
    ],
    [
      "with the key of another CA's new version",
      async () => ({ ca: issue((await requested({ ca: 'etcd-ca' })).spki) }),
      /has a public key that is not that of the CA's KMS key/,
    ],
    [
      'with another subject',
      async () => ({
        ca: issue((await requested()).spki, 'ca', corporate, { subject: commonNameOf('other') }),
      }),
      /has the subject CN=other, and the CA that it replaces has CN=kubernetes: ask for/,
    ],
    [
      'with the subjectKeyIdentifier of the CA that it replaces, as if it renewed that one',
      async () => {
        const { spki } = await requested();
        const { raw } = new X509Certificate(versionOf(1)?.certificate ?? '');
        return { ca: issue(spki, 'ca', corporate, identifiedAs(spki, identifierIn(raw))) };
      },
      /has the subjectKeyIdentifier [0-9a-f]{40}, which version 1 has, too, .* ask for the subjectKeyIdentifier of the CSR/,
    ],
    [
      'with name constraints that the CA that it replaces does not have',
      async () => {
        const { spki } = await requested();
        return { ca: issue(spki, 'ca', corporate, excluding(spki, 'example.com')) };
      },
      /has nameConstraints that the existing certificate does not have/,
    ],
    [
      'that is self-signed',
      async () => {
        const { keyId, spki } = await requested();
        const privateKey = world.keys.privateKeyOf(keyId);
        const pair = { privateKey, publicKey: createPublicKey(privateKey) };
        return {
          ca: issue(spki, 'ca', corporate, { issuer: commonNameOf('kubernetes'), signer: pair }),
        };
      },
      /is self-signed/,
    ],
    [
      'without its chain',
      async () => ({ ca: { ...issue((await requested()).spki), chain: '' } }),
      /has no chain/,
    ],
    [
      'that cannot be read',
      async () => ({ ca: { certificate: 'none', chain: '' } }),
      /^ca, version 2: the certificate is not one certificate in PEM/,
    ],
    [
      'together with that of another CA',
      async () => ({ ca: issue((await requested()).spki), 'etcd-ca': issue(spkiOf(stranger)) }),
      /is waiting for its certificate: import that one alone/,
    ],
    [
      'for a key other than the operator names',
      async () => {
        const name = { trustDomain: 'own', ca: 'ca', version: 2 } as const;
        const { keyId } = await world.keys.ensure(name, 'ECC_NIST_P256');
        return { ca: { ...issue((await requested()).spki), keyId } };
      },
      /the certificate is for the key .*, not for/,
    ],
  ])('of a certificate %s is refused, and records nothing', async (_, make, why) => {
    await requested();
    await expect(importing(await make())).rejects.toThrow(why);
    expect(world.authority.json('ca-records/prod/ca/2.json')).toBeUndefined();
  });

  it('of a certificate for the old key is not about a new version', async () => {
    await requested();
    const { keyId = '' } = versionOf(1) ?? {};
    const spki = createPublicKey(world.keys.privateKeyOf(keyId)).export({
      type: 'spki',
      format: 'der',
    });
    expect(await importing({ ca: issue(spki) })).toBeUndefined();
  });

  it('is not about a new version if none was requested', async () => {
    expect(await importing({ ca: issue(spkiOf(stranger)) })).toBeUndefined();
  });

  it.each<Phase>(['issue', 'retire'])(
    'of the old certificate is not about a new version in phase %s',
    async (phase) => {
      await imported();
      await world.advance('trust', 'issue', ...(phase === 'retire' ? (['retire'] as const) : []));
      const { certificate, chain: above = '' } = versionOf(1) as CaToImport;
      expect(await importing({ ca: { certificate, chain: above } })).toBeUndefined();
    },
  );

  it('after the start is the same again, and refused once the version has ended', async () => {
    const given = await imported();
    await world.advance('trust');
    expect(await importing({ ca: given })).toMatchObject({ name: { version: 2 } });
    await world.go('stable');
    await expect(importing({ ca: given })).rejects.toThrow(
      /this is the certificate of version 2, which ended at/,
    );
  });

  it('that ends after its rotation was canceled is refused', async () => {
    const { authority, save } = world;
    const given = issue((await requested()).spki);
    const again = save();
    await importing({ ca: given });
    await world.advance('trust');
    await world.go('stable');
    const canceled = authority.text('trust/prod.json') ?? '';
    again();
    authority.interrupt = (point, key) => {
      if (point === 'after create' && key === 'ca-records/prod/ca/2.crt')
        authority.seed('trust/prod.json', canceled);
    };
    await expect(importing({ ca: given })).rejects.toThrow(
      'another change was faster: version 2 of ca of trust domain prod has ended',
    );
    authority.interrupt = () => {};
  });

  it('with pathLenConstraint 0 is taken, and is the last with a cross certificate', async () => {
    const { spki, keyId } = await requested();
    const privateKey = world.keys.privateKeyOf(keyId);
    const pair = { privateKey, publicKey: createPublicKey(privateKey) };
    const extensions = extensionsBelow(pair, corporate.issuingKeys, {
      without: [OID.basicConstraints],
      more: [PATH_LENGTH_0],
    });
    const given = issue(spki, 'ca', corporate, { extensions });
    expect(await importing({ ca: given })).toMatchObject({
      warnings: [{ ca: 'ca', level: 'accepts', text: expect.stringContaining('pathLen') }],
    });
    expect(await world.plan()).toHaveProperty('crossTbsSha256');
    await world.advance('trust', 'issue', 'retire', 'stable');
    expect((await requested()).notes).toContainEqual(
      expect.stringContaining(
        'there will be no cross certificate: version 2 has pathLenConstraint 0',
      ),
    );
    const { spki: next } = await requested();
    await importing({ ca: issue(next) });
    const plan = await world.plan();
    expect(plan).not.toHaveProperty('crossTbsSha256');
    expect(plan.notes[0]).toContain('each node must be given');
    await world.advance('trust');
    expect(versionOf(3)).not.toHaveProperty('cross');
  });
});

describe('the plan', () => {
  it('names the certificate, what is above it, and the cross certificate', async () => {
    const given = await imported();
    const plan = await world.plan();
    const [issuing, root] = [corporate.issuing, corporate.root];
    expect(plan.to).toEqual({
      version: 2,
      publicKeySha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      sha256: sha256Of(new X509Certificate(given.certificate).raw),
      above: [
        { subject: 'CN=Example Corp Issuing CA 1', sha256: sha256Of(issuing) },
        { subject: 'CN=Example Corp Root CA', sha256: sha256Of(root) },
      ],
      notAfter: expect.any(String),
      keySpec: 'ECC_NIST_P256',
      keyId: expect.stringContaining('arn:'),
    });
    expect(plan.crossTbsSha256).toMatch(/^[0-9a-f]{64}$/);
    const { notes: _, digest, ...fields } = plan;
    expect(rotationPlanDigest(fields)).toBe(digest);
    const other = { ...fields, to: { ...fields.to, above: fields.to.above?.slice(1) ?? [] } };
    expect(rotationPlanDigest(other)).not.toBe(digest);
    expect(await world.plan()).toEqual(plan);
  });

  it('cannot be approved before the import, and not for another certificate afterwards', async () => {
    const { authority, go, plan, approve, keys } = world;
    const { spki } = await requested();
    await importing({ ca: issue(spki) });
    approve(await plan());
    keys.records.length = 0;
    // as if a record could be replaced
    const forged = issue(spki, 'ca', another);
    const record = authority.json('ca-records/prod/ca/2.json');
    const der = new X509Certificate(forged.certificate).raw;
    const certificate = der.toString('base64');
    authority.seed('ca-records/prod/ca/2.json', JSON.stringify({ ...record, certificate }));
    await expect(go('trust')).rejects.toMatchObject({ code: 'lint-failed' });
    const { chain: _, ...rest } = record as { chain: string };
    authority.seed(
      'ca-records/prod/ca/2.json',
      JSON.stringify({ ...rest, chain: another.chainPem }),
    );
    expect(await go('trust')).toMatchObject({ changed: false, missing: [{ subject: 'approval' }] });
    expect(keys.records).toEqual([]);
    expect(versionOf(2)).toBeUndefined();
  });

  it('of a CA that is compromised has no cross certificate', async () => {
    await imported();
    const plan = await world.plan({ compromised: true });
    expect(plan).not.toHaveProperty('crossTbsSha256');
    expect(plan.notes[0]).toMatch(/^there is no cross certificate: the old ca is compromised/);
  });

  it.each<[string, () => Promise<unknown>, Partial<PlanRotationRequest>, string]>([
    ['an imported certificate', imported, { ownRoot: true }, 'without --own-root'],
    ['the draft of a root', () => world.plan({ ownRoot: true }), {}, 'with --own-root'],
    [
      'the draft of a root',
      () => world.plan({ ownRoot: true }),
      { belowAnother: true },
      'with --own-root',
    ],
  ])('of %s stays what it is', async (_, make, more, why) => {
    await make();
    await expect(world.ask(more)).rejects.toThrow(why);
  });

  it('the draft of a root takes the place of a certificate that is not imported yet', async () => {
    const { spki } = await requested();
    await world.plan({ ownRoot: true });
    await expect(importing({ ca: issue(spki) })).rejects.toThrow('it is drafted as its own root');
    await world.advance();
    world.approve(await world.plan({ ownRoot: true }));
    expect(await world.go('trust')).toMatchObject({ changed: true });
  });

  it('is made once of racing ones with an import', async () => {
    const { spki } = await requested();
    const results = await Promise.allSettled([
      importing({ ca: issue(spki) }),
      world.ask({ ownRoot: true }),
    ]);
    const { origin } = world.authority.json('ca-records/prod/ca/2.json') as { origin: string };
    expect(results.map(({ status }) => status)).toEqual(
      origin === 'made' ? ['rejected', 'fulfilled'] : ['fulfilled', 'rejected'],
    );
  });
});

it('a whole rotation: what is signed with, published and remembered in each phase', async () => {
  const { advance, document, published, bundle, keys } = world;
  const given = await imported();
  keys.records.length = 0;
  const old = versionOf(1)?.certificate ?? '';
  const above = corporate.chainPem;
  const seen: Record<string, unknown> = {};
  for (const phase of ['trust', 'issue', 'retire', 'stable'] as const) {
    await advance(phase);
    seen[phase] = [document().cas.ca.signing, bundle(), chain()];
    expect(bundle()).not.toContain(certificateToPem(corporate.root));
  }
  const fresh = given.certificate;
  expect(seen).toEqual({
    trust: [1, old + fresh, old + above + fresh],
    issue: [2, fresh + old, fresh + above + old],
    retire: [2, fresh, fresh + above],
    stable: [2, fresh, fresh + above],
  });
  expect(keys.records).toEqual(['ca-records/prod/ca/2.cross.json']);
  expect(published()).toMatchObject({ sequence: 4, crosses: [{ ca: 'ca' }] });
  expect(versionOf(2)).toMatchObject({ origin: 'subordinate', chain: above });
  const cross = new X509Certificate(versionOf(2)?.cross ?? '');
  expect(cross.subjectAltName).toBe(
    `URI:ni:///sha-256;${Buffer.from(sha256Of(new X509Certificate(fresh).raw), 'hex').toString('base64url')}`,
  );
});

describe('the auditor', () => {
  const orders = () => {
    const records = keysOf().filter((key) => /^ca-records\/prod\/ca\/2\..*json$/.test(key));
    return Promise.all(records.map((key) => findSigningOrder(world.service, key)));
  };

  it('accounts for what is signed for a new version: the CSR, the proof, and the cross certificate', async () => {
    await imported();
    await world.advance('trust');
    const found = await orders();
    expect(found.map((one) => (typeof one === 'object' ? one.by : one))).toEqual([
      ...['createCa', 'createCa', 'createCa'],
    ]);
  });

  it('reports a cross certificate that names another certificate', async () => {
    await imported();
    await world.plan();
    const { authority } = world;
    const record = authority.json('ca-records/prod/ca/2.json') as { publicKey: string };
    const forged = issue(Buffer.from(record.publicKey, 'base64'), 'ca', corporate, {
      serialNumber: Uint8Array.of(9, 9),
    });
    const certificate = new X509Certificate(forged.certificate).raw.toString('base64');
    authority.seed('ca-records/prod/ca/2.json', JSON.stringify({ ...record, certificate }));
    expect(await orders()).toContainEqual(
      expect.stringContaining('its name is not the digest of the certificate of the new version'),
    );
  });
});

it('below another root, clients get both chains while both CAs are trusted', async () => {
  await imported(another);
  await world.advance('trust');
  expect(certificatesIn(chain())).toHaveLength(6);
  await world.advance('issue', 'retire');
  expect(chain()).toBe(`${versionOf(2)?.certificate}${another.chainPem}`);
});

describe('the start', () => {
  const CHANGES: [Phase[], Phase][] = [
    [[], 'trust'],
    [['trust'], 'issue'],
    [['trust', 'issue'], 'trust'],
    [['trust'], 'stable'],
  ];
  it.each(CHANGES)(
    'after %j, the change to %s is finished after it was killed at any call',
    async (phases, to) => {
      const { authority, exchange, keys, go, document, published, save } = world;
      await imported();
      await world.advance(...phases);
      if (phases.length === 0) world.approve(await world.plan());
      const again = save();
      const parts = [authority, exchange, keys];
      let point = 0;
      let calls = 0;
      while (calls >= point) {
        point += 1;
        calls = 0;
        again();
        for (const part of parts)
          part.interrupt = () => {
            calls += 1;
            if (calls === point) throw new Error('killed');
          };
        await go(to).catch(() => {});
        for (const part of parts) part.interrupt = () => {};
        await go(to);
        expect(document().rotation?.phase ?? 'stable').toBe(to);
        expect(published()).toMatchObject({ sequence: phases.length + 1 });
      }
      expect(point).toBeGreaterThan(10);
    },
  );

  it('of the next one after it was canceled needs a certificate for another key', async () => {
    await imported();
    await world.advance('trust');
    await world.go('stable');
    const { version, keyId } = await requested();
    expect(version).toBe(3);
    expect(keyId).not.toBe(versionOf(2)?.keyId);
  });
});

describe('a CA that is its own root', () => {
  beforeEach(() => {
    world = made;
  });

  it('gets a new version below another one if the operator requests its certificate', async () => {
    const { spki } = await requested({ belowAnother: true });
    expect(await world.ask()).toHaveProperty('awaited');
    const given = issue(spki);
    await importing({ ca: given });
    const plan = planned(await world.ask());
    expect(plan.notes).toContain('the new CA is below another one, and the old CA is its own root');
    world.approve(plan);
    expect(await world.go('trust')).toMatchObject({ changed: true });
    const old = versionOf(1)?.certificate ?? '';
    expect(world.bundle()).toBe(old + given.certificate);
    expect(chain()).toBe(old + given.certificate + corporate.chainPem);
    await world.advance('issue', 'retire', 'stable');
    expect([world.bundle(), chain()]).toEqual([
      given.certificate,
      given.certificate + corporate.chainPem,
    ]);
  });
});
