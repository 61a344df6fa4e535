import {
  deserialize,
  OPTIONS,
  PATH,
  serialize,
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
type Accept = (call: GrpcServerCall, address: string) => void;

/** The connections of a node: it listens, dials, and checks that both ends have the secret. */
export class MeshNetwork {
  readonly #options: NetworkOptions;
  readonly #clients = new Map<string, GrpcClient>();
  #server: GrpcServer | undefined;
  /** How others reach this node. */
  address = '';

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  async listen(accept: Accept): Promise<void> {
    const { grpc, listen, address, secret, tls } = this.#options;
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
      const [token, caller] = ['velox-token', 'velox-address'].map((name) =>
        String(call.metadata.get(name)[0]),
      );
      if (isTokenValid(secret, token as string)) accept(call, caller as string);
      else call.destroy(Object.assign(new Error('the token is wrong'), { code: UNAUTHENTICATED }));
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
    metadata.set('velox-address', this.address);
    return client.makeBidiStreamRequest(PATH, serialize, deserialize, metadata as never);
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
    this.#server?.forceShutdown();
  }
}

/** The status code of gRPC. */
const UNAUTHENTICATED = 16;

const pairOf = ({ key, cert }: MeshTls): { private_key: Buffer; cert_chain: Buffer } => ({
  private_key: Buffer.from(key),
  cert_chain: Buffer.from(cert),
});
