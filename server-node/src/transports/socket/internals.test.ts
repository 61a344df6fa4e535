import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import { RawConnection } from '../../../test/rig/raw-connection.js';
import { parseAgain, responseUnderWay, sendingProgress, serverOf } from './internals.js';

/** Major versions of Node on which every member was seen. A new one joins the list when this file passes there. */
const SEEN_ON = [20, 22, 24, 26];

it('every private member exists on this version of Node, and the version is in the list of seen ones', async () => {
  const answered: string[] = [];
  const server = createServer((request, response) => {
    answered.push(`${serverOf(request.socket) === server} ${responseUnderWay(request.socket) === response}`);
    answered.push(`${sendingProgress(request.socket)}`);
    response.end(`${request.headers.upgrade}`);
  });
  const decline = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    answered.push(`${serverOf(socket) === server} ${responseUnderWay(socket) === undefined}`);
    parseAgain(server, request, socket, head, (parse) => {
      server.off('upgrade', decline);
      parse();
      server.on('upgrade', decline);
    });
  };
  server.on('upgrade', decline).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const raw = new RawConnection(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => {
    raw.socket.destroy();
    server.close();
  });
  raw.request(['GET / HTTP/1.1', 'Host: localhost', 'Connection: Upgrade', 'Upgrade: h2c']);
  await raw.until(/h2c/);
  expect(answered).toEqual(['true true', 'true true', '0 0']);
  expect(SEEN_ON).toContain(Number(process.versions.node.split('.')[0]));
});
