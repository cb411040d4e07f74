/** A host in the format that a URL requires. */
export const bracket = (host: string) => (host.includes(':') ? `[${host}]` : host);

/** A host to connect to, for an address that a component listens on. */
export const callable = (host: string) =>
  ['', '0.0.0.0', '::'].includes(host) ? '127.0.0.1' : bracket(host);
