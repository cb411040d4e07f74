/** Tests run as CommonJS through swc: no experimental Node flags, on every Node that is supported. */
// Every worker would print the SDK's notice about Node 20 otherwise; docs/decisions has it.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: {
    '^.+\\.(t|j|mj)s$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
    ],
  },
  transformIgnorePatterns: ['/node_modules/(?!@middy/)'],
  testPathIgnorePatterns: [
    '/node_modules/',
    ...(process.env.CAKELESS_ALL === '1' ? [] : ['\\.slow\\.test\\.ts$']),
  ],
  // far beyond what any test takes on a slow machine: time decides nothing
  testTimeout: 120_000,
  randomize: true,
  // jest leaves a core free by default: on two cores that is half of the machine
  maxWorkers: '100%',
};
