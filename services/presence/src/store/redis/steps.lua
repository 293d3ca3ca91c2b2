-- What the steps share. Each step is atomic: Redis runs nothing beside it.
--
-- Keys, all under one hash tag so that a cluster keeps them together:
--   leases             ZSET  gateway -> when its lease expires
--   kept               HASH  gateway -> when its lease was last kept
--   lapsed             HASH  gateway -> when its lease was last kept; ended, users still to be taken away
--   gateway:<gateway>  HASH  user -> the streams that the gateway holds, with blanks between
--   at:<user>          SET   gateways that hold a stream of the user
--   person:<user>      HASH  availability, status, since, last_there
--   untold             ZSET  user -> version of a change that others were not told of
--   version            the last version
-- Moments are microseconds, and are never computed with here: Lua's numbers would be written as 1.7e+15.

local prefix = ARGV[1]

local function key(name)
  return prefix .. name
end

local changed = {}

local function mark(user)
  local version = redis.call('INCR', key('version'))
  redis.call('ZADD', key('untold'), version, user)
  changed[#changed + 1] = user
end

local function is_visible(user)
  return redis.call('HGET', key('person:' .. user), 'availability') ~= 'invisible'
end

local function arrive(user, gateway, now)
  -- Read before anything is written: where this fails, the same again begins from the start.
  local shows = is_visible(user)
  local at = key('at:' .. user)
  local was_connected = redis.call('EXISTS', at) == 1
  if redis.call('SADD', at, gateway) == 0 or was_connected then
    return
  end
  redis.call('HSET', key('person:' .. user), 'since', now)
  if shows then
    mark(user)
  end
end

local function leave(user, gateway, moment)
  local shows = is_visible(user)
  local at = key('at:' .. user)
  if redis.call('SREM', at, gateway) == 0 or redis.call('EXISTS', at) == 1 then
    return
  end
  if shows then
    redis.call('HSET', key('person:' .. user), 'last_there', moment)
    mark(user)
  end
end

local function standing(user)
  local person = redis.call('HMGET', key('person:' .. user), 'availability', 'status', 'since', 'last_there')
  local is_connected = redis.call('EXISTS', key('at:' .. user))
  local version = redis.call('ZSCORE', key('untold'), user)
  return { is_connected, person[1], person[2], person[3], person[4], version }
end
