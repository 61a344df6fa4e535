import { randomBytes } from 'node:crypto';
import { inTime } from '../../cluster/in-time.js';
import {
  deserialize,
  endWith,
  OPTIONS,
  PATH,
  serialize,
  UNAUTHENTICATED,
  type Grpc,
  type GrpcCall,
  type GrpcClient,
  type GrpcServer,
  type GrpcServerCall,
} from './grpc.js';
import { createToken, isTokenValid } from './token.js';

/** PEM texts. All nodes have certificates of one authority, and check each other's. */
export interface MeshTls {
  readonly ca: string;
  readonly key: string;
  readonly cert: string;
}
interface NetworkOptions {
  readonly grpc: Grpc;
  readonly secret: string;
  readonly listen: string;
  readonly address: string | undefined;
  readonly tls: MeshTls | undefined;
}
type Accept = (call: GrpcServerCall, caller: Caller) => void;
/** A node that connects to us. */
export interface Caller {
  readonly name: string;
  readonly address: string;
}

/** For how long the last messages may take to leave, in ms. */
const CLOSE_MS = 2_000;

/** The connections of a node: it listens, dials, and checks that both ends have the secret. */
export class MeshNetwork {
  readonly #options: NetworkOptions;
  readonly #clients = new Map<string, GrpcClient>();
  #server: GrpcServer | undefined;
  /** Tells nodes apart, because one node can have several addresses. */
  readonly name: string = randomBytes(9).toString('base64url');
  /** How others reach this node. Empty until it listens. */
  address = '';

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  get listenAddress(): string {
    return this.#options.listen;
  }

  async listen(accept: Accept): Promise<void> {
    const { grpc, listen, address, secret, tls } = this.#options;
    this.#server?.forceShutdown(); // one that could not listen
    const server = (this.#server = new grpc.Server(OPTIONS));
    const method = {
      path: PATH,
      requestStream: true,
      responseStream: true,
      requestSerialize: serialize,
      requestDeserialize: deserialize,
      responseSerialize: serialize,
      responseDeserialize: deserialize,
    };
    const subscribe = (call: GrpcServerCall): void => {
      call.on('error', () => {});
      const read = (key: string): string => String(call.metadata.get(key)[0]);
      if (!isTokenValid(secret, read('velox-token')))
        return endWith(call, UNAUTHENTICATED, 'the token is wrong or outdated');
      accept(call, { name: read('velox-name'), address: decodeURIComponent(read('velox-address')) });
    };
    server.addService({ subscribe: method } as never, { subscribe } as never);
    const credentials = tls
      ? grpc.ServerCredentials.createSsl(Buffer.from(tls.ca), [pairOf(tls)], true)
      : grpc.ServerCredentials.createInsecure();
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(listen, credentials as never, (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    this.address = address ?? listen.replace(/:0$/, `:${port}`);
  }

  dial(address: string): GrpcCall {
    const { grpc, secret, tls } = this.#options;
    let client = this.#clients.get(address);
    if (!client) {
      const credentials = tls
        ? grpc.credentials.createSsl(Buffer.from(tls.ca), Buffer.from(tls.key), Buffer.from(tls.cert))
        : grpc.credentials.createInsecure();
      client = new grpc.Client(address, credentials as never, OPTIONS);
      this.#clients.set(address, client);
    }
    const metadata = new grpc.Metadata();
    metadata.set('velox-token', createToken(secret));
    metadata.set('velox-name', this.name);
    metadata.set('velox-address', encodeURIComponent(this.address)); // metadata is ASCII
    return client.makeBidiStreamRequest(PATH, serialize, deserialize, metadata as never);
  }

  /** Closes the client of an address, whose calls have ended. */
  forget(address: string): void {
    this.#clients.get(address)?.close();
    this.#clients.delete(address);
  }

  /** Stops listening. Resolves when the other nodes have read to the end of their calls, or after 2 s. */
  async close(): Promise<void> {
    for (const address of [...this.#clients.keys()]) this.forget(address);
    const server = this.#server;
    if (!server) return;
    const shutDown = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
    await inTime(shutDown, CLOSE_MS, late).catch(() => {});
    server.forceShutdown();
  }
}

const late = (): Error => new Error('the other nodes have not read to the end');

const pairOf = ({ key, cert }: MeshTls): { private_key: Buffer; cert_chain: Buffer } => ({
  private_key: Buffer.from(key),
  cert_chain: Buffer.from(cert),
});
