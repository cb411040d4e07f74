/** What is kept of a node's report: what a gate looks at. */
import type { NodeReport } from '../../contract/node-report.ts';
import { readNodeReport } from '../../node-reports/read-report.ts';
import type { CaName } from '../../profiles/certificate-names.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { NodeFacts, Stated } from './evidence.ts';

/** undefined if the node has written none. @throws Fault if the bucket cannot be read */
export async function readNodeFacts(
  exchange: Pick<ObjectStore, 'get'>,
  { cluster, node }: { readonly cluster: string; readonly node: string },
  ca: CaName,
): Promise<Stated<NodeFacts> | undefined> {
  const stored = await readNodeReport(exchange, cluster, node);
  if (!stored) return undefined;
  const writtenAt = stored.writtenAt.toISOString();
  const { report, problem = '' } = stored;
  return report ? { writtenAt, facts: factsOf(report, ca) } : { writtenAt, problem };
}

function factsOf(report: NodeReport, ca: CaName): NodeFacts {
  const { signing, rotation, renewal } = report;
  return {
    components: report.versions.components.map(({ name }) => name),
    certificates: report.certificates
      .filter((certificate) => certificate.ca === ca)
      .map(({ name, sha256, caSha256 }) => ({ name, sha256, ...(caSha256 && { caSha256 }) })),
    served: report.served.map(({ component, sha256 }) => ({ component, sha256 })),
    caFiles: report.caFiles.filter((file) => file.ca === ca).map(holdingOf),
    kubeconfigs: ca === 'ca' ? report.kubeconfigs.map(holdingOf) : [],
    ...(signing && { signing: { signs: signing.signs, flags: signing.flags } }),
    ...(rotation && {
      rotation: {
        sequence: rotation.sequence,
        proved: rotation.proved.map(({ component, address, result, at }) => ({
          component,
          address,
          result,
          at,
        })),
        started: rotation.started.map(({ component, isSince }) => ({ component, isSince })),
        left: rotation.left,
      },
    }),
    ...(renewal && { renewalExitCode: renewal.exitCode }),
  };
}

const holdingOf = ({ file, sha256 }: { file: string; sha256: readonly string[] }) => ({
  file,
  sha256,
});
