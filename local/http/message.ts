/** A request as it arrived. Header names are in lower case. */
export interface LocalRequest {
  readonly id: string;
  readonly method: string;
  /** The path as sent, still percent-encoded: the signature covers it, and the key is decoded from it. */
  readonly rawPath: string;
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly headers: ReadonlyMap<string, string>;
  /**
   * Reads the body, at the first call. Until then the sender can be refused without anything of it being kept.
   * @throws AwsError EntityTooLarge for more than `maxBytes`, SlowDown if bodies take too much memory at the moment
   */
  readonly body: (maxBytes: number) => Promise<Buffer>;
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
