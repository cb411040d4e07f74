import type { ObjectStore } from '../../lib/store/object-store.ts';
import type { Contract } from './contract.ts';

export interface OpenStore {
  /** Empty, and without versions. */
  readonly store: ObjectStore;
  /** Moves the store's clock, if the test controls it. */
  readonly advance?: (ms: number) => void;
  close(): Promise<void>;
}

const TYPE = 'text/plain';
const MAX = 1000;
const text = (object: { readonly body: Uint8Array } | undefined) =>
  object && Buffer.from(object.body).toString('utf8');

/** The promises of `ObjectStore`, as tests: each implementation has to pass them. */
export function objectStoreContract(it: Contract['it'], open: () => Promise<OpenStore>): void {
  let opened: OpenStore;
  let store: ObjectStore;

  beforeEach(async () => {
    opened = await open();
    store = opened.store;
  });
  afterEach(() => opened.close());

  async function read(key: string) {
    const object = await store.get(key, MAX);
    if (!object) throw new Error(`${key} does not exist`);
    return object;
  }

  async function listed(...args: Parameters<ObjectStore['list']>) {
    const objects = [];
    for await (const object of store.list(...args)) objects.push(object);
    return objects;
  }

  describe('get', () => {
    it('returns undefined for a missing object', async () => {
      expect(await store.get('missing', MAX)).toBeUndefined();
    });

    it('returns the bytes that were written, and their size', async () => {
      const bytes = Uint8Array.from([0, 255, 13, 10, 128]);
      await store.put('bytes', bytes, TYPE);
      await store.put('text', 'übrig', TYPE);
      await store.put('empty', '', TYPE);
      expect(Buffer.from((await read('bytes')).body)).toEqual(Buffer.from(bytes));
      expect(await read('bytes')).toMatchObject({ size: 5, tooLarge: false });
      expect([text(await read('text')), (await read('text')).size]).toEqual(['übrig', 6]);
      expect([text(await read('empty')), (await read('empty')).size]).toEqual(['', 0]);
    });

    it.each([
      ['one byte too large', 9, { tooLarge: true, size: 10 }, ''],
      ['exactly as large as allowed', 10, { tooLarge: false, size: 10 }, '0123456789'],
    ])('of an object that is %s', async (_, maxBytes, shape, body) => {
      await store.put('digits', '0123456789', TYPE);
      const object = await store.get('digits', maxBytes);
      expect(object).toMatchObject(shape);
      expect(text(object)).toBe(body);
    });

    it('returns an ETag without quotes, which changes with the bytes', async () => {
      await store.put('a', 'one', TYPE);
      const first = (await read('a')).eTag;
      await store.put('a', 'two', TYPE);
      expect(first).toMatch(/^[^"]+$/);
      expect((await read('a')).eTag).not.toBe(first);
    });

    it("returns how long ago the object was written, according to the store's clock", async () => {
      await store.put('a', 'one', TYPE);
      const { ageMs, lastModified } = await read('a');
      expect(ageMs).toBeGreaterThanOrEqual(0);
      expect(ageMs).toBeLessThan(60_000);
      if (!opened.advance) return;
      opened.advance(600_000);
      const later = await read('a');
      expect(later.lastModified).toEqual(lastModified);
      expect(later.ageMs).toBeGreaterThanOrEqual(599_000);
      expect(later.ageMs).toBeLessThan(660_000);
      await store.put('a', 'one', TYPE);
      expect((await read('a')).ageMs).toBeLessThan(60_000);
    });
  });

  describe('getIfChanged', () => {
    it('returns the object as get does if its ETag differs', async () => {
      await store.create('a', 'one', TYPE, { origin: 'test' });
      const { eTag } = await read('a');
      await store.put('a', 'two', TYPE);
      const { ageMs: _, ...changed } = await read('a');
      expect(await store.getIfChanged('a', MAX, eTag)).toMatchObject(changed);
      expect(await store.getIfChanged('a', 2, eTag)).toMatchObject({ tooLarge: true, size: 3 });
    });

    it('returns unchanged if the object still has the ETag, even if it was written again', async () => {
      await store.put('a', 'one', TYPE);
      const { eTag } = await read('a');
      expect(await store.getIfChanged('a', MAX, eTag)).toBe('unchanged');
      await store.put('a', 'one', TYPE);
      expect(await store.getIfChanged('a', MAX, eTag)).toBe('unchanged');
    });

    it('returns undefined for an object that was removed', async () => {
      await store.put('a', 'one', TYPE);
      const { eTag } = await read('a');
      await store.remove('a');
      expect(await store.getIfChanged('a', MAX, eTag)).toBeUndefined();
    });
  });

  describe('create', () => {
    it('writes a new object with its metadata', async () => {
      expect(await store.create('a', 'one', TYPE, { origin: 'test' })).toBe('created');
      expect(await read('a')).toMatchObject({ metadata: { origin: 'test' } });
      expect(text(await read('a'))).toBe('one');
    });

    it('leaves an existing object as it is', async () => {
      await store.create('a', 'one', TYPE, { origin: 'test' });
      expect(await store.create('a', 'two', TYPE)).toBe('exists');
      expect(text(await read('a'))).toBe('one');
      expect(await read('a')).toMatchObject({ metadata: { origin: 'test' } });
    });

    it('can be repeated after the object was removed', async () => {
      await store.create('a', 'one', TYPE);
      await store.remove('a');
      expect(await store.create('a', 'two', TYPE)).toBe('created');
    });

    it('has exactly one winner among concurrent calls, and its bytes are stored', async () => {
      const results = await Promise.all(
        Array.from({ length: 8 }, (_, i) => store.create('race', `writer ${i}`, TYPE)),
      );
      expect(results.filter((result) => result === 'created')).toHaveLength(1);
      expect(text(await read('race'))).toBe(`writer ${results.indexOf('created')}`);
    });
  });

  describe('replace', () => {
    it('writes over the object whose ETag was read', async () => {
      await store.create('a', 'one', TYPE);
      expect(await store.replace('a', 'two', TYPE, (await read('a')).eTag)).toBe('replaced');
      expect(text(await read('a'))).toBe('two');
      const bytes = Uint8Array.from([0, 255]);
      expect(await store.replace('a', bytes, TYPE, (await read('a')).eTag)).toBe('replaced');
      expect(Buffer.from((await read('a')).body)).toEqual(Buffer.from(bytes));
    });

    it('changes nothing if the object was written since', async () => {
      await store.put('a', 'one', TYPE);
      const { eTag } = await read('a');
      await store.put('a', 'two', TYPE);
      expect(await store.replace('a', 'three', TYPE, eTag)).toBe('changed');
      expect(text(await read('a'))).toBe('two');
    });

    it('does not bring back an object that was removed since', async () => {
      await store.put('a', 'one', TYPE);
      const { eTag } = await read('a');
      await store.remove('a');
      expect(await store.replace('a', 'two', TYPE, eTag)).toBe('changed');
      expect(await store.get('a', MAX)).toBeUndefined();
    });

    it('does not create an object that never existed', async () => {
      await store.put('other', 'one', TYPE);
      const { eTag } = await read('other');
      expect(await store.replace('a', 'two', TYPE, eTag)).toBe('changed');
      expect(await store.get('a', MAX)).toBeUndefined();
    });

    it('takes an ETag from a listing', async () => {
      await store.put('a', 'one', TYPE);
      const [object] = await listed('a');
      expect(await store.replace('a', 'two', TYPE, object?.eTag ?? '')).toBe('replaced');
    });

    it('has exactly one winner among concurrent calls, and its bytes are stored', async () => {
      await store.put('race', 'start', TYPE);
      const { eTag } = await read('race');
      const results = await Promise.all(
        Array.from({ length: 8 }, (_, i) => store.replace('race', `writer ${i}`, TYPE, eTag)),
      );
      expect(results.filter((result) => result === 'replaced')).toHaveLength(1);
      expect(text(await read('race'))).toBe(`writer ${results.indexOf('replaced')}`);
    });

    it('loses no increment of a counter if each caller reads again after a change', async () => {
      await store.put('counter', '0', TYPE);
      const increment = async () => {
        for (;;) {
          const object = await read('counter');
          const next = String(Number(text(object)) + 1);
          if ((await store.replace('counter', next, TYPE, object.eTag)) === 'replaced') return;
        }
      };
      await Promise.all(Array.from({ length: 4 }, increment));
      expect(text(await read('counter'))).toBe('4');
    });
  });

  describe('put and remove', () => {
    it('put writes whether or not the key is free', async () => {
      await store.create('a', 'one', TYPE, { origin: 'test' });
      await store.put('a', 'two', TYPE);
      expect(text(await read('a'))).toBe('two');
      expect((await read('a')).metadata).toEqual({});
    });

    it('remove deletes an object, and a missing object is not an error', async () => {
      await store.put('a', 'one', TYPE);
      await store.remove('a');
      await store.remove('a');
      expect(await store.get('a', MAX)).toBeUndefined();
      expect(await listed('')).toEqual([]);
    });
  });

  describe('list', () => {
    const keys = ['a', 'b/1', 'b/2', 'b/c/3', 'd e', 'é', '\uffee', '\u{1f512}'];
    beforeEach(async () => {
      for (const key of [...keys].reverse()) await store.put(key, key, TYPE);
    });

    it.each([
      ['everything, ordered by UTF-8 bytes', [''], keys],
      ['a prefix', ['b/'], ['b/1', 'b/2', 'b/c/3']],
      ['what sorts after a key', ['', 'd e'], ['é', '\uffee', '\u{1f512}']],
      ['what sorts after a key, under a prefix', ['b/', 'b/1'], ['b/2', 'b/c/3']],
      ['what sorts after a key that does not exist', ['', 'c'], keys.slice(4)],
      ['nothing under a prefix that no key has', ['x/'], []],
    ])('lists %s', async (_, [prefix = '', after], expected) => {
      const found = await listed(prefix, ...(after === undefined ? [] : [after]));
      expect(found.map(({ key }) => key)).toEqual(expected);
    });

    it('returns the same ETag and time as get', async () => {
      for (const { key, eTag, lastModified } of await listed('b/')) {
        const object = await read(key);
        expect(eTag).toBe(object.eTag);
        // the XML of a listing has milliseconds, the header Last-Modified has not
        const apartMs = lastModified.getTime() - object.lastModified.getTime();
        expect(Math.abs(apartMs)).toBeLessThan(1000);
      }
    });
  });
}
