#!/bin/bash
# Restores a backup of scripts/backup.sh into an empty SurrealDB server, brings it up to this release, and
# audits it. The instances must be stopped. It refuses a database that has tables.
set -euo pipefail
umask 077

[[ $# == 1 && -r $1 ]] || {
  echo 'usage: restore.sh FILE.surql.gz' >&2
  exit 2
}
file=$(realpath "$1")
cd "$(dirname "$0")/.."
script=$(mktemp)
trap 'rm -f "$script"' EXIT
# Before anything is written: a damaged file ends it here. The export has [REDACTED] for the key of the
# access: 3.2 would take that as the key, which everyone knows, and 3.3 refuses the import.
gunzip --stdout "$file" | sed '0,/^INSERT /{/^DEFINE ACCESS service ON DATABASE /d}' >"$script"

# It defines the access with a new key. An import would create a database that is not STRICT; an existing
# one stays so.
as_root surql <docs/database.surql
as_root surql <<'END'
USE NAMESPACE video DATABASE video;
IF (INFO FOR DB).tables != {} { THROW 'the database is not empty: restore into a new server' };
END
# shellcheck disable=SC2016 # as_root's shell expands it
as_root bash -c 'surreal import --log none --endpoint "${SURREAL_URL/#ws/http}" --namespace video --database video "$0"' "$script"
as_migrator .venv/bin/python -m scripts.migrate
as_service .venv/bin/python -m scripts.audit
