#!/usr/bin/env bash
# Does what ops/Containerfile says without a container engine, each stage in an empty folder, and starts what the image is
# there for. Paths are those of this machine, not /app. No PostgreSQL and no Temporal is there: the API and the codec server
# have to serve, the others have to come as far as asking for one.
#   ops/check-image-steps.sh            in a folder that is removed in the end
#   ops/check-image-steps.sh <folder>   keeps the image in <folder>/image
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-$(mktemp -d)}
processes=()
finish() {
  for process in "${processes[@]}"; do kill "$process" 2>/dev/null || true; done
  wait
  [ "${kept:-}" ] || rm -rf "$folder"
}
[ $# -eq 0 ] || kept=yes
trap finish EXIT
mkdir -p "$folder/context"

# What COPY takes: what is under version control, without what .dockerignore names.
git -C "$root" ls-files -z --cached --others --exclude-standard \
  | grep -zvE '^(\.ci|docs|tests|bench|ops)/' \
  | tar -C "$root" --null -T - -cf - | tar -C "$folder/context" -xf -

copy() { # from, into (of the stage)
  if [ -d "$1" ]; then mkdir -p "$2" && cp -R "$1/." "$2"
  else
    case $2 in */ | .) mkdir -p "$2" ;; esac
    cp "$1" "$2"
  fi
}

# One instruction a line.
while read -r instruction rest; do
  case $instruction in
    FROM)
      case $rest in *" AS "*) stage=${rest##* } ;; *) stage=image ;; esac
      mkdir "$folder/$stage" && cd "$folder/$stage"
      ;;
    COPY)
      read -ra words <<<"$rest"
      from=$folder/context
      case ${words[0]} in --from=*) from=$folder/${words[0]#--from=} words=("${words[@]:1}") ;; esac
      into=${words[-1]}
      for source in "${words[@]:0:${#words[@]}-1}"; do copy "$from/${source#/app/}" "$into"; done
      ;;
    RUN) bash -euc "${rest//\/app\//$PWD/}" ;;
    ENV) [ "$stage" != image ] || for pair in $rest; do export "${pair//\/app\//$PWD/}"; done ;;
  esac
done < <(sed '/^#/d' "$root/ops/Containerfile" | sed -e ':more' -e '/\\$/{N;s/\\\n//;b more' -e '}')
cd "$folder/image"
rm -rf "$folder/build" "$folder/dependencies" "$folder/context"

for entry in api/main workers/main workers/relay workers/codec-server migrations/main scripts/staff scripts/deploy scripts/replay; do
  help=$(node --enable-source-maps "dist/$entry.js" --help 2>&1) || true
  grep -q '^Usage: ' <<<"$help" || { echo "dist/$entry.js --help: $help" >&2; exit 1; }
done

# Settings as an operator gives them, to outside services in live mode. Nobody is called by a process that only starts.
key() { openssl rand -base64 32; }
export HOST=127.0.0.1 PORT_OFFSET=${PORT_OFFSET:-0} LOG_LEVEL=info \
  PUBLIC_URL=https://api.wellpact.test TEMPORAL_UI_URL=https://temporal.wellpact.test \
  DATABASE_URL='postgres://wellpact_app:none@127.0.0.1:1/wellpact' TEMPORAL_ADDRESS=127.0.0.1:1 \
  PAYLOAD_KEYS="one:$(key)" FIELD_KEY="$(key)" LINK_KEY="$(key)" \
  STRIPE_API_KEY=rk_live_1 STRIPE_WEBHOOK_SECRETS=whsec_1 STRIPE_CONNECT_WEBHOOK_SECRETS=whsec_2 \
  ONFIDO_API_TOKEN=api_live.1 ONFIDO_WEBHOOK_TOKENS=one ONFIDO_WORKFLOW_ID=5f3f1d5a-5c0e-4c39-8b6a-0d1f5c9f3b11 \
  OBJECT_STORE=https://s3.wellpact.test/evidence VIRUS_SCANNER=tcp://clamd.wellpact.test:3310 \
  SMTP_URL=smtps://user:password@mail.wellpact.test MAIL_FROM='Wellpact <no-reply@wellpact.test>' \
  CODEC_JWKS_URL=https://temporal.wellpact.test/keys CODEC_TOKEN_ISSUER=https://temporal.wellpact.test CODEC_TOKEN_AUDIENCE=codec
TOKEN_SIGNING_KEY=$(node -e "crypto.subtle.generateKey('Ed25519', true, ['sign']).then(async (k) => console.log(JSON.stringify(await crypto.subtle.exportKey('jwk', k.privateKey))))")
FCM_CREDENTIALS=$(node -e "
  const privateKeyEncoding = { type: 'pkcs8', format: 'pem' }, publicKeyEncoding = { type: 'spki', format: 'pem' };
  const { privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding, publicKeyEncoding });
  console.log(JSON.stringify({ project_id: 'one', client_email: 'push@wellpact.test', private_key: privateKey, token_uri: 'https://oauth2.googleapis.com/token' }))")
export TOKEN_SIGNING_KEY FCM_CREDENTIALS

start() { # entry
  node --enable-source-maps "dist/$1.js" >"$folder/${1//\//-}.log" 2>&1 &
  processes+=($!)
}
until_answered() { # entry, address
  for _ in $(seq 60); do
    if [ "$(curl -s -o /dev/null -w '%{http_code}' "$2")" = 200 ]; then echo "dist/$1.js: $2 answers"; return; fi
    sleep 0.5
  done
  echo "dist/$1.js does not answer at $2:" >&2
  cat "$folder/${1//\//-}.log" >&2
  exit 1
}
until_said() { # entry, what
  for _ in $(seq 60); do
    if grep -q "$2" "$folder/${1//\//-}.log"; then echo "dist/$1.js: asks for what is not there: $2"; return; fi
    sleep 0.5
  done
  echo "dist/$1.js does not say $2:" >&2
  cat "$folder/${1//\//-}.log" >&2
  exit 1
}
at() { echo "http://127.0.0.1:$(($1 + PORT_OFFSET))$2"; }
for entry in api/main workers/codec-server workers/relay workers/main; do start "$entry"; done
until_answered api/main "$(at 3000 /healthz)"
until_answered api/main "$(at 3000 /console)"
until_answered api/main "$(at 3000 /console/files/main.js)"
until_answered api/main "$(at 3000 /docs)"
until_answered workers/codec-server "$(at 8234 /healthz)"
until_answered workers/relay "$(at 3002 /healthz)"
until_said workers/relay ECONNREFUSED
until_said workers/main '127.0.0.1:1'

ls bundles
du -sh node_modules dist | tr '\n' ' '
echo
