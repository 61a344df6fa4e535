/** Real WebSocket libraries beside Velox on one server, mounted before and after it. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import fastifyWebSocket from '@fastify/websocket';
import { createAdaptorServer } from '@hono/node-server';
import { createNodeWebSocket } from '@hono/node-ws';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import express from 'express';
import expressWs from 'express-ws';
import Fastify from 'fastify';
import { createClient } from 'graphql-ws';
import { Hono } from 'hono';
import 'reflect-metadata';
import { Server as SocketIo } from 'socket.io';
import { io } from 'socket.io-client';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import * as velox from '../src/index.js';
import { rawSubscribe, rawWebSocket } from './rig/raw-client.js';

/** A server with both libraries, and a check that the other library works. */
interface Shape {
  readonly server: Server;
  readonly other: (origin: string) => Promise<unknown>;
}

type Order = 'before' | 'after';

/** Runs `velox` and `other` in the order wanted. */
function inOrder(order: Order, mountVelox: () => void, mountOther: () => void): void {
  if (order === 'before') mountVelox();
  mountOther();
  if (order === 'after') mountVelox();
}

/** Creates an Express application that serves a state at `/sync`. */
function expressApp(): express.Express {
  const app = express();
  app.use('/sync', velox.handle({ a: 1 }));
  return app;
}

/** Adds a library that listens on a server, before or after Velox intercepts that. */
async function onServer(
  order: Order,
  listener: RequestListener,
  mount: (server: Server) => void,
): Promise<Server> {
  const server = createServer(listener);
  if (order === 'after') mount(server);
  await listening(server);
  if (order === 'before') {
    await (await fetch(`${originOf(server)}/sync`)).text(); // the first connection
    mount(server);
  }
  return server;
}

async function listening(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}

const originOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

/** Sends a message over a plain WebSocket; gives the first one that comes back. */
async function echo(url: string, message = 'hello'): Promise<string> {
  const socket = new WebSocket(url.replace('http', 'ws'));
  socket.on('open', () => socket.send(message));
  const [data] = (await once(socket, 'message')) as [Buffer];
  socket.close();
  return data.toString();
}

function echoes(server: WebSocketServer): void {
  server.on('connection', (socket) => socket.on('message', (data: Buffer) => socket.send(data.toString())));
}

const require = createRequire(import.meta.url); // graphql must be loaded once, and graphql-ws chooses by its own format
const { buildSchema } = require('graphql') as typeof import('graphql');
const { useServer } = require('graphql-ws/use/ws') as typeof import('graphql-ws/use/ws');
const schema = buildSchema('type Query { hi: String }');

class Gateway {
  echo(this: void): { event: string; data: string } {
    return { event: 'echo', data: 'hello' };
  }
}
// without decorator syntax, which would need a compiler option
SubscribeMessage('echo')(Gateway.prototype, 'echo', { value: Gateway.prototype.echo });
WebSocketGateway({ path: '/nest' })(Gateway);
class NestModule {}
Module({ providers: [Gateway] })(NestModule);

const SHAPES: Record<string, (order: Order) => Promise<Shape>> = {
  async 'ws with { server, path }'(order) {
    const server = await onServer(order, expressApp(), (each) =>
      echoes(new WebSocketServer({ server: each, path: '/other' })),
    );
    return { server, other: (origin) => echo(`${origin}/other`) };
  },

  async 'ws with { server }'(order) {
    const server = await onServer(order, expressApp(), (each) =>
      echoes(new WebSocketServer({ server: each })),
    );
    return { server, other: (origin) => echo(`${origin}/other`) };
  },

  async 'graphql-ws'(order) {
    const server = await onServer(order, expressApp(), (each) => {
      useServer(
        { schema, roots: { query: { hi: 'hello' } } },
        new WebSocketServer({ server: each, path: '/graphql' }),
      );
    });
    const other = async (origin: string): Promise<unknown> => {
      const client = createClient({
        url: `${origin.replace('http', 'ws')}/graphql`,
        webSocketImpl: WebSocket,
      });
      for await (const { data } of client.iterate({ query: '{ hi }' })) {
        await client.dispose();
        return data?.hi;
      }
      return undefined;
    };
    return { server, other };
  },

  async '@fastify/websocket'(order) {
    const app = Fastify();
    const state = velox.state({ a: 1 });
    const mountVelox = (): void => {
      app.all('/sync', (request, reply) => {
        reply.hijack();
        void state.handle(request.raw, reply.raw);
      });
    };
    inOrder(order, mountVelox, () => {
      void app.register(fastifyWebSocket).register((scope, _, done) => {
        scope.get('/other', { websocket: true }, (socket) => {
          socket.on('message', (data: Buffer) => socket.send(data.toString()));
        });
        done();
      });
    });
    await app.ready();
    await listening(app.server);
    return { server: app.server, other: (origin) => echo(`${origin}/other`) };
  },

  async 'express-ws'(order) {
    const plain = express();
    const server = createServer(plain);
    const { app } = expressWs(plain, server);
    inOrder(
      order,
      () => void app.use('/sync', velox.handle({ a: 1 })),
      () =>
        app.ws('/other', (socket) => socket.on('message', (data: Buffer) => socket.send(data.toString()))),
    );
    await listening(server);
    return { server, other: (origin) => echo(`${origin}/other`) };
  },

  async '@hono/node-ws, Velox by attach'(order) {
    const app = new Hono();
    const webSockets = createNodeWebSocket({ app });
    app.get(
      '/other',
      webSockets.upgradeWebSocket(() => ({
        onMessage: ({ data }, socket) => socket.send(data as string),
      })),
    );
    const server = createAdaptorServer(app) as Server;
    inOrder(
      order,
      () => velox.state({ a: 1 }).attach(server, '/sync'),
      () => webSockets.injectWebSocket(server),
    );
    await listening(server);
    return { server, other: (origin) => echo(`${origin}/other`) };
  },

  async "Nest's WsAdapter"(order) {
    const app = await NestFactory.create(NestModule, { logger: false });
    inOrder(
      order,
      () => void app.use('/sync', velox.handle({ a: 1 })),
      () => void app.useWebSocketAdapter(new WsAdapter(app)),
    );
    await app.listen(0, '127.0.0.1');
    const other = (origin: string): Promise<string> =>
      echo(`${origin}/nest`, JSON.stringify({ event: 'echo' })).then(
        (text) => (JSON.parse(text) as { data: string }).data,
      );
    return { server: app.getHttpServer() as Server, other };
  },

  async 'a listener that destroys what is not its own'(order) {
    const mine = new WebSocketServer({ noServer: true });
    echoes(mine);
    const server = await onServer(order, expressApp(), (each) => {
      each.on('upgrade', (request, socket: Duplex, head) => {
        if (request.url !== '/other') return void socket.destroy();
        mine.handleUpgrade(request, socket, head, (opened) => void mine.emit('connection', opened, request));
      });
    });
    return { server, other: (origin) => echo(`${origin}/other`) };
  },

  async 'Socket.IO beside a login check of 1.5 s'(order) {
    const app = express();
    app.use((_, __, next) => void setTimeout(next, 1_500));
    app.use('/sync', velox.handle({ a: 1 }));
    const server = await onServer(order, app, (each) => {
      new SocketIo(each).on('connection', (socket) =>
        socket.on('echo', (text: string) => socket.emit('echo', text)),
      );
    });
    const other = (origin: string): Promise<unknown> =>
      new Promise((resolve) => {
        const socket = io(origin, { transports: ['websocket'] });
        socket.on('echo', (text) => {
          socket.close();
          resolve(text);
        });
        socket.emit('echo', 'hello');
      });
    return { server, other };
  },
};

describe.each(Object.entries(SHAPES))('%s', (_, create) => {
  it.each<Order>(['before', 'after'])('works, and so does Velox, mounted %s it', async (order) => {
    const { server, other } = await create(order);
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const origin = originOf(server);
    for (let attempt = 0; attempt < 2; attempt++) {
      const link = rawSubscribe(`${origin}/sync`);
      expect(await link.find((frame) => 'version' in frame)).toMatchObject({ body: { a: 1 } });
      link.close();
      expect(await other(origin)).toBe('hello');
    }
  });
});

describe('an upgrade of a Velox client', () => {
  const withOther = (app: RequestListener): Promise<Server> =>
    onServer('after', app, (server) => {
      const other = new WebSocketServer({ server, path: '/other' });
      other.on('connection', (socket) => socket.send('{"mine":true}'));
      onTestFinished(() => {
        server.closeAllConnections();
        server.close();
      });
    });

  it('goes to the other upgrade listeners if no request listener knows its path', async () => {
    const server = await withOther(expressApp());
    expect(await rawWebSocket(`${originOf(server)}/other`).next()).toEqual({ mine: true });
    expect(await rawWebSocket(`${originOf(server)}/none`).whenEnded()).toBe('refused 400'); // by ws
  });

  it('is refused by middleware, and no other listener sees it', async () => {
    const app = express();
    app.use((_, response) => void response.status(401).json({}));
    const server = await withOther(app);
    const seen = vi.fn();
    server.on('upgrade', seen);
    expect(await rawWebSocket(`${originOf(server)}/other`).whenEnded()).toBe('refused 401');
    expect(seen).not.toHaveBeenCalled();
  });

  it('reports once that a request listener took or destroyed its socket', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const other = new WebSocketServer({ noServer: true });
    const outcomes: Promise<string>[] = [];
    const state = velox.state({ a: 1 });
    const server = createServer((request, response) => {
      if (request.url?.startsWith('/taken'))
        other.handleUpgrade(request, request.socket, Buffer.alloc(0), (socket) =>
          socket.send('{"mine":true}'),
        );
      else request.socket.destroy();
      outcomes.push(state.handle(request, response));
    });
    onTestFinished(() => void server.close());
    await listening(server);
    expect(await rawWebSocket(`${originOf(server)}/destroyed`).whenEnded()).toBe('socket hang up');
    expect(await rawWebSocket(`${originOf(server)}/taken`).next()).toEqual({ mine: true });
    expect(await Promise.all(outcomes)).toEqual(['closed', 'taken by another']);
    expect(warned).toHaveBeenCalledExactlyOnceWith(
      expect.stringMatching(/destroyed .*attach\(server, path\)/),
      {
        type: 'VeloxWarning',
      },
    );
  });
});
