/** Each public member of Socket.IO 4.8 stands on the left side of a table in docs/from-socket-io.md. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { leftCells } from './rig.js';

const root = resolve(import.meta.dirname, '../..');

/** The public members of the classes in a declaration file. */
function membersOf(file: string, name: string): string[] {
  const text = readFileSync(resolve(root, 'node_modules', file), 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const members = new Set<string>();
  source.forEachChild((node) => {
    if (!ts.isClassDeclaration(node) || node.name?.text !== name) return;
    for (const member of node.members) {
      if (!member.name || !ts.isIdentifier(member.name)) continue;
      const isHidden =
        (ts.getCombinedModifierFlags(member) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !==
          0 ||
        ts.getJSDocTags(member).some(({ tagName }) => ['private', 'protected'].includes(tagName.text)) ||
        member.name.text.startsWith('_');
      if (!isHidden) members.add(member.name.text);
    }
  });
  return [...members];
}

const SERVER = leftCells('from-socket-io.md', 'Server').join(' ');
const SOCKET = leftCells('from-socket-io.md', 'A socket of the server').join(' ');
const CLIENT = leftCells('from-socket-io.md', 'Client').join(' ');

describe('the tables for Socket.IO', () => {
  it.each([
    ['socket.io/dist/index.d.ts', 'Server', SERVER],
    ['socket.io/dist/namespace.d.ts', 'Namespace', SERVER],
    ['socket.io/dist/parent-namespace.d.ts', 'ParentNamespace', SERVER],
    ['socket.io/dist/broadcast-operator.d.ts', 'BroadcastOperator', SERVER],
    ['socket.io/dist/broadcast-operator.d.ts', 'RemoteSocket', SOCKET],
    ['socket.io/dist/socket.d.ts', 'Socket', SOCKET],
    ['socket.io-client/build/esm/socket.d.ts', 'Socket', CLIENT],
    ['socket.io-client/build/esm/manager.d.ts', 'Manager', CLIENT],
  ])('in %s, class %s: name each public member', (file, name, cells) => {
    const members = membersOf(file, name);
    expect(members.length).toBeGreaterThan(1);
    expect(members.filter((member) => !new RegExp(`[.'\`]${member}\\b`).test(cells))).toEqual([]);
  });
});
