/** Uploads the CSRs of a folder as one request. */
import { requestKey } from '../../../lib/contract/request-key.ts';
import type { Terminal } from '../../terminal.ts';
import { readCsrs } from '../csr/read-csrs.ts';
import type { Exchange } from './exchange.ts';
import type { RequestPlace } from './outcomes.ts';
import { throwFailures, uploadAll } from './upload-all.ts';

export interface Submitted extends RequestPlace {
  readonly requests: readonly { certificateName: string; key: string; uploaded: boolean }[];
  /** .csr files that were skipped, because kubeadm has no certificate at their paths. */
  readonly skipped: readonly string[];
}

export interface SubmitOptions {
  /** Without progress for CSRs that an earlier run uploaded. */
  readonly reportsOnlyNew?: boolean;
}

export async function submit(
  exchange: Exchange,
  terminal: Terminal,
  folder: string,
  { cluster, node, request }: RequestPlace,
  { reportsOnlyNew = false }: SubmitOptions = {},
): Promise<Submitted> {
  const { files, unknown } = readCsrs(folder, terminal);
  const csrs = files.map((file) => ({
    ...file,
    key: requestKey({ cluster, node, requestId: request, path: file.path }),
  }));
  const results = await uploadAll(exchange, csrs);
  const requests = csrs.flatMap(({ key, path, certificateName }, i) => {
    const result = results[i];
    if (!result || 'error' in result) return [];
    const { uploaded } = result;
    if (uploaded || !reportsOnlyNew)
      terminal.progress(
        `${uploaded ? 'uploaded' : 'already uploaded:'} ${certificateName} (${path})`,
      );
    return [{ certificateName, key, uploaded }];
  });
  throwFailures(csrs, results);
  return { cluster, node, request, requests, skipped: unknown };
}
