/** The header that was read last: most clients have the same. */
let last = { header: '', takesGzip: false };

/** Whether a client takes gzip, as its `Accept-Encoding` says (RFC 9110 §12.5.3). */
export function takesGzip(header = ''): boolean {
  if (header !== last.header) last = { header, takesGzip: weighsGzip(header) };
  return last.takesGzip;
}

function weighsGzip(header: string): boolean {
  const weights = new Map(
    header
      .toLowerCase()
      .split(',')
      .map((each) => {
        const [coding = '', ...parameters] = each.split(';').map((part) => part.trim());
        const weight = parameters.find((parameter) => parameter.startsWith('q='));
        return [coding, weight === undefined ? 1 : Number(weight.slice(2))];
      }),
  );
  return (weights.get('gzip') ?? weights.get('*') ?? 0) > 0;
}
