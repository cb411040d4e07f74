/** Synthesizes a stack for CloudFormation alone: no bootstrap, and parameters say where the files are. */
import {
  type DockerImageAssetLocation,
  type FileAssetLocation,
  FileAssetPackaging,
  type FileAssetSource,
  Fn,
  type ISynthesisSession,
  StackSynthesizer,
} from 'aws-cdk-lib';
import { CODE_BUCKET, CODE_PREFIX } from './parameters.ts';

/** A file of the artifact: a zip of a folder of the assembly, or a nested template. */
export interface PlainFile {
  /** Relative to the assembly, or absolute. */
  readonly source: string;
  /** Its path in the artifact, which is also its key in the bucket, after the prefix. */
  readonly name: string;
  readonly zipped: boolean;
}

export class PlainSynthesizer extends StackSynthesizer {
  readonly files: PlainFile[] = [];

  addFileAsset(asset: FileAssetSource): FileAssetLocation {
    const file = fileOf(asset);
    const { name } = file;
    if (!this.files.some((one) => one.name === name)) this.files.push(file);
    const bucketName = Fn.ref(CODE_BUCKET);
    const objectKey = Fn.sub(`\${${CODE_PREFIX}}${name}`);
    return {
      bucketName,
      objectKey,
      httpUrl: Fn.sub(
        `https://\${${CODE_BUCKET}}.s3.\${AWS::Region}.\${AWS::URLSuffix}/\${${CODE_PREFIX}}${name}`,
      ),
      s3ObjectUrl: Fn.sub(`s3://\${${CODE_BUCKET}}/\${${CODE_PREFIX}}${name}`),
    };
  }

  addDockerImageAsset(): DockerImageAssetLocation {
    throw new Error('container images are not supported');
  }

  synthesize(session: ISynthesisSession): void {
    this.synthesizeTemplate(session);
    this.emitArtifact(session);
  }
}

/** The name contains a digest of the contents: CloudFormation updates a function only if its key changes. */
function fileOf({ fileName, packaging, sourceHash, displayName = '' }: FileAssetSource): PlainFile {
  if (fileName === undefined) throw new Error('an asset is not a file');
  const digest = sourceHash.slice(0, 16);
  if (packaging !== FileAssetPackaging.ZIP_DIRECTORY)
    return { source: fileName, name: `stacks/${digest}.json`, zipped: false };
  // Service/CreateCa/Function/Code
  const [, construct = ''] = displayName.split('/').slice(-4);
  const label = construct.replaceAll(/(?<=[a-z])[A-Z]/g, '-$&').toLowerCase();
  return { source: fileName, name: `functions/${label}-${digest}.zip`, zipped: true };
}
