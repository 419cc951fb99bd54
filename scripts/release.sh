#!/bin/bash
# Takes a commit into service, or restarts the instances one after the other. Run it as root, as
# docs/deploy.md says. It stops at the first error: `current` then still names the release that runs,
# or the instances that were not restarted yet go on serving. Run it again after a repair.
set -euo pipefail
shopt -s inherit_errexit
umask 022

USAGE='usage: release.sh COMMIT             install, back up, migrate, restart
       release.sh --install COMMIT   install only; the first release becomes current
       release.sh --restart          restart one instance after the other'
HOME_FOLDER=${RELEASE_HOME:-/opt/video-generation}
TRIES=${RELEASE_TRIES:-60} # seconds that an instance has to become ready
FREE=${RELEASE_FREE_KB:-1048576}

say() { echo "== $*" >&2; }
fail() {
  echo "release.sh: $*" >&2
  exit 1
}

# Prints the folder of the release and installs it there, unless that is done already.
install_release() {
  local commit folder
  git -C "$HOME_FOLDER/source" fetch --quiet --tags
  commit=$(git -C "$HOME_FOLDER/source" rev-parse --quiet --verify --short=12 "$1^{commit}") ||
    fail "there is no commit $1"
  folder=$HOME_FOLDER/releases/$commit
  if [[ ! -e $folder/.git ]]; then
    (($(df --output=avail "$HOME_FOLDER" | tail -1) > FREE)) || fail "$HOME_FOLDER has too little room"
    git -C "$HOME_FOLDER/source" worktree prune
    git -C "$HOME_FOLDER/source" worktree add --quiet --detach "$folder" "$commit" >&2
  fi
  make --directory "$folder" install-production >&2
  echo "$commit" >"$folder/.release" # for build_info
  echo "$folder"
}

# A link is replaced in one step, so that an instance that starts meanwhile finds a release.
make_current() {
  ln -sfn "releases/$(basename "$1")" "$HOME_FOLDER/.current"
  mv -T "$HOME_FOLDER/.current" "$HOME_FOLDER/current"
}

ports() {
  systemctl list-units --all --plain --no-legend 'video-generation@*.service' |
    sed -n 's/^video-generation@\([0-9]*\)\.service .*/\1/p'
}

is_ready() { curl --silent --fail --output /dev/null --max-time 5 "http://127.0.0.1:$1/readyz"; }

# Instances that do not serve come first: restarting the only one that serves is an outage.
restart() {
  local port try down=() up=()
  for port in $(ports); do
    if is_ready "$port"; then up+=("$port"); else down+=("$port"); fi
  done
  [[ ${#up[@]}${#down[@]} != 00 ]] || fail 'systemd knows no instance video-generation@PORT'
  for port in ${down[@]+"${down[@]}"} ${up[@]+"${up[@]}"}; do
    say "restart $port"
    systemctl restart "video-generation@$port"
    for ((try = 1; ; try++)); do
      is_ready "$port" && break
      ((try < TRIES)) || fail "video-generation@$port is not ready after $TRIES tries, and the other \
instances were left as they are. See: journalctl -u video-generation@$port -n 30"
      sleep 1
    done
  done
}

release() {
  local folder
  say "install $1"
  folder=$(install_release "$1")
  cd "$folder"
  say 'try the migrations'
  as_migrator .venv/bin/python -m scripts.migrate --dry-run
  say 'back up'
  video-generation-backup
  say 'migrate'
  as_migrator .venv/bin/python -m scripts.migrate
  make_current "$folder"
  restart
  as_migrator .venv/bin/python -m scripts.migrate --check
  say "$(basename "$folder") runs"
}

exec 9>"$HOME_FOLDER/.release.lock"
flock --nonblock 9 || fail 'another release is under way'
case "$#:${1-}" in
  1:--restart) restart ;;
  2:--install)
    folder=$(install_release "$2")
    [[ -e $HOME_FOLDER/current ]] || make_current "$folder"
    ;;
  1:-* | 0:*) fail "$USAGE" ;;
  1:*) release "$1" ;;
  *) fail "$USAGE" ;;
esac
