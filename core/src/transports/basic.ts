/** The header of Basic authorization for the credentials of a URL (RFC 7617). */
export function basic({ username, password }: Pick<URL, 'username' | 'password'>): { authorization: string } {
  // A URL has UTF-8 in percent encoding, and `btoa` takes bytes.
  const bytes = `${username}:${password}`.replace(/%(..)/g, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
  return { authorization: `Basic ${btoa(bytes)}` };
}
