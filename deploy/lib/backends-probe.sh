# shellcheck shell=bash
# Part of deploy/backends: is a backend ready? Each probe speaks the first words
# of the backend's protocol over TCP, just as a test will, and needs no client
# program. All take the port, say nothing and end within a few seconds.

# bytes HEX: the bytes written as hexadecimal digits.
# shellcheck disable=SC2001 # & in a bash replacement depends on the version of bash
bytes() { printf '%b' "$(sed 's/../\\x&/g' <<<"$1")"; }

# hex: standard input as hexadecimal digits.
hex() { od -An -v -tx1 | tr -d ' \n'; }

# receive COUNT: that many bytes of the open connection (3), as hexadecimal digits.
receive() { timeout 3 head -c "$1" <&3 | hex; }

# A subshell each, so that the connection closes when the probe ends.

# A StartupMessage (protocol 3.0) gets AuthenticationOk only when the server
# takes connections and the database is there.
probe_postgres() (
  exec 2>/dev/null 3<>"/dev/tcp/127.0.0.1/$1"
  parameters=$(printf 'user\0loquat\0database\0loquat\0\0' | hex)
  bytes "$(printf '%08x' $((8 + ${#parameters} / 2)))00030000$parameters" >&3
  [[ $(receive 9) == 520000000800000000 ]]
)

probe_redis() (
  exec 2>/dev/null 3<>"/dev/tcp/127.0.0.1/$1"
  printf 'PING\r\n' >&3
  IFS= read -r -t 3 answer <&3
  [[ $answer == +PONG* ]]
)

# NATS speaks first; JetStream has to be among what it offers.
probe_nats() (
  exec 2>/dev/null 3<>"/dev/tcp/127.0.0.1/$1"
  IFS= read -r -t 3 greeting <&3
  [[ $greeting == INFO*'"jetstream":true'* ]]
)

# Ready is a writable primary: FerretDB at once, a mongod once it is a replica
# set of one (transactions and change streams need one). A new mongod says that
# it was started for a replica set and knows of none yet, so it is told.
probe_mongodb() {
  local hello
  hello=$(mongodb_command "$1" "$(field 10 hello "$(le32 1)")") || return 1
  if [[ $hello == *"$(field 08 isreplicaset 01)"* ]]; then initiate_replica_set "$1"; fi
  [[ $hello == *"$(field 08 isWritablePrimary 01)"* ]]
}

initiate_replica_set() {
  local member config
  member=$(document "$(field 10 _id "$(le32 0)")" "$(field 02 host "$(text "127.0.0.1:$1")")")
  config=$(document "$(field 02 _id "$(text rs0)")" \
    "$(field 04 members "$(document "$(field 03 0 "$member")")")")
  mongodb_command "$1" "$(field 03 replSetInitiate "$config")" >/dev/null
}

# --- as much of MongoDB's wire protocol as that takes, in hexadecimal digits ----

# mongodb_command PORT FIELD: runs one command on database admin, prints the answer.
mongodb_command() (
  exec 2>/dev/null 3<>"/dev/tcp/127.0.0.1/$1"
  # OP_MSG (2013): length, request id, response to, opcode; flags, section 0, document
  message=$(le32 1)$(le32 0)$(le32 2013)$(le32 0)00$(document "$2" "$(field 02 "\$db" "$(text admin)")")
  bytes "$(le32 $((4 + ${#message} / 2)))$message" >&3
  length=$(receive 4)
  ((${#length} == 8)) || exit 1
  receive $((16#${length:6:2}${length:4:2}${length:2:2}${length:0:2} - 4))
)

# document FIELD…
document() {
  local fields
  fields=$(printf '%s' "$@")
  printf '%s%s00' "$(le32 $((5 + ${#fields} / 2)))" "$fields"
}

# field TYPE NAME VALUE (types: 02 string, 03 document, 04 array, 08 boolean, 10 int32)
field() { printf '%s%s00%s' "$1" "$(printf '%s' "$2" | hex)" "$3"; }

text() { printf '%s%s00' "$(le32 $((1 + ${#1})))" "$(printf '%s' "$1" | hex)"; }

le32() {
  printf '%02x%02x%02x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255))
}
