#!/bin/bash
# Makes one backup and copies it off the machine: the database, the files of settings, then the bucket.
# An object is stored before the row that names it and never changes, so every row of a backup finds its
# object in the copy of the bucket. docs/deploy.md says how it is started and how to restore one.
set -euo pipefail
umask 077

# The operator's own BACKUP_… settings, for the timer as well as for a release.
OWN=${BACKUP_OWN:-/etc/video-generation.backup.env}
# shellcheck source=/dev/null
[[ ! -e $OWN ]] || . "$OWN"

FOLDER=${BACKUP_FOLDER:-/var/backups/video-generation}
SETTINGS=${BACKUP_SETTINGS:-/etc/video-generation.env /etc/video-generation.migrate.env /etc/surrealdb.env $(compgen -G "$OWN" || true)}
BUCKET=${BACKUP_BUCKET-r2:videos} # empty with the embedded storage
REMOTE=${BACKUP_REMOTE:-backup:}
KEEP_HOURLY=2 # days
KEEP_DAILY=14
KEEP_REMOTE=${BACKUP_KEEP_REMOTE-14d} # empty if the other place expires objects by itself

mkdir -p "$FOLDER"
# Two at once, of the timer and of a release, would write into one file.
exec 9>"$FOLDER/.lock"
if ! flock --nonblock 9; then
  echo 'backup.sh: waits, another backup is under way' >&2
  flock 9
fi
# The backup of a release must not be replaced by one that was made after its migration began.
while now=$(date --utc +%FT%H%M%SZ) && [[ -e $FOLDER/$now.surql.gz ]]; do sleep 0.2; done
# Every user of the machine can read a command line: the password comes from as_root's environment.
# shellcheck disable=SC2016 # as_root's shell expands it
as_root bash -c 'surreal export --log none --endpoint "${SURREAL_URL/#ws/http}" --namespace video --database video -' |
  gzip >"$FOLDER/unfinished"
mv "$FOLDER/unfinished" "$FOLDER/$now.surql.gz"
echo "$FOLDER/$now.surql.gz"
# shellcheck disable=SC2086 # a list of files
tar --create --gzip --absolute-names --file "$FOLDER/$now.settings.tar.gz" $SETTINGS

rclone copy "$FOLDER" "${REMOTE}database" --include '*.gz'
# An object never changes: to compare times would be a question to the bucket for each of them.
if [[ -n $BUCKET ]]; then
  rclone copy "$BUCKET" "${REMOTE}${BUCKET#*:}" --immutable --metadata --size-only
fi

# Only after all copies: a machine that can no longer reach the remote keeps what it has. Of each day the
# backup of its first hour is kept.
find "$FOLDER" -name '*.gz' ! -name '*T00*' -mtime "+$((KEEP_HOURLY - 1))" -delete
find "$FOLDER" -name '*.gz' -mtime "+$((KEEP_DAILY - 1))" -delete
if [[ -n $KEEP_REMOTE ]]; then
  rclone delete "${REMOTE}database" --min-age "$KEEP_REMOTE"
fi
