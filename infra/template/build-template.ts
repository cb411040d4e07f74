/** Builds the plain template: for CloudFormation alone, with the files that it refers to and how to deploy them. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { App, type IStackSynthesizer } from 'aws-cdk-lib';
import { strToU8, type Zippable, zipSync } from 'fflate';
import { CakelessStack } from '../cakeless-stack.ts';
import type { CakelessConfig } from '../config-fields.ts';
import { declareParameters, filledIn, openConfig } from './parameters.ts';
import { type PlainFile, PlainSynthesizer } from './plain-synthesizer.ts';
import { readmeOf } from './readme.ts';

export const TEMPLATE = 'cakeless.template.json';

export interface ArtifactProps {
  readonly out: string;
  /** @default a trust domain, and parameters for the principals */
  readonly config?: CakelessConfig | undefined;
  /** As `CakelessServiceProps.codeDir`. */
  readonly codeDir?: string | undefined;
  /** Whether CDK validates the template, which takes seconds. @default true */
  readonly validated?: boolean | undefined;
}

export function buildTemplate({ out, config, codeDir, validated = true }: ArtifactProps): void {
  const assembly = mkdtempSync(join(tmpdir(), 'cakeless-template-'));
  const app = new App({
    outdir: assembly,
    analyticsReporting: false,
    treeMetadata: false,
    builtinCloudFormationValidation: validated,
  });
  const synthesizer = new PlainSynthesizer();
  const written = config ?? openConfig();
  const stack = new CakelessStack(app, 'Cakeless', {
    config: filledIn(written),
    // CDK's own types disagree under exactOptionalPropertyTypes: a StackSynthesizer is an IStackSynthesizer.
    synthesizer: synthesizer as IStackSynthesizer,
    ...(codeDir !== undefined && { codeDir }),
  });
  declareParameters(stack, written, config === undefined);
  app.synth();
  const template = JSON.parse(readFileSync(join(assembly, stack.templateFile), 'utf8'));
  rmSync(out, { recursive: true, force: true });
  write(join(out, TEMPLATE), `${JSON.stringify(template, null, 2)}\n`);
  write(join(out, 'README.md'), readmeOf(template.Parameters, foldersOf(synthesizer.files)));
  for (const file of synthesizer.files) write(join(out, file.name), contentsOf(file, assembly));
  rmSync(assembly, { recursive: true });
}

const foldersOf = (files: readonly PlainFile[]) => [
  ...new Set(files.map(({ name }) => dirname(name))),
];

function contentsOf({ source, zipped }: PlainFile, assembly: string): Uint8Array {
  const path = resolve(assembly, source);
  return zipped ? zipOf(path) : readFileSync(path);
}

/** The earliest time that a zip can have. The library writes local time, so this is the same in every time zone. */
const MTIME = new Date(1980, 0, 1);
const READABLE = 0o644;

/** The same bytes for the same files, on every machine and release of Node.js: the library does not use zlib. */
function zipOf(folder: string): Uint8Array {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const entries: Zippable = {};
  for (const file of files)
    entries[file.slice(folder.length + 1)] = [
      readFileSync(file),
      { level: 9, mtime: MTIME, os: UNIX, attrs: READABLE << 16 },
    ];
  return zipSync(entries);
}

/** The system whose file attributes the zip contains. */
const UNIX = 3;

function write(file: string, contents: string | Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof contents === 'string' ? strToU8(contents) : contents);
}
