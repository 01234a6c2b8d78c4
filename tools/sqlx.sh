#!/usr/bin/env bash
# The folder .sqlx describes every query of the store, so that a build needs no database.
#
#   tools/sqlx.sh prepare   writes it anew
#   tools/sqlx.sh check     fails, and lists the files, if it is not what the queries and migrations say
#
# Needs only the pinned servers: a throw-away PostgreSQL is started, migrated and asked about each query.
set -euo pipefail
cd "$(dirname "$0")/.."

mode=${1:-check}
if [ "${SQLX_DESCRIBED_BY:-}" != throw-away-postgres ]; then
  SQLX_DESCRIBED_BY=throw-away-postgres exec cargo run --quiet -p embedded -- "$0" "$mode"
fi

for migration in migrations/*.sql; do
  .tools/postgres/bin/psql "$DATABASE_URL" --no-psqlrc --quiet --set ON_ERROR_STOP=1 --single-transaction \
    --output /dev/null --file "$migration"
done

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
# The macros write while the crate compiles, and cargo compiles only what looks newer than its last result.
touch store/src/lib.rs
SQLX_OFFLINE=false SQLX_OFFLINE_DIR=$fresh cargo check --quiet -p store --all-targets

if [ "$mode" = prepare ]; then
  mkdir -p .sqlx
  find .sqlx -name 'query-*.json' -delete
  find "$fresh" -name 'query-*.json' -exec cp {} .sqlx/ \;
  echo "sqlx: $(find .sqlx -name 'query-*.json' | wc -l) queries described in .sqlx"
elif ! differences=$(diff --recursive --brief "$fresh" .sqlx); then
  printf '%s\n' "$differences" | sed "s#$fresh#the queries#" >&2
  echo "sqlx: .sqlx is out of date: run \`make sqlx\` and commit it" >&2
  exit 1
fi
