# Cleans up after a run of the tests, however it ends: its input closes when the runner ends, in good order or killed.
# Lines: `started GROUP`, `kill GROUP`, `backends FOLDER`.
trap '' INT TERM HUP
declare -A groups
backends=
while read -r what which; do
  case $what in
    started) groups[$which]=yes ;;
    kill)
      kill -KILL -- "-$which" 2>/dev/null
      unset "groups[$which]"
      ;;
    backends) backends=$which ;;
  esac
done
for group in "${!groups[@]}"; do
  kill -KILL -- "-$group" 2>/dev/null
done
if [[ -n $backends ]]; then
  LOQUAT_BACKENDS_DIR=$backends deploy/backends down
fi
