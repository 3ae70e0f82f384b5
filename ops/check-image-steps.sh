#!/usr/bin/env bash
# Runs the steps of ops/Containerfile without a container engine, in an empty folder: the build, the installation without
# development packages, and each role's --help with what the last stage holds. Paths are those of this machine, not /app.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/build" "$folder/image"

# What COPY takes: what is under version control, without what .dockerignore names.
git -C "$root" ls-files -z --cached --others --exclude-standard \
  | grep -zvE '^(\.ci|docs|tests|bench|ops)/' \
  | tar -C "$root" --null -T - -cf - | tar -C "$folder/build" -xf -

cd "$folder/build"
npm ci --no-audit --no-fund
steps=$(sed -n '/^# step: build$/,/^# step end$/p' "$root/ops/Containerfile" | grep -v '^#' | sed "s#^RUN ##; s#/app/#$folder/build/#g")
bash -euc "$steps"

cd "$folder/image"
mkdir tools services services/transactions
cp ../build/{package.json,package-lock.json,.npmrc} .
cp ../build/tools/package.json tools/
npm ci --omit=dev --workspaces=false --no-audit --no-fund
rm -r tools
cp -r ../build/dist ../build/bundles .
cp ../build/services/transactions/policy.yml services/transactions/
rm -r ../build

for entry in api/main workers/main workers/relay workers/codec-server migrations/main; do
  node --enable-source-maps "dist/$entry.js" --help >/dev/null
  echo "dist/$entry.js: starts"
done
ls bundles
du -sh node_modules dist | tr '\n' ' '
echo
