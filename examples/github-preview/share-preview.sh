#!/usr/bin/env bash
# share-preview.sh COMMAND...: starts a command, shares the port that it listens on, and writes the session URL into the
# summary of the run. The session goes on in the background, as the process in wingman.pid, for EXPIRES at most.
set -euo pipefail

events=$(mktemp)
# Not by npx, which may leave it behind when it is told to end.
node_modules/.bin/wingman run --json --no-inspector --expires "${EXPIRES:-30m}" -- "$@" > "$events" &
echo $! > wingman.pid

# A command that doesn't listen in time, or a server that refuses, ends wingman with its reason on stderr.
until grep -q '^{"event":"ready",' "$events"; do
  kill -0 "$(cat wingman.pid)" 2> /dev/null || exit 1
  sleep 0.2
done
url=$(grep -m 1 '^{"event":"ready",' "$events" | node -p 'JSON.parse(fs.readFileSync(0)).url')
echo "Preview, for ${EXPIRES:-30m}: <$url>" >> "$GITHUB_STEP_SUMMARY"
