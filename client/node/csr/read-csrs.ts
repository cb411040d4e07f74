/** Reads the CSRs of a folder, and checks that each may leave the node. */
import { findPrivateKey } from '../../../lib/csr/private-key-material.ts';
import { readRequest } from '../../../lib/csr/read-request.ts';
import { readFile } from '../../../lib/files/read-file.ts';
import { LIMITS } from '../../../lib/limits.ts';
import type { ViolationCode } from '../../../lib/refusal/violation.ts';
import { CommandError } from '../../errors.ts';
import type { Terminal } from '../../terminal.ts';
import { type FoundCsr, findCsrs } from './find-csrs.ts';

/** Reads and checks all files before the first byte leaves the node. */
export function readCsrs(folder: string, terminal: Terminal) {
  const { csrs, unknown } = findCsrs(folder);
  for (const path of unknown)
    terminal.progress(`skipped ${path}: kubeadm has no certificate at this path`);
  return { files: csrs.map((csr) => ({ ...csr, bytes: readCsr(csr) })), unknown };
}

function readCsr({ file }: FoundCsr): Buffer {
  const { bytes } = readFile(file, { refusesLink: true }); // findCsrs lists files only
  checkCsr(file, bytes);
  return bytes;
}

/** @throws CommandError for anything but a CSR, above all for a private key */
export function checkCsr(file: string, bytes: Uint8Array): void {
  const found = findPrivateKey(bytes);
  if (found)
    throw new CommandError(
      'usage',
      `${file}: contains ${found}; nothing was sent`,
      'a .csr file must contain one certificate signing request and nothing else',
    );
  if (bytes.length > LIMITS.maxObjectBytes)
    throw new CommandError(
      'usage',
      `${file}: ${bytes.length} bytes is too large for a CSR (at most ${LIMITS.maxObjectBytes}); nothing was sent`,
    );
  const unreadable = readRequest(bytes).violations.find(({ code }) => NOT_A_CSR.includes(code));
  if (unreadable)
    throw new CommandError('usage', `${file}: not a CSR (${unreadable.got}); nothing was sent`);
}

const NOT_A_CSR: readonly ViolationCode[] = ['pem-malformed', 'pem-label', 'der-malformed'];
