-- prefix, now, how many users at most. Returns who shows differently; nil where there is no lease to end.

local now, limit = ARGV[2], ARGV[3]

local gateway = redis.call('HRANDFIELD', key('lapsed'))
if not gateway then
  gateway = redis.call('ZRANGEBYSCORE', key('leases'), '-inf', now, 'LIMIT', 0, 1)[1]
  if not gateway then
    return false
  end
  redis.call('HSET', key('lapsed'), gateway, redis.call('HGET', key('kept'), gateway) or now)
  redis.call('HDEL', key('kept'), gateway)
  redis.call('ZREM', key('leases'), gateway)
end

local kept = redis.call('HGET', key('lapsed'), gateway)
local streams = key('gateway:' .. gateway)
for _, user in ipairs(redis.call('HRANDFIELD', streams, limit)) do
  leave(user, gateway, kept)
  redis.call('HDEL', streams, user)
end
if redis.call('EXISTS', streams) == 0 then
  redis.call('HDEL', key('lapsed'), gateway)
end
return changed
