/** A request as it came, its body read to the end. Names of headers are in lower case. */
export interface LocalRequest {
  readonly id: string;
  readonly method: string;
  /** The path as sent, still percent-encoded: what a signature covers and what a key is decoded from. */
  readonly rawPath: string;
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
  readonly sourceIp: string;
}

/** An answer to be sent. */
export interface LocalResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** The value of a query parameter; the first one where it was given twice. */
export function queryValue(request: LocalRequest, name: string): string | undefined {
  return request.query.find(([given]) => given === name)?.[1];
}
