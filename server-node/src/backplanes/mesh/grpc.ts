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
export interface GrpcError extends Error {
  /** The status by which the other end has ended the call. */
  readonly code?: number;
}
/** A stream of frames, one end of it. */
export interface GrpcStream {
  write(frame: string, written?: () => void): boolean;
  end(): void;
  on(event: 'data', listener: (frame: string) => void): unknown;
  on(event: 'error', listener: (error: GrpcError) => void): unknown;
  on(event: 'end' | 'close' | 'cancelled', listener: () => void): unknown;
}
export interface GrpcCall extends GrpcStream {
  cancel(): void;
}
export interface GrpcServerCall extends GrpcStream {
  readonly metadata: GrpcMetadata;
  readonly writableEnded: boolean;
  emit(event: 'error', error: GrpcError): unknown;
}
export interface GrpcServer {
  addService(definition: never, handlers: never): void;
  bindAsync(address: string, credentials: never, bound: (error: Error | null, port: number) => void): void;
  tryShutdown(done: (error?: Error) => void): void;
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

/** Status codes of gRPC. */
export const RESOURCE_EXHAUSTED = 8;
export const UNAUTHENTICATED = 16;

/** Ends a call with a status, after the frames that were written. `destroy` would send none, and the other end would wait for ever. */
export function endWith(call: GrpcServerCall, code: number, reason: string): void {
  call.emit('error', Object.assign(new Error(reason), { code }));
}

/** A dead connection is detected within 7 s, and a lost one is replaced within a second. */
export const OPTIONS: GrpcOptions = {
  'grpc.keepalive_time_ms': 5_000,
  'grpc.keepalive_timeout_ms': 2_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  'grpc.max_receive_message_length': -1,
  // A connection of a node has one stream. RFC 9113 advises against less.
  'grpc.max_concurrent_streams': 100,
};
