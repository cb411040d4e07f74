/**
 * The simulation of IAM compares the resource of a request with every type of resource of the action, for each principal
 * again. In a suite it does so once for each resource, which takes a quarter less time.
 */
jest.mock('@cloud-copilot/iam-utils', () => {
  const actual = jest.requireActual('@cloud-copilot/iam-utils');
  const known = new Map<string, readonly string[]>();
  return {
    ...actual,
    mostSpecificMatchingResourceTypePatterns(resource: string, patterns: readonly string[]) {
      const question = JSON.stringify([resource, patterns]);
      const matching =
        known.get(question) ?? actual.mostSpecificMatchingResourceTypePatterns(resource, patterns);
      known.set(question, matching);
      return [...matching];
    },
  };
});

export {};
