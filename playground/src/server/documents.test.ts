import express from 'express';
import { expect, it } from 'vitest';
import { listen } from '../../../server-node/test/rig/listen.js';
import { documents } from './documents.js';

const get = async (path: string): Promise<{ status: number; type: string | null; text: string }> => {
  await using server = await listen(express().use('/documents', documents()));
  const response = await fetch(`${server.origin}/documents/${path}`);
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
};

it.each(['README.md', 'docs/state.md', 'playground/src/server/app.ts'])(
  'serves %s as plain text',
  async (path) => {
    const { status, type, text } = await get(path);
    expect(status).toBe(200);
    expect(type).toBe('text/plain; charset=utf-8');
    expect(text.length).toBeGreaterThan(100);
  },
);

it.each(['package.json', 'docs/../package.json', 'docs%2f..%2fpackage.json', '.git/config', 'NOTHING.md'])(
  'does not serve %s',
  async (path) => {
    expect((await get(path)).status).toBe(404);
  },
);
