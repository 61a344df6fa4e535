import { describe, expect, it, onTestFinished, vi } from 'vitest';
import * as velox from '../index.js';
import { corsHeaders, isTrusted } from './origin.js';

describe('a page', () => {
  it.each([
    ['https://app.example', 'app.example'],
    ['https://app.example', 'app.example:443'],
    ['http://app.example', 'app.example:80'],
    ['http://app.example', 'App.Example'],
    ['http://app.example:8080', 'APP.example:8080'],
    ['http://[::1]:3000', '[0:0:0:0:0:0:0:1]:3000'],
    ['http://bücher.example', 'xn--bcher-kva.example'],
  ])('%s is trusted on the host %s', (origin, host) => {
    expect(isTrusted(origin, host, [])).toBe(true);
  });

  it.each([
    ['https://evil.example', 'app.example'],
    ['https://app.example', 'app.example:80'],
    ['http://app.example:8080', 'app.example'],
    ['https://app.example', 'evil@app.example'],
    ['https://app.example', 'app.example/path'],
    ['https://app.example', ''],
    ['https://app.example', undefined],
    ['null', 'null'],
    ['', ''],
  ])('%s is not trusted on the host %s', (origin, host) => {
    expect(isTrusted(origin, host, [])).toBe(false);
  });

  it.each(['https://app.example', 'https://app.example/', 'https://App.example:443'])(
    'is trusted if the list says %s',
    (listed) => {
      expect(isTrusted('https://app.example', 'api.example', [listed])).toBe(true);
      expect(corsHeaders('https://app.example', [listed])).toMatchObject({
        'access-control-allow-origin': 'https://app.example',
      });
      expect(isTrusted('https://app.example.evil', 'api.example', [listed])).toBe(false);
    },
  );

  it.each([
    ['http://loca\u00d8\u008ft', 'localhost'],
    ['http://localhost', 'loca\u00d8\u008ft'],
  ])('%s is not trusted on the host %s if only URL.canParse accepts one of them', (origin, host) => {
    const canParse = vi.spyOn(URL, 'canParse').mockReturnValue(true); // as in optimized code of Node 20
    onTestFinished(() => canParse.mockRestore());
    expect(isTrusted(origin, host, [])).toBe(false);
    expect(isTrusted(origin, host, [origin])).toBe(true);
    expect(corsHeaders(origin, [])).toEqual({ vary: 'Origin' });
  });

  it('without an origin of its own is trusted if the list says null, or any origin', () => {
    expect(isTrusted('null', 'api.example', ['null'])).toBe(true);
    expect(isTrusted('null', 'api.example', '*')).toBe(true);
  });
});

it('no answer fits another origin, which caches have to know', () => {
  for (const origin of [undefined, 'https://evil.example', 'https://app.example']) {
    expect(corsHeaders(origin, ['https://app.example'])).toHaveProperty('vary', 'Origin');
  }
  expect(corsHeaders('https://evil.example', ['https://app.example'])).toEqual({ vary: 'Origin' });
});

it('a refusal names the option that would have allowed it', async () => {
  const response = await velox.state({ a: 1 }).fetch(
    new Request('http://localhost/sync?velox=3', {
      method: 'POST',
      body: '[]',
      headers: { origin: 'https://evil.example' },
    }),
  );
  expect(response.status).toBe(403);
  expect(await response.json()).toEqual({
    error: { code: 'bad-origin', message: expect.stringContaining('`origins`') as string },
  });
});
