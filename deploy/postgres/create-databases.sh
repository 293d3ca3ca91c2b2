#!/usr/bin/env bash
# Run by the image of PostgreSQL at its first start: a role and a database for each service, which sees no other's.
set -euo pipefail

credentials=${1:-/credentials}

for service in users rooms; do
  psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set "role=loquat_$service" --set "password=$(<"$credentials/$service")" <<'SQL'
CREATE ROLE :"role" LOGIN PASSWORD :'password';
CREATE DATABASE :"role" OWNER :"role";
REVOKE ALL ON DATABASE :"role" FROM PUBLIC;
SQL
done
