#!/bin/sh
# Run once by the image of PostgreSQL, when the cluster has just been made: Temporal's role and databases, beside ours.
set -eu
psql --set=ON_ERROR_STOP=1 --set=password="$TEMPORAL_PASSWORD" --username=postgres --dbname=postgres <<'SQL'
CREATE ROLE temporal LOGIN PASSWORD :'password';
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
REVOKE CONNECT ON DATABASE temporal, temporal_visibility FROM PUBLIC;
SQL
