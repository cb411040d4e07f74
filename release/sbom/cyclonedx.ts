/** The bill of materials as CycloneDX 1.6, JSON (ECMA-424; https://cyclonedx.org/docs/1.6/json/). */
import type { Component } from './components.ts';
import { NODE_COMMENT, releaseUuid, type Subject } from './subject.ts';

export function cycloneDx({ revision, components, node }: Subject) {
  const root = `pkg:npm/cakeless@${revision.version}`;
  const nodePurl = `pkg:generic/node@${node.version}`;
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${releaseUuid(revision)}`,
    version: 1,
    metadata: {
      timestamp: revision.time.toISOString(),
      component: {
        ...{ type: 'application', 'bom-ref': root, purl: root },
        ...{ name: 'cakeless', version: revision.version },
        licenses: [{ license: { id: 'Apache-2.0' } }],
        properties: [{ name: 'cakeless:commit', value: revision.commit }],
      },
    },
    components: [
      ...components.map(library),
      {
        ...{ type: 'platform', 'bom-ref': nodePurl, purl: nodePurl },
        ...{ name: 'node', version: node.version, description: NODE_COMMENT },
        licenses: [{ license: { id: 'MIT' } }],
        components: Object.entries(node.parts).map(([name, version]) => ({
          ...{ type: 'library', 'bom-ref': `${nodePurl}#${name}`, name, version },
        })),
      },
    ],
    dependencies: [
      { ref: root, dependsOn: [...components.map(({ purl }) => purl), nodePurl] },
      { ref: nodePurl, dependsOn: Object.keys(node.parts).map((name) => `${nodePurl}#${name}`) },
    ],
  };
}

const library = ({ name, version, license, purl, sha512 }: Component) => ({
  ...{ type: 'library', 'bom-ref': purl, purl, name, version },
  ...(sha512 !== undefined && { hashes: [{ alg: 'SHA-512', content: sha512 }] }),
  licenses: [/[ (]/.test(license) ? { expression: license } : { license: { id: license } }],
});
