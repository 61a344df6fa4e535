/** One event of an event stream. */
export interface SseEvent {
  readonly data: string;
  /** Its name; absent or empty for unnamed events. */
  readonly event?: string;
  /** The id in this event's own block, if it had one. */
  readonly id?: string;
}

/**
 * Parses an event stream (HTML Living Standard, 9.2.6 Interpreting an event stream): feed it the decoded text as it arrives,
 * split anywhere, and it calls back for each event. An event that the end of the stream cut off is not reported, `retry` is
 * ignored, and a byte order mark is the decoder's to strip, as in the standard.
 */
export function createSseParser(onEvent: (event: SseEvent) => void): (text: string) => void {
  let rest = '';
  let afterCR = false;
  let data: string[] = [];
  let fields: Omit<SseEvent, 'data'> = {};

  const onLine = (line: string): void => {
    const [, field, value = ''] = /^([^:]*):? ?(.*)/s.exec(line) ?? [];
    if (!line) {
      if (data.length) onEvent({ ...fields, data: data.join('\n') });
      data = [];
      fields = {};
    } else if (field === 'data') data.push(value);
    else if (field === 'event' || (field === 'id' && !value.includes('\0'))) {
      fields = { ...fields, [field]: value };
    }
  };

  return (text) => {
    if (afterCR && text.startsWith('\n')) text = text.slice(1);
    else if (!text) return;
    afterCR = text.endsWith('\r');
    // Only what is new is searched, so a line that comes in a thousand pieces costs its length once.
    const lines = text.split(/\r\n|\r|\n/);
    lines[0] = rest + lines[0];
    rest = lines.pop() as string;
    lines.forEach(onLine);
  };
}
