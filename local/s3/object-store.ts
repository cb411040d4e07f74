import { open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { finishedFiles, makeFolder } from '../../lib/files/durable-file.ts';
import { removeWhole, writeWhole } from '../../lib/files/whole-file.ts';
import type { Random } from '../identifiers.ts';
import { oneAtATime } from '../one-at-a-time.ts';
import { BucketIndex } from './bucket-index.ts';
import { decodeVersionFile, encodeVersionHead, type Version, versionFileName } from './version.ts';

/** `Unset`: versioning was never enabled, and objects have no version id. */
export type Versioning = 'Unset' | 'Enabled' | 'Suspended';

/** A bucket. */
export interface Bucket {
  readonly name: string;
  readonly createdAt: string;
  readonly versioning: Versioning;
  readonly index: BucketIndex;
}

/** What a writer provides; the store adds version id, sequencer and time. */
export type NewVersion = Omit<Version, 'versionId' | 'sequencer' | 'lastModified' | 'deleteMarker'>;

/**
 * Upper limit for the first line of a version's file. Everything in it comes from the head of a request, of which Node
 * accepts 16 KiB; JSON writes no character of it with more than twice its bytes, and the rest takes less than 1 KiB.
 */
const maxHeadBytes = 64 * 1024;

/** Buckets and objects in a folder. When a write returns, it survives a kill of this process. */
export class ObjectStore {
  readonly #folder: string;
  readonly #now: () => Date;
  readonly #random: Random;
  readonly #buckets = new Map<string, Bucket>();
  readonly #alone = oneAtATime();
  #lastSequence = 0n;

  private constructor(folder: string, now: () => Date, random: Random) {
    this.#folder = folder;
    this.#now = now;
    this.#random = random;
  }

  /** Opens a folder, and reads the first lines of all version files. */
  static async open(folder: string, now: () => Date, random: Random): Promise<ObjectStore> {
    await makeFolder(folder);
    const store = new ObjectStore(folder, now, random);
    for (const name of await readdir(folder)) await store.#load(name);
    return store;
  }

  buckets(): Bucket[] {
    return [...this.#buckets.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  bucket(name: string): Bucket | undefined {
    return this.#buckets.get(name);
  }

  /** Creates a bucket, or changes its versioning. */
  async saveBucket(name: string, versioning: Versioning): Promise<void> {
    await this.#alone(name, async () => {
      const before = this.#buckets.get(name);
      const createdAt = before?.createdAt ?? this.#now().toISOString();
      await makeFolder(join(this.#folder, name, 'objects'));
      await writeWhole(
        join(this.#folder, name, 'bucket.json'),
        JSON.stringify({ createdAt, versioning }),
      );
      const index = before?.index ?? new BucketIndex();
      this.#buckets.set(name, { name, createdAt, versioning, index });
    });
  }

  /** Removes an empty bucket. */
  async removeBucket(bucket: Bucket): Promise<void> {
    this.#buckets.delete(bucket.name);
    await rm(join(this.#folder, bucket.name), { recursive: true });
  }

  /** The current version of a key, which may be a delete marker. */
  current(bucket: Bucket, key: string): Version | undefined {
    return bucket.index.versions(key)[0];
  }

  async content(bucket: Bucket, { key, versionId }: Version): Promise<Buffer> {
    return decodeVersionFile(await readFile(this.#path(bucket, key, versionId))).content;
  }

  /**
   * Writes a version. `check` gets the current one, and throws to refuse. No other write of the key can happen between
   * check and write, so exactly one of racing conditional writers wins.
   */
  async put(
    bucket: Bucket,
    made: NewVersion,
    content: Buffer,
    check: (current: Version | undefined) => void,
  ): Promise<Version> {
    return this.#alone(lockName(bucket, made.key), async () => {
      check(this.current(bucket, made.key));
      return this.#write(bucket, { ...made, ...this.#stamp(bucket), deleteMarker: false }, content);
    });
  }

  /** Deletes a key: with versioning by a delete marker, which is returned, otherwise permanently. */
  async remove(
    bucket: Bucket,
    key: string,
    check: (current: Version | undefined) => void,
  ): Promise<Version | undefined> {
    return this.#alone(lockName(bucket, key), async () => {
      check(this.current(bucket, key));
      if (bucket.versioning === 'Unset') {
        await this.#erase(bucket, key, 'null');
        return undefined;
      }
      const marker = { key, size: 0, etag: '', headers: {}, ...this.#stamp(bucket) };
      return this.#write(bucket, { ...marker, deleteMarker: true }, Buffer.alloc(0));
    });
  }

  /** Deletes one version permanently. */
  async removeVersion(bucket: Bucket, { key, versionId }: Version): Promise<void> {
    await this.#alone(lockName(bucket, key), () => this.#erase(bucket, key, versionId));
  }

  async #write(bucket: Bucket, version: Version, content: Buffer): Promise<Version> {
    const path = this.#path(bucket, version.key, version.versionId);
    await writeWhole(path, [encodeVersionHead(version), content]);
    bucket.index.insert(version);
    return version;
  }

  async #erase(bucket: Bucket, key: string, versionId: string): Promise<void> {
    await removeWhole(this.#path(bucket, key, versionId));
    bucket.index.remove(key, versionId);
  }

  #stamp(bucket: Bucket): Pick<Version, 'versionId' | 'sequencer' | 'lastModified'> {
    const now = this.#now();
    const fromClock = BigInt(now.getTime()) * 1000n;
    this.#lastSequence = fromClock > this.#lastSequence ? fromClock : this.#lastSequence + 1n;
    return {
      versionId: bucket.versioning === 'Enabled' ? this.#random(16).toString('hex') : 'null',
      sequencer: this.#lastSequence.toString(16).toUpperCase().padStart(16, '0'),
      lastModified: now.toISOString(),
    };
  }

  async #load(name: string): Promise<void> {
    const folder = join(this.#folder, name);
    const settings = await readFile(join(folder, 'bucket.json'), 'utf8').catch(() => undefined);
    if (settings === undefined) return; // the process was killed before the bucket was complete
    const { createdAt, versioning } = JSON.parse(settings) as Bucket;
    const index = new BucketIndex();
    for (const file of await finishedFiles(join(folder, 'objects'))) {
      const version = await readHead(join(folder, 'objects', file));
      index.insert(version);
      const sequence = BigInt(`0x${version.sequencer}`);
      if (sequence > this.#lastSequence) this.#lastSequence = sequence;
    }
    this.#buckets.set(name, { name, createdAt, versioning, index });
  }

  #path(bucket: Bucket, key: string, versionId: string): string {
    return join(this.#folder, bucket.name, 'objects', versionFileName(key, versionId));
  }
}

function lockName(bucket: Bucket, key: string): string {
  return `${bucket.name}/${key}`;
}

async function readHead(path: string): Promise<Version> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(maxHeadBytes), 0, maxHeadBytes, 0);
    return decodeVersionFile(buffer.subarray(0, bytesRead)).version;
  } catch (cause) {
    throw new Error(`${path}: not a version file of this store`, { cause });
  } finally {
    await file.close();
  }
}
