/** @velox/server/mesh: a bus without a broker. The nodes connect to each other by gRPC. */
import { checkArgument, checkGiven, expected, option, VeloxError, type Checks } from '@velox/core/protocol';
import type { BusPart } from '../../cluster/bus.js';
import type { Grpc } from './grpc.js';
import { MeshBus } from './mesh-bus.js';
import { MeshNetwork, type MeshTls } from './network.js';
import { SocketFolder } from './socket-folder.js';

export type {
  Grpc,
  GrpcCall,
  GrpcClient,
  GrpcError,
  GrpcMetadata,
  GrpcOptions,
  GrpcServer,
  GrpcServerCall,
  GrpcStream,
} from './grpc.js';
export type { MeshTls } from './network.js';

/** A mesh over a network. */
export interface MeshOptions {
  /** The module `@grpc/grpc-js`. */
  readonly grpc: Grpc;
  /** At least 16 characters, the same on all nodes. Nodes prove by HMAC-SHA256 that they have it, and never send it. */
  readonly secret: string;
  /** Where this node listens: `0.0.0.0:7400`. Port 0 takes a free one. */
  readonly listen: string;
  /** How other nodes reach this one, if that differs from `listen`. */
  readonly address?: string;
  /** The addresses of the nodes, also this one's. A function is asked again every second, and may take 5 s. */
  readonly peers: readonly string[] | (() => readonly string[] | Promise<readonly string[]>);
  /** Encrypts, and admits only nodes that have a certificate of the same authority. Use it outside of a private network. */
  readonly tls?: MeshTls;
}
/** A mesh of the processes of one machine, over Unix sockets. */
export interface LocalMeshOptions extends Pick<MeshOptions, 'grpc' | 'secret'> {
  /** The folder of the sockets: each process makes one there, and connects to the others. */
  readonly folder: string;
}
/** A bus part that knows how other nodes reach it. */
export interface Mesh extends BusPart {
  /** How other nodes reach this one. Empty until it listens. */
  readonly address: string;
}

const OPTIONS: Checks<MeshOptions & LocalMeshOptions> = {
  grpc: expected('the module @grpc/grpc-js', (value) => typeof value === 'object' && value !== null),
  secret: option.text,
  listen: option.text,
  address: option.text,
  peers: expected(
    'a list of addresses, or a function that returns one',
    (value) => Array.isArray(value) || typeof value === 'function',
  ),
  tls: option.group({ ca: option.text, key: option.text, cert: option.text } satisfies Checks<MeshTls>),
  folder: option.text,
};

/**
 * Makes a bus whose nodes connect to each other. Combine it with a log.
 *
 * @example
 * combine({ log: postgres(pool), bus: mesh({ grpc, secret, listen: '0.0.0.0:7400', peers: ['app-1:7400', 'app-2:7400'] }) });
 */
export function mesh(options: MeshOptions | LocalMeshOptions): Mesh {
  checkGiven('mesh()', options, OPTIONS);
  const { grpc, secret } = options;
  checkArgument('mesh()', 'option "grpc"', grpc, OPTIONS.grpc);
  checkArgument('mesh()', 'option "secret"', secret, OPTIONS.secret);
  if (secret.length < 16)
    throw new VeloxError('bad-option', '`secret` is too short. Use 16 characters or more.');
  if (!('folder' in options)) checkNetwork(options);
  const local = 'folder' in options ? new SocketFolder(options.folder) : undefined;
  const { listen, address, tls, peers } = (
    local ? { listen: local.listen } : options
  ) as Partial<MeshOptions>;
  const network = new MeshNetwork({ grpc, secret, listen: listen as string, address, tls });
  const list = typeof peers === 'function' ? () => peers() : () => peers ?? [];
  const bus = new MeshBus(network, local ? (isConnected) => local.peers(isConnected) : list);
  return {
    bus,
    get address() {
      return network.address;
    },
    close: () => bus.close(),
  };
}

/** @throws VeloxError `bad-option`. */
function checkNetwork({ listen, peers }: Partial<MeshOptions>): void {
  if (listen === undefined) {
    const remedy = 'Pass `folder` for the processes of one machine, or `listen` and `peers`.';
    throw new VeloxError('bad-option', `mesh() got neither "folder" nor "listen". ${remedy}`);
  }
  checkArgument('mesh()', 'option "peers"', peers, OPTIONS.peers);
}
