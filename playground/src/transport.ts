/** `?transport=sse` or `?transport=websocket` forces one; without it the client chooses. */
const asked = new URLSearchParams(location.search).get('transport');
export const transport = asked === 'sse' || asked === 'websocket' ? asked : 'auto';
