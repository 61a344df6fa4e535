/**
 * Parses an event stream (HTML Living Standard, 9.2.6 Interpreting an event stream): feed it the decoded text as it arrives,
 * split anywhere, and it calls back for each event. An event that the end of the stream cut off is not reported; `id` and
 * `retry` are for those who let the browser reconnect; a byte order mark is the decoder's to strip, as in the standard.
 *
 * @param onEvent `event` is the event's name, '' for unnamed ones.
 */
export function createSseParser(onEvent: (data: string, event: string) => void): (text: string) => void {
  let rest = '';
  let afterCR = false;
  let data: string[] = [];
  let event = '';

  const onLine = (line: string): void => {
    const [, field, value] = /^([^:]*):? ?(.*)/s.exec(line) as unknown as [string, string, string];
    if (!line) {
      if (data.length) onEvent(data.join('\n'), event);
      data = [];
      event = '';
    } else if (field === 'data') data.push(value);
    else if (field === 'event') event = value;
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
