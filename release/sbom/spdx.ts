/** The bill of materials as SPDX 2.3, JSON (https://spdx.github.io/spdx-spec/v2.3/). */
import type { Component } from './components.ts';
import { NODE_COMMENT, releaseUuid, type Subject } from './subject.ts';

const ROOT = 'SPDXRef-cakeless';
const NODE = 'SPDXRef-node';

export function spdx({ revision, components, node }: Subject) {
  const parts = Object.entries(node.parts);
  const contains = (spdxElementId: string, relatedSpdxElement: string) => ({
    ...{ spdxElementId, relationshipType: 'CONTAINS', relatedSpdxElement },
  });
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: `cakeless-${revision.version}`,
    documentNamespace: `urn:uuid:${releaseUuid(revision)}`,
    creationInfo: {
      created: revision.time.toISOString().replace(/\.\d+Z$/, 'Z'),
      creators: ['Organization: Cakeless'],
    },
    packages: [
      {
        ...named(ROOT, 'cakeless', revision.version, 'Apache-2.0'),
        sourceInfo: `built from commit ${revision.commit}`,
        externalRefs: purlRef(`pkg:npm/cakeless@${revision.version}`),
      },
      ...components.map(library),
      {
        ...named(NODE, 'node', node.version, 'MIT'),
        comment: NODE_COMMENT,
        externalRefs: purlRef(`pkg:generic/node@${node.version}`),
      },
      ...parts.map(([name, version]) => named(partId(name), name, version, 'NOASSERTION')),
    ],
    relationships: [
      {
        ...{ spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES' },
        relatedSpdxElement: ROOT,
      },
      ...components.map((component) => contains(ROOT, libraryId(component))),
      contains(ROOT, NODE),
      ...parts.map(([name]) => contains(NODE, partId(name))),
    ],
  };
}

const library = (component: Component) => ({
  ...named(libraryId(component), component.name, component.version, component.license),
  ...(component.sha512 !== undefined && {
    checksums: [{ algorithm: 'SHA512', checksumValue: component.sha512 }],
  }),
  externalRefs: purlRef(component.purl),
});

const named = (SPDXID: string, name: string, versionInfo: string, license: string) => ({
  ...{ SPDXID, name, versionInfo, downloadLocation: 'NOASSERTION', filesAnalyzed: false },
  ...{ licenseConcluded: license, licenseDeclared: license, copyrightText: 'NOASSERTION' },
});

const purlRef = (referenceLocator: string) => [
  { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator },
];

/** Letters, digits, `.` and `-` (SPDX 2.3, 7.2). */
const idOf = (text: string) => text.replace(/[^A-Za-z0-9.]+/g, '-');
const libraryId = ({ name, version }: Component) => `SPDXRef-npm-${idOf(`${name}-${version}`)}`;
const partId = (name: string) => `SPDXRef-node-${idOf(name)}`;
