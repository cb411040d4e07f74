/** As in package.json; test/client/bundle.test.ts keeps the two equal. */
export const VERSION = '0.1.0';
