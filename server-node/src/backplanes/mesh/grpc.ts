/** The part of the module `@grpc/grpc-js` that is used. */
export interface Grpc {
  readonly Server: new (options?: GrpcOptions) => GrpcServer;
  readonly Client: new (address: string, credentials: never, options?: GrpcOptions) => GrpcClient;
  readonly Metadata: new () => GrpcMetadata;
  readonly credentials: {
    createInsecure(): unknown;
    createSsl(ca: Buffer, key: Buffer, certificate: Buffer): unknown;
  };
  readonly ServerCredentials: {
    createInsecure(): unknown;
    createSsl(
      ca: Buffer,
      pairs: { private_key: Buffer; cert_chain: Buffer }[],
      checkClientCertificate: boolean,
    ): unknown;
  };
}
export type GrpcOptions = Record<string, string | number>;
export interface GrpcMetadata {
  set(name: string, value: string): void;
  get(name: string): (string | Buffer)[];
}
/** A stream of frames, one end of it. */
export interface GrpcStream {
  write(frame: string, written?: () => void): boolean;
  end(): void;
  on(event: 'data', listener: (frame: string) => void): unknown;
  on(event: 'error' | 'end' | 'close' | 'cancelled', listener: () => void): unknown;
}
export interface GrpcCall extends GrpcStream {
  cancel(): void;
}
export interface GrpcServerCall extends GrpcStream {
  readonly metadata: GrpcMetadata;
  destroy(error?: Error): unknown;
}
export interface GrpcServer {
  addService(definition: never, handlers: never): void;
  bindAsync(address: string, credentials: never, bound: (error: Error | null, port: number) => void): void;
  forceShutdown(): void;
}
export interface GrpcClient {
  makeBidiStreamRequest(
    path: string,
    serialize: (frame: string) => Buffer,
    deserialize: (bytes: Buffer) => string,
    metadata: never,
  ): GrpcCall;
  close(): void;
}

/** The one method: the caller subscribes, and the other end sends its messages. */
export const PATH = '/velox.Mesh/Subscribe';
export const serialize = (frame: string): Buffer => Buffer.from(frame);
export const deserialize = (bytes: Buffer): string => bytes.toString();

/** A dead connection is detected within 7 s, and a lost one is replaced within a second. */
export const OPTIONS: GrpcOptions = {
  'grpc.keepalive_time_ms': 5_000,
  'grpc.keepalive_timeout_ms': 2_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  'grpc.max_receive_message_length': -1,
};
