-- prefix, gateway, complete (0 or 1), now, expires, how many users to forget at most, then all users of a complete renewal.
-- Keeps the lease, and forgets who is not named. Returns who shows differently, and whether there are more to forget; nil
-- where the lease is not known.

local gateway, is_complete, now, expires, limit = ARGV[2], ARGV[3] == '1', ARGV[4], ARGV[5], tonumber(ARGV[6])
local streams = key('gateway:' .. gateway)

if not is_complete and not redis.call('ZSCORE', key('leases'), gateway) then
  return false
end

redis.call('ZADD', key('leases'), expires, gateway)
redis.call('HSET', key('kept'), gateway, now)
redis.call('HDEL', key('lapsed'), gateway)

local has_more = 0
if is_complete then
  local named = {}
  for i = 7, #ARGV do
    named[ARGV[i]] = true
  end
  local forgotten = 0
  for _, user in ipairs(redis.call('HKEYS', streams)) do
    if not named[user] then
      if forgotten == limit then
        has_more = 1
        break
      end
      leave(user, gateway, now)
      redis.call('HDEL', streams, user)
      forgotten = forgotten + 1
    end
  end
end

return { changed, has_more }
