/** What a second deployment changes, and what a deleted stack leaves behind. */
import { codeDir, ofType, type Resources, synthesize } from '../support/synthesize.ts';

const code = codeDir();
const first = {
  trustDomains: [{ name: 'prod' }],
  clusters: [{ name: 'prod', nodes: { assumedBy: ['account'] } }],
  operators: { assumedBy: ['account'] },
};
const before = synthesize(first, code);
const after = synthesize(
  {
    ...first,
    trustDomains: [{ name: 'staging', keySpec: 'RSA_3072' }, ...first.trustDomains],
    clusters: [
      { name: 'a-staging', nodes: { assumedBy: ['account'] }, users: { assumedBy: ['account'] } },
      ...first.clusters,
    ],
    approvers: { assumedBy: ['account'] },
  },
  code,
);

const differing = (one: Resources, other: Resources) =>
  Object.keys(one).filter((id) => JSON.stringify(one[id]) !== JSON.stringify(other[id]));

it('a new trust domain and a new cluster change only the keys that the functions may sign with', () => {
  expect(differing(before, after)).toEqual([
    expect.stringMatching(/^ServiceSignRoleDefaultPolicy/),
    expect.stringMatching(/^ServiceCreateCaRoleDefaultPolicy/),
  ]);
});

it('keys are only added to those that the functions may sign with', () => {
  for (const id of differing(before, after)) {
    const statements = (resources: Resources) =>
      resources[id]?.Properties.PolicyDocument.Statement.map((s: unknown) => JSON.stringify(s));
    expect(statements(after)).toEqual(expect.arrayContaining(statements(before).slice(0, -1)));
  }
  const signed = (resources: Resources) =>
    JSON.stringify(resources).match(/"Fn::GetAtt":\["TrustDomain\w+Keysca\w+","Arn"\]/g);
  expect(new Set(signed(after)).size).toBe(2);
  expect([...new Set(signed(after))]).toEqual(expect.arrayContaining([...new Set(signed(before))]));
});

it('the order in the configuration does not matter', () => {
  const reversed = synthesize({ ...first, clusters: [...first.clusters].reverse() }, code);
  expect(differing(before, reversed)).toEqual([]);
});

it('a second deployment sends the same properties to create-ca', () => {
  const [[id = ''] = []] = ofType(before, 'Custom::CakelessTrustDomain');
  expect(after[id]).toEqual(before[id]);
});

it('a deleted stack leaves keys, aliases, buckets and logs, and nothing else', () => {
  const kept = Object.values(after)
    .filter(({ DeletionPolicy }) => /^Retain/.test(DeletionPolicy ?? ''))
    .map(({ Type }) => Type);
  expect([...new Set(kept)].sort()).toEqual([
    'AWS::KMS::Alias',
    'AWS::KMS::Key',
    'AWS::Logs::LogGroup',
    'AWS::S3::Bucket',
  ]);
  // a copy of what CloudTrail keeps
  for (const type of new Set(kept))
    for (const [id, { DeletionPolicy }] of ofType(after, type))
      if (!/^ServiceGuardWatch/.test(id)) expect(DeletionPolicy).toMatch(/^Retain/);
});

it('no two CAs share a key', () => {
  const keys = ofType(after, 'Custom::CakelessTrustDomain').flatMap(([, { Properties }]) =>
    Object.values(Properties.keys).map((key) => JSON.stringify(key)),
  );
  expect(keys).toHaveLength(8);
  expect(new Set(keys).size).toBe(8);
});

describe('a trust domain that was deployed before kubelet-ca existed', () => {
  const keys = {
    ca: 'arn:aws:kms:eu-central-1:111111111111:key/1',
    'etcd-ca': 'arn:aws:kms:eu-central-1:111111111111:key/2',
    'front-proxy-ca': 'arn:aws:kms:eu-central-1:111111111111:key/3',
  };
  const named = (more: Record<string, string> = {}) =>
    synthesize({ ...first, trustDomains: [{ name: 'prod', keys: { ...keys, ...more } }] }, code);

  /** From before. With another logical id, CloudFormation would create a new key, and fail at the alias. */
  const IDS_OF_THREE = [
    'TrustDomainprodKeyscaA4166DCB',
    'TrustDomainprodKeyscaalias87C43C72',
    'TrustDomainprodKeysetcdca6412B4E0',
    'TrustDomainprodKeysetcdcaalias6F6B0146',
    'TrustDomainprodKeysfrontproxyca838AD114',
    'TrustDomainprodKeysfrontproxycaaliasADD86609',
  ];

  it('keeps the keys and aliases that its stack has, whose logical ids are the same', () => {
    const ids = ['AWS::KMS::Key', 'AWS::KMS::Alias'].flatMap((type) =>
      ofType(before, type).map(([id]) => id),
    );
    expect(ids).toEqual(expect.arrayContaining(IDS_OF_THREE));
    expect(ids.filter((id) => !IDS_OF_THREE.includes(id))).toEqual([
      expect.stringMatching(/^TrustDomainprodKeyskubeletca[0-9A-F]{8}$/),
      expect.stringMatching(/^TrustDomainprodKeyskubeletcaalias[0-9A-F]{8}$/),
    ]);
  });

  it('with named keys, gets only what the added key needs', () => {
    const [three, four] = [named(), named({ 'kubelet-ca': keys.ca.replace(/1$/, '4') })];
    expect(Object.keys(four)).toEqual(Object.keys(three));
    expect(differing(three, four)).toEqual([
      expect.stringMatching(/^ServiceSignRoleDefaultPolicy/),
      expect.stringMatching(/^ServiceCreateCaRoleDefaultPolicy/),
      expect.stringMatching(/^ServiceGuardWatchKeysprod/),
      expect.stringMatching(/^TrustDomainprodCertificates/),
    ]);
    const [[id = ''] = []] = ofType(three, 'Custom::CakelessTrustDomain');
    expect(four[id]?.Properties).toEqual({
      ...three[id]?.Properties,
      keys: { ...three[id]?.Properties.keys, 'kubelet-ca': expect.any(String) },
    });
  });
});
