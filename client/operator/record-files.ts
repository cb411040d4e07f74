/**
 * Reads the cluster records of a file, or of all files of a folder, as `kubectl apply -f` does. Everything that can be
 * judged without the service is judged before the first record is written.
 */
import { readdirSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { ClusterRecord } from '../../lib/cluster/record.ts';
import { parseClusterRecord } from '../../lib/cluster/record.ts';
import { CommandError, unusableFile } from '../errors.ts';
import { parseYamlDocuments, YamlError } from '../parse-yaml.ts';
import { readGivenText } from '../read-text.ts';

export interface RecordFile {
  readonly file: string;
  readonly cluster: string;
  /** As the file has it. */
  readonly document: unknown;
  readonly record: ClusterRecord;
}

export interface RecordFiles {
  /** By file, and in the order of the documents in each. */
  readonly records: readonly RecordFile[];
  /** Whether the path is that of a folder. */
  readonly isFolder: boolean;
}

const EXTENSIONS = ['.yaml', '.yml', '.json'];

/**
 * @param recursive whether to read the folders below as well
 * @throws CommandError that names every file that is not a valid record, and every cluster with two of them
 */
export function readRecordFiles(path: string, recursive: boolean): RecordFiles {
  const isFolder = kindOf(path) === 'folder';
  const files = isFolder ? filesIn(path, recursive) : [path];
  if (files.length === 0)
    throw new CommandError(
      'usage',
      `${path}: contains no file that ends in ${EXTENSIONS.join(', ')}`,
      recursive ? undefined : 'use --recursive to read the folders below it, too',
    );
  const problems: string[] = [];
  const records = files.flatMap((file) => readRecords(file, problems));
  problems.push(...describeTwice(records));
  if (problems.length > 0)
    throw new CommandError(
      'usage',
      [`${path}: nothing was applied:`, ...problems],
      'correct the files, and run the same command again',
    );
  return { records, isFolder };
}

/** @throws CommandError if there is nothing */
function kindOf(path: string): 'folder' | 'file' | undefined {
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) return 'folder';
    return stats.isFile() ? 'file' : undefined;
  } catch (error) {
    throw unusableFile(path, error);
  }
}

/**
 * Sorted by name. Hidden files are left out, such as `.git` and the links of a mounted ConfigMap. Links to files are
 * followed, but not links to folders, which could form a cycle.
 */
function filesIn(folder: string, recursive: boolean): string[] {
  const entries = readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.'))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return recursive ? filesIn(path, recursive) : [];
    // what else is there may be anything, such as a link that leads nowhere
    return EXTENSIONS.includes(extname(entry.name)) && kindOf(path) === 'file' ? [path] : [];
  });
}

/** @param problems the file's problems are added to this list */
function readRecords(file: string, problems: string[]): RecordFile[] {
  const documents = documentsIn(file, problems);
  return documents.flatMap((document, i) => {
    const { record, problems: own } = parseClusterRecord(document);
    if (record) return [{ file, cluster: record.cluster, document, record }];
    const where = documents.length > 1 ? `${file}: document ${i + 1}` : file;
    problems.push(...own.map((problem) => `${where}: ${problem}`));
    return [];
  });
}

function documentsIn(file: string, problems: string[]): unknown[] {
  try {
    const text = readGivenText(file);
    // JSON's own parser has the better messages
    return extname(file) === '.json' ? [JSON.parse(text)] : parseYamlDocuments(text);
  } catch (error) {
    if (error instanceof SyntaxError) problems.push(`${file}: not JSON: ${error.message}`);
    else if (error instanceof YamlError) problems.push(`${file}: not YAML: ${error.message}`);
    else if (error instanceof CommandError) problems.push(error.message);
    else throw error;
    return [];
  }
}

function describeTwice(records: readonly RecordFile[]): string[] {
  const clusters = new Set(records.map(({ cluster }) => cluster));
  return [...clusters].flatMap((cluster) => {
    const files = records.filter((record) => record.cluster === cluster).map(({ file }) => file);
    return files.length === 1
      ? []
      : [`cluster ${cluster}: has ${files.length} records: ${files.join(', ')}`];
  });
}
