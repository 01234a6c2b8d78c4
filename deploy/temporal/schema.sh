#!/bin/sh
# Creates or upgrades the tables of the Temporal server in the PostgreSQL at SQL_HOST.
# Each step sees what is there already, so it runs at every start.
set -eu

for database in temporal temporal_visibility; do
  folder="/etc/temporal/schema/postgresql/v12/${database#temporal_}/versioned"
  set -- --plugin postgres12 --ep "$SQL_HOST" -p 5432 -u temporal --db "$database"
  temporal-sql-tool "$@" create
  temporal-sql-tool "$@" setup-schema -v 0.0
  temporal-sql-tool "$@" update-schema -d "$folder"
done
