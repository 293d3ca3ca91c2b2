-- prefix, gateway, complete (0 or 1), now, then for each user: user, connected streams, disconnected streams.
-- Takes what the gateway holds of these users; of a complete renewal it is all. Returns who shows differently; nil where the
-- lease is not known any more.

local gateway, is_complete, now = ARGV[2], ARGV[3] == '1', ARGV[4]
local streams = key('gateway:' .. gateway)

if not redis.call('ZSCORE', key('leases'), gateway) then
  return false
end

for i = 5, #ARGV, 3 do
  local user, connected, disconnected = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local had = redis.call('HGET', streams, user)
  local gone, seen, held = {}, {}, {}
  for stream in string.gmatch(disconnected, '%S+') do
    gone[stream] = true
  end
  local all = connected
  if had and not is_complete then
    all = had .. ' ' .. connected
  end
  for stream in string.gmatch(all, '%S+') do
    if not gone[stream] and not seen[stream] then
      seen[stream] = true
      held[#held + 1] = stream
    end
  end
  -- First where the user is, then what the gateway holds: a step that broke off is done again from here.
  if #held > 0 then
    arrive(user, gateway, now)
    redis.call('HSET', streams, user, table.concat(held, ' '))
  elseif had then
    leave(user, gateway, now)
    redis.call('HDEL', streams, user)
  end
end

return changed
