/** What the published files contain: the packages that esbuild bundled, according to its metadata. */
import { readFileSync } from 'node:fs';

export interface Component {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression. */
  readonly license: string;
  /** https://github.com/package-url/purl-spec */
  readonly purl: string;
  /** Of the package as npm distributes it: SHA-512, in hexadecimal. */
  readonly sha512?: string;
}

/** The part of esbuild's metadata that is needed: `outputs` names the inputs of which anything is left. */
interface Metafile {
  readonly outputs: Readonly<
    Record<string, { readonly inputs: Readonly<Record<string, { bytesInOutput: number }>> }>
  >;
}

interface Lockfile {
  readonly packages: Readonly<
    Record<string, { version: string; license?: string; integrity?: string }>
  >;
}

/** @param metafiles paths of esbuild's metadata */
export function bundledComponents(metafiles: readonly string[], lockfile: string): Component[] {
  const lock: Lockfile = JSON.parse(readFileSync(lockfile, 'utf8'));
  const places = new Set(
    metafiles.flatMap((file) => placesOfPackages(JSON.parse(readFileSync(file, 'utf8')))),
  );
  const components = [...places].map((place) => componentAt(place, lock));
  const byPurl = new Map(components.map((component) => [component.purl, component]));
  return [...byPurl.values()].sort((a, b) => (a.purl < b.purl ? -1 : 1));
}

/** The keys of the lockfile: `node_modules/a`, or `node_modules/a/node_modules/@b/c`. */
export function placesOfPackages({ outputs }: Metafile): string[] {
  const used = Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs)
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([input]) => input),
  );
  const places = used.flatMap(
    (input) => /(?<=^|\/)node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+/.exec(input) ?? [],
  );
  return [...new Set(places)].sort();
}

function componentAt(place: string, { packages }: Lockfile): Component {
  const name = place.replace(/^.*node_modules\//, '');
  const locked = packages[place];
  if (locked?.license === undefined)
    throw new Error(`${place}: bundled, but package-lock.json has no license of it`);
  const { version, license, integrity } = locked;
  const sha512 = /^sha512-(.+)$/.exec(integrity ?? '')?.[1];
  return {
    ...{ name, version, license, purl: `pkg:npm/${name.replace('@', '%40')}@${version}` },
    ...(sha512 !== undefined && { sha512: Buffer.from(sha512, 'base64').toString('hex') }),
  };
}
