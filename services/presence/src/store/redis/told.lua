-- prefix, then for each change: user, version. Returns whose mark was another or was gone.

local others = {}
for i = 2, #ARGV, 2 do
  local user, version = ARGV[i], ARGV[i + 1]
  if redis.call('ZSCORE', key('untold'), user) == version then
    redis.call('ZREM', key('untold'), user)
  else
    others[#others + 1] = user
  end
end
return others
