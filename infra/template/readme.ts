/** How to deploy the plain template with the AWS CLI, without anything else from this repository. */

type Parameters = Readonly<
  Record<string, { readonly Description?: string; readonly Default?: string }>
>;

/** @param folders those that must be uploaded */
export function readmeOf(parameters: Parameters, folders: readonly string[]): string {
  const required = Object.entries(parameters).filter(([, { Default }]) => Default === undefined);
  const optional = Object.entries(parameters).filter(([, { Default }]) => Default !== undefined);
  const overrides = required.map(([name]) =>
    name === 'CodeBucket' ? `${name}=BUCKET` : `${name}=…`,
  );
  return `# Cakeless, as a CloudFormation template

Upload the files to a bucket in the same region, to which only deployments can write. Then deploy the template:

\`\`\`
${folders.map((folder) => `aws s3 cp --recursive ${folder} s3://BUCKET/${folder}`).join('\n')}
aws cloudformation deploy --stack-name Cakeless --template-file cakeless.template.json \\
  --s3-bucket BUCKET --capabilities CAPABILITY_NAMED_IAM \\
  --parameter-overrides ${overrides.join(' ')}
aws cloudformation update-termination-protection --stack-name Cakeless --enable-termination-protection
\`\`\`

Required parameters:

${listOf(required)}

Optional parameters:

${listOf(optional)}

The names of files contain digests of their contents. Keep the files of the old release when you
upload a new one, so that CloudFormation can roll back.
`;
}

const listOf = (parameters: [string, Parameters[string]][]): string =>
  parameters.map(([name, { Description }]) => `- \`${name}\`: ${Description}`).join('\n');
