import type { Version } from './version.ts';

/**
 * S3 lists in the order of UTF-8 bytes; JavaScript compares UTF-16 units, which differs above U+FFFF. With one character
 * per byte, `<` and `startsWith` are right.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 */
export function byteOrder(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** The versions of one key, newest first. */
export interface IndexedKey {
  readonly order: string;
  versions: readonly Version[];
}

/** The contents of a bucket, in memory, in the order of listings. The files are authoritative; this is read from them. */
export class BucketIndex {
  readonly #byKey = new Map<string, IndexedKey>();
  readonly #sorted: IndexedKey[] = [];

  get isEmpty(): boolean {
    return this.#sorted.length === 0;
  }

  versions(key: string): readonly Version[] {
    return this.#byKey.get(key)?.versions ?? [];
  }

  /** Adds a version, or replaces the one with the same id. */
  insert(version: Version): void {
    let indexed = this.#byKey.get(version.key);
    if (indexed === undefined) {
      indexed = { order: byteOrder(version.key), versions: [] };
      this.#byKey.set(version.key, indexed);
      this.#sorted.splice(this.#position(indexed.order), 0, indexed);
    }
    indexed.versions = [
      version,
      ...indexed.versions.filter(({ versionId }) => versionId !== version.versionId),
    ].sort((a, b) => (a.sequencer < b.sequencer ? 1 : -1));
  }

  remove(key: string, versionId: string): void {
    const indexed = this.#byKey.get(key);
    if (indexed === undefined) return;
    indexed.versions = indexed.versions.filter((version) => version.versionId !== versionId);
    if (indexed.versions.length > 0) return;
    this.#byKey.delete(key);
    this.#sorted.splice(this.#position(indexed.order), 1);
  }

  /** The first key at or after a position in byte order. */
  firstFrom(order: string): IndexedKey | undefined {
    return this.#sorted[this.#position(order)];
  }

  /**
   * Every version of the keys with a prefix, newest first within a key. It starts after the marker: a key, or with a
   * version id that version of the key.
   */
  *allVersions(
    prefix: string,
    keyMarker: string,
    versionIdMarker: string,
  ): Generator<{ version: Version; latest: boolean }> {
    const begin = byteOrder(prefix);
    const marker = byteOrder(keyMarker);
    const start = marker > begin ? marker : begin;
    for (let at = this.#position(start); at < this.#sorted.length; at += 1) {
      const indexed = this.#sorted[at];
      if (!indexed?.order.startsWith(begin)) return;
      const atMarker = keyMarker !== '' && indexed.order === marker;
      if (atMarker && versionIdMarker === '') continue;
      const ids = indexed.versions.map(({ versionId }) => versionId);
      const first = atMarker ? ids.indexOf(versionIdMarker) + 1 : 0;
      for (const [age, version] of indexed.versions.entries()) {
        if (age >= first) yield { version, latest: age === 0 };
      }
    }
  }

  #position(order: string): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sorted[middle]?.order ?? '') < order) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
