/** An address in a URL. */
export const bracket = (host: string) => (host.includes(':') ? `[${host}]` : host);

/** An address to listen on is not always one to call. */
export const callable = (host: string) =>
  ['', '0.0.0.0', '::'].includes(host) ? '127.0.0.1' : bracket(host);
