/** The version in package.json; test/client/bundle.test.ts compares the two. */
export const VERSION = '0.1.0';
