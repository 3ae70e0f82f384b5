#!/bin/sh
# Brings Temporal's schemas to the version of its tool; safe to repeat. Where SQL_* come from: compose.yml.
set -eu
tool=${TEMPORAL_SQL_TOOL:-temporal-sql-tool}
for pair in temporal:temporal temporal_visibility:visibility; do
  database=${pair%%:*}
  schema=postgresql/v12/${pair#*:}
  # A database that is empty has no version yet, so there is nothing to upgrade.
  if ! "$tool" --database "$database" update-schema --schema-name "$schema"; then
    "$tool" --database "$database" setup-schema -v 0.0
    "$tool" --database "$database" update-schema --schema-name "$schema"
  fi
done
