import { createHash } from 'node:crypto';

/**
 * The steps of the log, each atomic. KEYS[1] is a hash with the head (id, v, tag), the snapshot (sv, st, s) and the run of the last
 * writer. KEYS[2] is a stream with an entry `<version>-0` for each revision: t is its tag, p its patch.
 */
export interface Script {
  readonly text: string;
  readonly sha: string;
}
const script = (text: string): Script => ({ text, sha: createHash('sha1').update(text).digest('hex') });

/** ARGV: empty, or id, version, tag, value, run of the topic to create. Returns the head, the snapshot, the run and the revisions above. */
export const OPEN: Script = script(`
  local h = redis.call('HMGET', KEYS[1], 'id', 'v', 'tag', 'sv', 'st', 's', 'run')
  if not h[1] then
    if not ARGV[1] then return false end
    h = { ARGV[1], ARGV[2], ARGV[3], ARGV[2], ARGV[3], ARGV[4], ARGV[5] }
    redis.call('DEL', KEYS[2])
    redis.call('HSET', KEYS[1], 'id', h[1], 'v', h[2], 'tag', h[3], 'sv', h[4], 'st', h[5], 's', h[6], 'run', h[7])
  end
  h[8] = redis.call('XRANGE', KEYS[2], '(' .. h[4] .. '-0', '+')
  return h`);

/**
 * ARGV: id, version, tag, run, the command that publishes, the channel, then tag and patch of each revision. Returns 1, or the head
 * that refused. A long patch is not published: its followers read it.
 *
 * Redis undoes nothing if a command of a script fails. So the messages come behind the head, and may fail, for instance because the user may
 * not publish: other nodes find the revisions when they compare heads.
 */
export const APPEND: Script = script(`
  local h = redis.call('HMGET', KEYS[1], 'id', 'v', 'tag', 'run')
  if h[1] ~= ARGV[1] or h[2] ~= ARGV[2] or h[3] ~= ARGV[3] then
    return { h[1] or '', h[2] or '0', h[3] or '' }
  end
  if h[4] ~= ARGV[4] then redis.call('HSET', KEYS[1], 'run', ARGV[4]) end
  if not ARGV[7] then return 1 end
  local v, previous, messages = tonumber(h[2]), h[3], {}
  for i = 7, #ARGV, 2 do
    v = v + 1
    local n = string.format('%.0f', v)
    redis.call('XADD', KEYS[2], n .. '-0', 't', ARGV[i], 'p', ARGV[i + 1])
    local patch = #ARGV[i + 1] <= 65536 and ' ' .. ARGV[i + 1] or ''
    messages[#messages + 1] = ARGV[1] .. ' ' .. n .. ' ' .. previous .. ' ' .. ARGV[i] .. patch
    previous = ARGV[i]
  end
  redis.call('HSET', KEYS[1], 'v', string.format('%.0f', v), 'tag', previous)
  for _, message in ipairs(messages) do redis.pcall(ARGV[5], ARGV[6], message) end
  return 1`);

/** ARGV: id, version, tag. Returns 'other', 'gone', or the revisions above. */
export const READ: Script = script(`
  local h = redis.call('HMGET', KEYS[1], 'id', 'v', 'tag', 'sv', 'st')
  if h[1] ~= ARGV[1] or tonumber(ARGV[2]) > tonumber(h[2]) then return 'other' end
  if h[2] == ARGV[2] then return h[3] == ARGV[3] and {} or 'other' end
  local found = redis.call('XRANGE', KEYS[2], ARGV[2] .. '-0', '+')
  if found[1] and found[1][1] == ARGV[2] .. '-0' then
    if found[1][2][2] ~= ARGV[3] then return 'other' end
    table.remove(found, 1)
    return found
  end
  if h[4] ~= ARGV[2] then return 'gone' end
  return h[5] == ARGV[3] and found or 'other'`);

/** ARGV: id, version, tag, value, keep. Returns whether the snapshot was replaced. */
export const SAVE: Script = script(`
  local h = redis.call('HMGET', KEYS[1], 'id', 'v', 'tag', 'sv')
  if h[1] ~= ARGV[1] or tonumber(ARGV[2]) <= tonumber(h[4]) or tonumber(ARGV[2]) > tonumber(h[2]) then return 0 end
  local tag = h[3]
  if h[2] ~= ARGV[2] then
    local found = redis.call('XRANGE', KEYS[2], ARGV[2] .. '-0', ARGV[2] .. '-0')
    tag = found[1] and found[1][2][2]
  end
  if tag ~= ARGV[3] then return 0 end
  redis.call('HSET', KEYS[1], 'sv', ARGV[2], 'st', ARGV[3], 's', ARGV[4])
  local first = math.max(tonumber(ARGV[2]) - tonumber(ARGV[5]) + 1, 0)
  redis.call('XTRIM', KEYS[2], 'MINID', string.format('%.0f', first))
  return 1`);

/** ARGV: the id to replace, a new id, run. Returns the head. */
export const RENEW: Script = script(`
  if redis.call('HGET', KEYS[1], 'id') == ARGV[1] then
    redis.call('HSET', KEYS[1], 'id', ARGV[2], 'run', ARGV[3])
  end
  return redis.call('HMGET', KEYS[1], 'id', 'v', 'tag')`);
