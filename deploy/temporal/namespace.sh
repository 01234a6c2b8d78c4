#!/bin/sh
# Creates the namespace and Bellhop's search attributes, unless they are there.
# Where to is in TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE.
set -eu

# By number, as in Temporal's own compose files: the command line client of this image had trouble with names.
number=$(getent ahosts "${TEMPORAL_ADDRESS%:*}" | awk '$2 == "STREAM" { print $1; exit }')
export TEMPORAL_ADDRESS="$number:${TEMPORAL_ADDRESS##*:}"

until temporal operator cluster health >/dev/null 2>&1; do sleep 1; done

# Retention is how long a finished reminder's history can be read; what happened stays in Bellhop's database.
temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 30d

# A new namespace takes some seconds to be known everywhere.
until temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" \
  --name BellhopTenant --type Keyword \
  --name BellhopState --type Keyword \
  --name BellhopTrace --type Keyword \
  --name BellhopNextAt --type Datetime; do
  sleep 1
done
