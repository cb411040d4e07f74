// Replaces the SDK's event streams in the bundles. Only operations such as S3 SelectObjectContent use them, and the
// functions call none of these.
const refuse = () => {
  throw new Error('event streams are not part of this bundle (functions/no-event-streams.mjs)');
};

export const eventStreamSerdeProvider = () => ({ serialize: refuse, deserialize: refuse });

export const resolveEventStreamSerdeConfig = (config) =>
  Object.assign(config, { eventStreamMarshaller: config.eventStreamSerdeProvider(config) });

export class EventStreamSerde {
  serializeEventStream = refuse;
  deserializeEventStream = refuse;
}
