#!/bin/sh
# OpenSSH's client, a process a session: started by clush, by pdsh, or by xargs.
#
#     openssh.sh clush|pdsh|xargs INVENTORY SESSIONS COMMAND
#
# A session of theirs runs one command, without a terminal, so they get one only. Prints how many devices
# answered as one line of JSON.
set -eu
program=$1 inventory=$2 sessions=$3 command=$4
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

sed -n 's/^address = "\(.*\)"/\1/p' "$inventory" >"$directory/devices"
cat >"$directory/config" <<END
Host *
  Port $(sed -n 's/^port = //p' "$inventory" | head -n 1)
  User rehearsal
  PreferredAuthentications password
  PubkeyAuthentication no
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  LogLevel ERROR
END
printf '#!/bin/sh\necho rehearsal\n' >"$directory/password"
chmod +x "$directory/password"
export SSH_ASKPASS="$directory/password" SSH_ASKPASS_REQUIRE=force

case $program in
  clush)
    # It tells ssh to ask for no password; what comes first is what ssh goes by.
    clush --hostfile "$directory/devices" --fanout "$sessions" --quiet \
      --options "-F $directory/config -oBatchMode=no" "$command"
    ;;
  pdsh)
    export PDSH_SSH_ARGS_APPEND="-F $directory/config"
    pdsh -R ssh -w "^$directory/devices" -f "$sessions" "$command"
    ;;
  xargs)
    xargs --arg-file "$directory/devices" --max-procs "$sessions" --replace ssh -F "$directory/config" '{}' "$command"
    ;;
esac >"$directory/output" </dev/null || true

ok=$(grep -c ' uptime is ' "$directory/output" || true)
echo "{\"ok\":$ok,\"failed\":$(($(wc -l <"$directory/devices") - ok))}"
