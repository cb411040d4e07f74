/** Tests run as CommonJS through swc, which needs no experimental flag on any supported release of Node.js. */
// without it, every worker prints the SDK's notice about Node 20 (docs/decisions/0002)
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
module.exports = {
  testEnvironment: '<rootDir>/test/support/jest-environment.cjs',
  runtime: '<rootDir>/test/support/jest-runtime.cjs',
  globalSetup: '<rootDir>/test/support/jest-global-setup.cjs',
  globalTeardown: '<rootDir>/test/support/jest-global-teardown.cjs',
  // a spy ends with its test
  restoreMocks: true,
  // test/e2e is a program (npm run e2e), and no part of it is a suite
  testMatch: ['<rootDir>/test/**/*.test.ts', '!<rootDir>/test/e2e/**'],
  transform: {
    '^.+\\.(t|j|mj)s$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
    ],
  },
  transformIgnorePatterns: ['/node_modules/(?!@middy/|get-east-asian-width/)'],
  testPathIgnorePatterns: [
    '/node_modules/',
    ...(process.env.CAKELESS_ALL === '1' ? [] : ['\\.slow\\.test\\.ts$']),
  ],
  // far more than any test takes on a slow machine
  testTimeout: 120_000,
  // npm run release generates a package with the name of this one
  modulePathIgnorePatterns: ['<rootDir>/dist/package/'],
  randomize: true,
  // by default jest leaves one core unused, which is half of a machine with two
  maxWorkers: '100%',
};
