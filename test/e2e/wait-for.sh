#!/usr/bin/env bash
# wait-for WHAT CONDITION: waits until the shell line CONDITION succeeds; after 50 s says WHAT was awaited, and fails.
for ((look = 0; look < 1000; look++)); do
  (eval "$2") >/dev/null 2>&1 && exit 0
  sleep 0.05
done
echo "waited 50 s for $1, in vain" >&2
exit 1
