import {
  compareKubernetesVersions,
  parseKubernetesVersion,
} from '../../../lib/profiles/kubernetes-version.ts';

it.each([
  ['v1.37.2', 37, 2],
  ['1.37.2', 37, 2],
  ['v1.35.4+vendor.1', 35, 4],
  ['v1.37.0-rc.1', 37, 0],
  ['1.0.0', 0, 0],
])('%s is minor %i, patch %i', (text, minor, patch) => {
  expect(parseKubernetesVersion(text)).toEqual({ minor, patch });
});

it.each([
  'v1.37',
  '1',
  'stable-1',
  'latest',
  'v2.0.0',
  'v1.037.2',
  'v1.37.02',
  'v1.37.2.1',
  'v1.37.2 ',
  'v1.37.2\n',
  'V1.37.2',
  'v1.-1.0',
  'v1.37.2-',
  '',
])('%j is not a version', (text) => {
  expect(parseKubernetesVersion(text)).toBeUndefined();
});

it('versions are compared numerically, not alphabetically', () => {
  const ordered = ['1.9.10', '1.19.0', '1.19.2', '1.19.10', '1.28.15', '1.29.0', '1.100.0'];
  const parsed = ordered.map((text) => parseKubernetesVersion(text) ?? { minor: -1, patch: -1 });
  expect([...parsed].reverse().sort(compareKubernetesVersions)).toEqual(parsed);
});
