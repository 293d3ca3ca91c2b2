-- prefix, users. Returns their standings.

local standings = {}
for i = 2, #ARGV do
  standings[#standings + 1] = standing(ARGV[i])
end
return standings
