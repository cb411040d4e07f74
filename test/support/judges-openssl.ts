import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askProgram } from './judges-programs.ts';
import type { ChainItem, Judgement } from './judges-questions.ts';

const purposes = { serverAuth: 'sslserver', clientAuth: 'sslclient', any: 'any' } as const;

/** One call of `openssl verify`: certificates for which all arguments are the same. */
type Call = { args: string[]; certificates: Map<string, ChainItem[]> };

/**
 * Asks `openssl verify`, with `-x509_strict` unless the item is lenient, about each item: once without a name, and once for each name or address.
 * One process takes one name but many certificates, so questions that differ only in the certificate share one.
 *
 * OpenSSL differs from Go in two ways: -verify_hostname is matched with the common name if a certificate has no DNS name,
 * and a certificate is expired in the second of notAfter (RFC 5280 section 4.1.2.5 and Go call it valid).
 */
export function judgeWithOpenssl(items: ChainItem[], at: Date): Judgement[] {
  const folder = mkdtempSync(join(tmpdir(), 'cakeless-judge-'));
  try {
    const complaints = new Map<ChainItem, string[]>(items.map((item) => [item, []]));
    for (const call of callsFor(items, at, folder)) {
      for (const [item, complaint] of run(call)) complaints.get(item)?.push(complaint);
    }
    return items.map((item) => judgement(item, complaints.get(item) ?? []));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const judgement = ({ name }: ChainItem, complaints: string[]): Judgement => ({
  name,
  judge: 'openssl',
  ok: complaints.length === 0,
  message: complaints.join('; ') || 'OK',
});

function callsFor(items: ChainItem[], at: Date, folder: string): Iterable<Call> {
  const file = fileKeeper(folder);
  const calls = new Map<string, Call>();
  for (const item of items) {
    const certificate = file(item.certificate);
    for (const name of nameArguments(item)) {
      const args = [...chainArguments(item, item.at ?? at, file), ...name];
      const key = args.join('\0');
      const call = calls.get(key) ?? { args, certificates: new Map() };
      call.certificates.set(certificate, [...(call.certificates.get(certificate) ?? []), item]);
      calls.set(key, call);
    }
  }
  return calls.values();
}

/** Equal texts share one file, so that equal questions have equal arguments. */
function fileKeeper(folder: string): (text: string) => string {
  const files = new Map<string, string>();
  return (text) => {
    const file = files.get(text) ?? join(folder, `${files.size}.pem`);
    if (!files.has(text)) writeFileSync(file, text);
    files.set(text, file);
    return file;
  };
}

function chainArguments(item: ChainItem, at: Date, file: (text: string) => string): string[] {
  // only the first block of the certificate's file is read: the others have to be passed as untrusted
  const chain = item.certificate.split('-----BEGIN ').length > 2 ? item.certificate : '';
  const untrusted = `${chain}${item.intermediates ?? ''}`;
  return [
    'verify',
    ...(item.lenient ? [] : ['-x509_strict']),
    ...(item.partialChain ? ['-partial_chain'] : []),
    ...['-purpose', purposes[item.usage]],
    ...['-attime', String(Math.floor(at.getTime() / 1000))],
    ...['-no-CApath', '-no-CAstore', '-CAfile', file(item.roots)],
    ...(untrusted ? ['-untrusted', file(untrusted)] : []),
  ];
}

function nameArguments({ dnsNames = [], ips = [] }: ChainItem): string[][] {
  return [
    [],
    ...dnsNames.map((name) => ['-verify_hostname', name]),
    ...ips.map((address) => ['-verify_ip', address]),
  ];
}

/** A certificate is valid only if OpenSSL prints OK with its file name. No output counts as a complaint. */
function run({ args, certificates }: Call): [ChainItem, string][] {
  const { out, err } = askProgram('openssl', [...args, ...certificates.keys()]);
  const valid = new Set(out.split('\n'));
  return [...certificates]
    .filter(([file]) => !valid.has(`${file}: OK`))
    .flatMap(([file, items]) =>
      items.map((item): [ChainItem, string] => [item, reason(file, err)]),
    );
}

/** OpenSSL prints the errors of a certificate, then a line with the name of its file. */
function reason(file: string, err: string): string {
  const lines = err.split('\n');
  const end = lines.indexOf(`error ${file}: verification failed`);
  if (end < 0) return err.replaceAll(file, 'certificate').trim() || 'no answer';
  const start = lines
    .slice(0, end)
    .findLastIndex((line) => /^error .*: verification failed$/.test(line));
  return (
    lines
      .slice(start + 1, end)
      .flatMap((line) => /^error \d+ at \d+ depth lookup: ?(.*)$/.exec(line)?.[1] ?? [])
      .join(', ') || 'refused without a reason'
  );
}
