/** A request as it arrived, with its whole body. Header names are in lower case. */
export interface LocalRequest {
  readonly id: string;
  readonly method: string;
  /** The path as sent, still percent-encoded: the signature covers it, and the key is decoded from it. */
  readonly rawPath: string;
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
  readonly sourceIp: string;
}

/** A response to be sent. */
export interface LocalResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** The value of a query parameter; of a repeated one, the first. */
export function queryValue(request: LocalRequest, name: string): string | undefined {
  return request.query.find(([given]) => given === name)?.[1];
}
