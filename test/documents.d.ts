/** Names that the documents use without defining them: they are the reader's own. */
declare const app: any;
declare const server: import('node:http').Server;
declare const velox: typeof import('@velox/server');
declare const connect: typeof import('@velox/core').connect;
declare const board: any;
declare const hub: import('@velox/server').Hub<App, User>;
declare const sync: import('@velox/core').Sync<App>;
declare const sell: (user: User, count: number, signal: AbortSignal) => Promise<number>;
declare const position: number;
declare const shop: import('@velox/server').Hub<Shop, User>;
declare const url: string;
declare const db: any;
declare const items: import('@velox/server').Entity<unknown>;
declare const lists: import('@velox/server').Entity<unknown>;
declare const readItem: (id: string) => Promise<{ name: string } | null>;
declare const readOrder: (id: string) => Promise<{ user: { id: string } }>;
declare const PrismaClient: any;
declare const previous: { rows: { price: number }[] };
declare const produce: typeof import('immer').produce;
declare const fetchToken: () => Promise<string>;
declare const userOf: (secret: string | undefined) => User;
declare const itemsOf: (user: string) => Promise<Item[]>;
declare const useVelox: typeof import('@velox/react').useVelox;
declare const messagesSince: (time: number) => Promise<{ text: string }[]>;
declare const blocksOf: (file: unknown) => Uint8Array;
declare const save: (block: unknown) => void;
declare const files: import('@velox/core').Channel;
declare const block: Uint8Array;
declare const act: typeof import('react').act;
declare const button: HTMLElement;
declare const user: { click: (element: Element) => Promise<void> };
declare const test: import('@velox/server/testing').TestSync;
declare const picture: Blob;
declare const toast: (text: string) => void;
declare const render: (value: unknown) => void;
declare const renderToString: typeof import('react-dom/server').renderToString;
declare const App: import('react').ComponentType<{ source: unknown }>;
declare const { readFileSync, writeFileSync }: typeof import('node:fs');

interface Board {
  title?: string;
  rows: { id: number; name?: string; price: number }[];
}
interface Item {
  id: string;
}
interface User {
  id: string;
  name: string;
  isAdmin: boolean;
}
type App = {
  topics: { board: Board; [item: `items/${string}`]: Item };
  events: { chat: { text: string }; notice: string; at: number };
  calls: { rename: (name: string) => boolean };
};
type Shop = {
  topics: object;
  calls: { buy: (count: number) => { left: number }; confirm: (text: string) => boolean };
};
