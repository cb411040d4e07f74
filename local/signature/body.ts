/** A body that is what its sender signed, taken out of its framing. */
export interface Payload {
  readonly body: Buffer;
  /** Headers that followed the body, by lower-case name. */
  readonly trailers: ReadonlyMap<string, string>;
}
