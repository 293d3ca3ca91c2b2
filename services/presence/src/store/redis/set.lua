-- prefix, user, availability, status, now. Returns the user's standing.

local user, availability, status, now = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local person = key('person:' .. user)
local before = redis.call('HMGET', person, 'availability', 'status')

if (before[1] or 'online') ~= availability or (before[2] or '') ~= status then
  local was_visible, becomes_visible = before[1] ~= 'invisible', availability ~= 'invisible'
  redis.call('HSET', person, 'availability', availability, 'status', status, 'since', now)
  if redis.call('EXISTS', key('at:' .. user)) == 1 and (was_visible or becomes_visible) then
    if not becomes_visible then
      redis.call('HSET', person, 'last_there', now)
    end
    mark(user)
  end
end
return standing(user)
