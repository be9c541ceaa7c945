# Shared by scripts/demo and scripts/test: brings a fresh checkout to the point where it runs. Sourced, not run.

say() { printf '\033[1m▸ %s\033[0m\n' "$*" >&2; }
fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

require_node() {
  command -v node >/dev/null || fail "Node.js is missing. Install Node 20.19 or newer, then run this again."
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
    fail "Node $(node --version) is too old. Install Node 20.19 or newer, then run this again."
}

# install_packages FOLDER: what the lock file says, unless that is installed already. Not `npm ci`, which
# refuses a lock file when a registry lacks an optional binary of a platform that isn't this one.
install_packages() {
  local folder=$1 stamp=$1/node_modules/.package-lock.json
  if [ -f "$stamp" ] && [ ! "$folder/package-lock.json" -nt "$stamp" ]; then return; fi
  say "installing packages in $(basename "$(cd "$folder" && pwd)")"
  (cd "$folder" && npm install --no-save --no-audit --no-fund --loglevel=error) >&2 ||
    fail "npm install failed in $folder; the lines above say why"
  touch "$stamp"
}

build() {
  say 'building'
  npm run --silent build >&2 || fail 'the build failed; the lines above say why'
}
