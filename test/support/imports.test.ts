import {
  findCycle,
  importsAgainst,
  importsNotAllowed,
  layerIn,
  readSources,
  type Source,
} from './imports.ts';

const source = (file: string, ...files: string[]): Source => ({
  file,
  text: '',
  files,
  packages: [],
});
const layerOf = layerIn('lib');

describe('readSources', () => {
  const [own] = readSources('test/support').filter(({ file }) => file.endsWith('imports.test.ts'));

  it('resolves the imports of files against the importing file', () => {
    expect(own?.files).toEqual(['test/support/imports.ts']);
  });

  it('keeps packages apart from files', () => {
    const [reader] = readSources('test/support').filter(({ file }) => file.endsWith('/imports.ts'));
    expect(reader?.packages).toEqual(['node:fs', 'node:path']);
    expect(reader?.files).toEqual([]);
  });

  it('reads imports at run time', () => {
    const [opener] = readSources('client').filter(({ file }) => file.endsWith('/open-bucket.ts'));
    expect(opener?.files).toContain('lib/aws/clients.ts');
  });

  it('fails for a folder that does not exist', () => {
    expect(() => readSources('no-such-folder')).toThrow('ENOENT');
  });
});

describe('layerIn', () => {
  it.each([
    ['lib/ca/deep/keys.ts', 'ca'],
    ['lib/duration.ts', 'duration.ts'],
    ['library/ca/keys.ts', undefined],
    ['client/main.ts', undefined],
  ])('%s is in %s', (file, layer) => {
    expect(layerOf(file)).toBe(layer);
  });
});

describe('importsAgainst', () => {
  const order = ['service', ['ca', 'csr'], 'der'];

  it('accepts imports inside a layer, down the list and out of the folder', () => {
    const sources = [
      source('lib/service/a.ts', 'lib/service/b.ts', 'lib/ca/a.ts', 'lib/der/a.ts', 'test/a.ts'),
      source('lib/ca/a.ts', 'lib/der/a.ts'),
      source('client/main.ts', 'lib/service/a.ts'),
    ];
    expect(importsAgainst(order, sources, layerOf)).toEqual([]);
  });

  it.each([
    ['up the list', source('lib/der/a.ts', 'lib/ca/a.ts')],
    ['to another layer on the same level', source('lib/ca/a.ts', 'lib/csr/a.ts')],
    ['into a layer that the order does not list', source('lib/ca/a.ts', 'lib/new/a.ts')],
  ])('finds an import %s', (_, wrong) => {
    expect(importsAgainst(order, [wrong], layerOf)).toEqual([
      `${wrong.file} imports ${wrong.files[0]}`,
    ]);
  });

  it('finds a layer that the order does not list', () => {
    expect(importsAgainst(order, [source('lib/new/a.ts')], layerOf)).toEqual([
      'lib/new/a.ts is in a layer that the order does not list',
    ]);
  });
});

describe('importsNotAllowed', () => {
  const allowed = { service: ['ca'], ca: [] };

  it('accepts imports inside a layer, from the listed layers and from outside the folder', () => {
    const sources = [
      source('lib/service/a.ts', 'lib/service/b.ts', 'lib/ca/a.ts', 'test/a.ts'),
      source('client/main.ts', 'lib/service/a.ts'),
    ];
    expect(importsNotAllowed(allowed, sources, layerOf)).toEqual([]);
  });

  it.each(['lib/service/a.ts', 'lib/new/a.ts'])('finds an import of %s', (target) => {
    expect(importsNotAllowed(allowed, [source('lib/ca/a.ts', target)], layerOf)).toEqual([
      `lib/ca/a.ts imports ${target}`,
    ]);
  });

  it('finds a layer that is not listed', () => {
    expect(importsNotAllowed(allowed, [source('lib/new/a.ts')], layerOf)).toEqual([
      'lib/new/a.ts is in a layer that is not listed',
    ]);
  });
});

describe('findCycle', () => {
  it('finds no cycle if all imports go down', () => {
    const sources = [
      source('lib/a/1.ts', 'lib/b/1.ts', 'lib/c/1.ts'),
      source('lib/b/1.ts', 'lib/c/1.ts'),
      source('lib/c/1.ts'),
    ];
    expect(findCycle(sources, layerOf)).toEqual([]);
  });

  it('finds layers that import from each other even if no two of their files do', () => {
    const sources = [source('lib/a/1.ts', 'lib/b/1.ts'), source('lib/b/2.ts', 'lib/a/2.ts')];
    expect(findCycle(sources, layerOf)).toEqual([
      'lib/a/1.ts imports lib/b/1.ts',
      'lib/b/2.ts imports lib/a/2.ts',
    ]);
  });

  it('names only the layers of the cycle, not those that import it', () => {
    const sources = [
      source('lib/a/1.ts', 'lib/b/1.ts'),
      source('lib/b/1.ts', 'lib/c/1.ts'),
      source('lib/c/1.ts', 'lib/d/1.ts'),
      source('lib/d/1.ts', 'lib/b/1.ts'),
    ];
    expect(findCycle(sources, layerOf)).toEqual([
      'lib/b/1.ts imports lib/c/1.ts',
      'lib/c/1.ts imports lib/d/1.ts',
      'lib/d/1.ts imports lib/b/1.ts',
    ]);
  });
});
