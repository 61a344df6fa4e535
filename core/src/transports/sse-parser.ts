/** One event of an event stream. */
export interface SseEvent {
  readonly data: string;
  /** Its name; absent for unnamed events. */
  readonly event?: string;
  /** The id in this event's own block; absent when it had none. */
  readonly id?: string;
}

/**
 * Parses an event stream (HTML Living Standard, 9.2.6 Interpreting an event stream): feed it text as it arrives, split
 * anywhere, and it calls back for each event. An event that the end of the stream cut off is not reported, `retry` is ignored.
 */
export function createSseParser(onEvent: (event: SseEvent) => void): (text: string) => void {
  let started = false;
  let afterCR = false;
  let rest = '';
  let data: string[] = [];
  let event = '';
  let id: string | undefined;

  const onLine = (line: string): void => {
    if (!line) {
      if (data.length) {
        onEvent({ data: data.join('\n'), ...(event && { event }), ...(id !== undefined && { id }) });
      }
      data = [];
      event = '';
      id = undefined;
      return;
    }
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line)!;
    if (field === 'data') data.push(value);
    else if (field === 'event') event = value;
    else if (field === 'id' && !value.includes('\0')) id = value;
  };

  return (text) => {
    if (!text) return;
    if (!started && text.startsWith('\uFEFF')) text = text.slice(1);
    started = true;
    if (afterCR && text.startsWith('\n')) text = text.slice(1);
    afterCR = text.endsWith('\r');
    // Only what is new is searched, so a line that comes in a thousand pieces costs its length once.
    const lines = text.split(/\r\n|\r|\n/);
    lines[0] = rest + lines[0]!;
    rest = lines.pop()!;
    lines.forEach(onLine);
  };
}
