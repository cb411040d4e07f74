/** A host in the form that a URL needs. */
export const bracket = (host: string) => (host.includes(':') ? `[${host}]` : host);

/** A host that can be called, for an address to listen on. */
export const callable = (host: string) =>
  ['', '0.0.0.0', '::'].includes(host) ? '127.0.0.1' : bracket(host);
