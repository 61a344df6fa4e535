import { describe, expect, it } from 'vitest';
import { fullName, parseAuxv, parseMeminfo, parseNetDev, parseStat } from './proc.js';

describe('parseStat', () => {
  const rest =
    'S 1 900 900 0 -1 4194560 100 0 0 0 42 8 0 0 20 0 7 0 113098 3133440 379 18446744073709551615 1 2';

  it('reads id, name, CPU ticks and resident pages', () => {
    expect(parseStat(`913 (node) ${rest}\n`)).toEqual({ id: 913, name: 'node', ticks: 50, pages: 379 });
  });

  it('reads a name with spaces and parentheses', () => {
    expect(parseStat(`7 (tmux: (server) 1) ${rest}`)).toMatchObject({ name: 'tmux: (server) 1', pages: 379 });
  });

  it('gives nothing for text that is empty or cut short', () => {
    expect(parseStat('')).toBeUndefined();
    expect(parseStat('913 (node')).toBeUndefined();
    expect(parseStat('913 (node) S 1 900')).toBeUndefined();
  });
});

describe('fullName', () => {
  it('completes a name that the kernel cut', () => {
    expect(fullName('systemd-journal', '/usr/lib/systemd/systemd-journald\0--flag\0')).toBe(
      'systemd-journald',
    );
  });

  it('shows no other argument', () => {
    expect(fullName('node', 'node\0--token=secret\0')).toBe('node');
  });

  it('keeps the name of a process that titled itself, or that has no arguments', () => {
    expect(fullName('nginx', 'nginx: worker process\0')).toBe('nginx');
    expect(fullName('kthreadd', '')).toBe('kthreadd');
    expect(fullName('MainThread', '/usr/bin/node\0server.js\0')).toBe('MainThread');
  });
});

describe('parseNetDev', () => {
  it('adds up all interfaces but loopback', () => {
    const text = [
      'Inter-|   Receive                                                |  Transmit',
      ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed',
      '    lo:    3193      29    0    0    0     0          0         0     3193      29    0    0    0     0       0          0',
      '  eth0: 417670956   11727    0    0    0     0          0         0   812345    9000    0    0    0     0       0          0',
      'wlan0:44 1 0 0 0 0 0 0 55 1 0 0 0 0 0 0',
      '',
    ].join('\n');
    expect(parseNetDev(text)).toEqual({ received: 417671000, sent: 812400 });
  });

  it('gives zeros for no interfaces', () => {
    expect(parseNetDev('')).toEqual({ received: 0, sent: 0 });
  });
});

describe('parseMeminfo', () => {
  const text = 'MemTotal:       24684092 kB\nMemFree:        24461460 kB\nHugePages_Total:       0\n';

  it('reads an entry in bytes', () => {
    expect(parseMeminfo(text, 'MemFree')).toBe(24461460 * 1024);
  });

  it('returns nothing for a missing file', () => {
    expect(parseMeminfo(text, 'MemAvailable')).toBeUndefined();
    expect(parseMeminfo('', 'MemTotal')).toBeUndefined();
  });
});

describe('parseAuxv', () => {
  const data = new Uint8Array(new BigUint64Array([6n, 16384n, 17n, 100n, 0n, 0n]).buffer);

  it('finds an entry', () => {
    expect(parseAuxv(data, 6)).toBe(16384);
    expect(parseAuxv(data, 17)).toBe(100);
  });

  it('returns nothing for a missing or truncated file', () => {
    expect(parseAuxv(data, 25)).toBeUndefined();
    expect(parseAuxv(data.subarray(0, 20), 17)).toBeUndefined();
  });
});
