/** Frames of clients from which inputs are made: one of each kind of PROTOCOL.md, recorded ones, and those that found a bug. */
export const FRAMES: readonly string[] = [
  '{"open":{}}',
  '{"open":{"session":"8c6b0c0e-2a53-4b6c-9a44-8d1f5ad2a1b7","ack":3,"token":"t","refused":"{\\"event\\":"}}',
  '{"subscribe":[{}]}',
  '{"subscribe":[{"topic":"a","id":"Zk1vYXJk","version":7,"proof":"7.abc","diverged":1}],"seq":1}',
  '{"unsubscribe":["a","b"],"seq":2}',
  '{"event":"e","data":{"a":[1,2,{"b":null}]},"seq":1}',
  '{"event":"e","data":1}',
  '{"event":"ask","data":"x","seq":2,"call":1}',
  '{"event":"$join","data":"room","seq":3,"call":2}',
  '{"event":"$leave","data":"room","seq":4,"call":3}',
  '{"event":"$presence","data":{"room":"room","mine":{"x":1}},"seq":5,"call":4}',
  '{"event":"e","data":1,"channel":"x","seq":0}',
  '{"event":"","data":[null,{"a/b":null}],"binary":[["/0","AQID"],["/1/a~1b","",true]],"channel":"x","seq":6}',
  '{"event":"echo","data":null,"binary":[["","AQID"]],"seq":7}',
  '{"event":"ask","data":{"a":null},"binary":[["/a","AA=="]],"seq":8,"call":5}',
  '{"reply":1,"data":null,"binary":[["","AQ==",true]],"seq":9}',
  '{"reply":1,"data":{"ok":true},"seq":6}',
  '{"reply":1,"error":{"code":"no","message":"no","data":1},"seq":7}',
  '{"cancel":1,"seq":8}',
  '{"auth":"token","seq":9}',
  '{"ack":5}',
  '{"ping":true}',
  '{"ping":true,"ack":true}',
  // bytes where the data has no place for them
  '{"event":"e","data":{},"binary":[["/__proto__/a","AA=="],["/constructor/prototype/a","%"]],"seq":1}',
  // found: names that plain objects have already
  '{"subscribe":[{"topic":"__proto__"},{"topic":"constructor"},{"topic":"items/__proto__"}],"seq":1}',
];

/** Lines of a request's head. */
export const HEADERS: readonly string[] = [
  'Accept: text/event-stream',
  'Accept: application/json',
  'Accept: */*',
  'Accept-Encoding: gzip, deflate, br;q=1.0',
  'Authorization: Bearer t',
  'Connection: keep-alive',
  'Connection: Upgrade',
  'Content-Type: text/plain;charset=UTF-8',
  'If-None-Match: W/"a:1", "b:2", *',
  'Last-Event-ID: Zk1vYXJk:7.abc',
  'Origin: http://localhost',
  'Origin: null',
  'Origin: http://loca\u00d8\u008ft', // found: URL.canParse accepts it in optimized code of Node 20
  'Sec-Fetch-Site: same-origin',
  'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
  'Transfer-Encoding: chunked',
  'Upgrade: websocket',
  'Velox-Link: 1',
  'Velox-Poll: 1',
  'Velox-Post: 1',
  'Velox-Session: 8c6b0c0e-2a53-4b6c-9a44-8d1f5ad2a1b7',
  'X-Forwarded-For: 203.0.113.7, 10.0.0.1',
];

export const PATHS: readonly string[] = [
  '/?velox=3',
  '/?velox=3&topic=a',
  '/?velox=3&topic=items%2F7&id=Zk1vYXJk&v=7&proof=7.abc',
  '/?velox=4',
  '/?topic=a',
  '/?topic=%ff%00%zz',
  '/',
];

/** Messages of the bus, of each kind that nodes send. NODE stands for a name of a node. */
export const LETTERS: readonly string[] = [
  '{"node":"NODE","is":"alive"}',
  '{"node":"NODE","is":"gone"}',
  '{"from":"NODE","number":1,"to":{"notIn":[],"only":[],"except":[]},"event":{"event":"e","data":1,"isVolatile":false,"key":"","channel":""}}',
  '{"from":"NODE","number":2,"to":{"rooms":["room"],"notIn":["x"],"only":[["NODE.x"]],"except":["y"]},"event":{"event":"e","data":{"a":[null]},"isVolatile":true,"key":"k","channel":"x"}}',
  '{"from":"NODE","ids":["7","8"],"audience":"a"}',
  '["items","7"]',
  '{"from":"NODE","kind":"claim","call":1,"data":{"own":"x","identity":"a","binding":"b","context":"{}"}}',
  '{"from":"NODE","kind":"give","call":2,"data":{"own":"x","context":null}}',
  '{"from":"NODE","kind":"took","data":{"own":"x"}}',
  '{"from":"NODE","kind":"pass","data":{"own":"x","message":{"text":"{\\"event\\":\\"e\\",\\"data\\":1}"},"isUrgent":false,"cast":"NODE 1"}}',
  '{"from":"NODE","kind":"act","data":{"own":"x","act":"join","room":"room"}}',
  '{"from":"NODE","kind":"act","data":{"own":"x","act":"close","code":"kicked","reason":"x"}}',
  '{"from":"NODE","kind":"frame","data":{"own":"x","reply":"{\\"reply\\":1,\\"data\\":1}"}}',
  '{"from":"NODE","kind":"frame","data":{"own":"x","cancel":1}}',
  '{"from":"NODE","kind":"frame","data":{"own":"x","ended":true}}',
  '{"from":"NODE","kind":"answer","call":1,"data":{"is":"unknown"}}',
  '{"from":"NODE","kind":"forward","data":{"call":1,"request":{"method":"GET","url":"/?velox=3","headers":[["accept","application/json"],["velox-session","x"]]}}}',
  '{"from":"NODE","kind":"forward","data":{"call":2,"request":{"method":"POST","url":"/?velox=3","headers":[["accept","application/json"]],"body":"[{\\"open\\":{}}]"}}}',
  '{"from":"NODE","kind":"forward","data":{"call":1,"abort":true}}',
  '{"from":"NODE","kind":"forward","data":{"call":1,"taken":true}}',
  '{"from":"NODE","kind":"forward","data":{"call":1,"answer":{"status":200,"headers":{},"body":"[]","outcome":"polled"}}}',
];

/** Patches of a log. */
export const PATCHES: readonly string[] = [
  '[{"op":"replace","path":"/map/a","value":2}]',
  '[{"op":"add","path":"/list/-","value":{"x":[1]}}]',
  '[{"op":"move","from":"/list/0","path":"/list/1"},{"op":"remove","path":"/map/a"}]',
  '[{"op":"copy","from":"","path":"/map/b"},{"op":"copy","from":"","path":"/map/c"}]',
  '[{"op":"replace","path":"","value":null}]',
  '[{"op":"test","path":"/list","value":[1,2]}]',
  '[{"op":"add","path":"/__proto__/x","value":1}]',
  '[]',
];

/** Messages of an entity-sync client. */
export const ROW_REQUESTS: readonly string[] = [
  '{"action":"subscribe","body":{"entity":"items","id":"7"}}',
  '{"action":"subscribe","body":{"entity":"items","id":"__proto__"}}',
  '{"action":"unsubscribe","body":{"entity":"items","id":"7"}}',
  '{"action":"subscribe","body":{"entity":"none","id":"a/b"}}',
  '{"action":"secret","body":"s"}',
  '{"action":"","body":1}',
  '{"hello":"application"}',
];
