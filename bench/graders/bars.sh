#!/usr/bin/env bash
# The figures of docs/benchmarks/graders.md: temper's classifier and scikit-learn on the same rows and splits, row by row, with the commands.
#   bench/graders/bars.sh DATA FOLDER [PYTHON]
# DATA: the labelled sets (bench/graders/tasks.py says which); FOLDER: for tasks and files; PYTHON: one that has scikit-learn; without it the peer is left out.
set -euo pipefail
cd "$(dirname "$0")/../.."
data=$1 out=$2 python=${3:-}
temper=build/release/bin/temper
export OMP_NUM_THREADS=1
python3 bench/graders/tasks.py "$data" "$out" >"$out.tasks.txt"

# Both sides of a row: its name, the peer's arguments, then temper's.
bar() {
  local name=$1 peer=$2
  shift 2
  echo "== $name"
  echo "\$ temper classifier train $*"
  "$temper" classifier train "$@" 2>/dev/null
  [ -z "$python" ] || [ -z "$peer" ] || {
    echo "\$ classifier_peer.py $peer"
    # shellcheck disable=SC2086
    "$python" bench/peers/classifier_peer.py $peer
  }
}
answer=(--text-column answer --label-column label --group-column group --source-column source)
both=(--prompt-column prompt "${answer[@]}")
spaces=(--space answer:words:1-2 --space answer:characters:2-5)

for source in gptfuzz safe-rlhfmini jailjudgemini pyrit_objective; do
  bar "harmful, own source: $source" "$out/harm_$source.jsonl --text both" \
    "$out/harm_$source.jsonl" "${both[@]}" "${spaces[@]}" --space prompt:words:1-2:0.5 --space prompt:characters:2-5:0.5 --leave-out fold -C 4 \
    --out "$out/$source.clf"
done

# Parts that never see a harm label. Partial answers count as refusals; prompts are read as answers are, so that they can be asked about answers.
members=()
train_member() {
  local name=$1 weight=$2
  shift 2
  "$temper" classifier train "$out/$name.jsonl" --label-column label --group-column group --source-column source --min-texts 2 "$@" --out "$out/$name.clf" >/dev/null 2>&1
  members+=(--member "$out/$name.clf:$weight")
}
train_member compliance 1 --text-column answer --balance source_class
train_member past_tense 0.5 --text-column answer
train_member hh 0.5 --text-column answer --pair-column pair
train_member prompts 0.5 --text-column prompt --balance source_class
bar "harmful, a source never seen" "$out/harm.jsonl --leave-out domain --text both" \
  "$out/harm.jsonl" "${both[@]}" "${spaces[@]}" --leave-out domain --balance source_class --min-sources 2 --min-texts 2 -C 0.3 \
  "${members[@]}" --ngrams-weight 0.5 --dense answer_words:0.5,negation_rate:-0.5 --out "$out/harm_unseen.clf"

plain=("${members[@]/%:*/}")
bar "severity" "$out/severity.jsonl --ordinal --text both" \
  "$out/severity.jsonl" "${both[@]}" "${spaces[@]}" --leave-out fold --ordinal --classes 0,0.25,0.5,0.75,1 --balance none \
  "${plain[@]}" --dense all --dense-scale 0.1 -C 2 --out "$out/severity.clf"

bar "mode, XSTest" "$out/mode_xstest.jsonl" \
  "$out/mode_xstest.jsonl" "${both[@]}" "${spaces[@]}" --leave-out fold --dense all --dense-scale 0.15 -C 4 --out "$out/mode_xstest.clf"
bar "mode, RBR gold" "$out/mode_rbr.jsonl" \
  "$out/mode_rbr.jsonl" "${both[@]}" "${spaces[@]}" --leave-out fold --dense all --dense-scale 0.2 -C 4 --out "$out/mode_rbr.clf"
bar "refusal, a model never seen" "$out/refusal_xstest.jsonl --leave-out source" "$out/refusal_xstest.jsonl" "${both[@]}" \
  "${spaces[@]}" --leave-out source --calibrate none --dense all --dense-scale 0.15 -C 4 --out "$out/refusal_xstest.clf"
bar "refusal, own source" "$out/refusal_chatgpt.jsonl" "$out/refusal_chatgpt.jsonl" "${both[@]}" \
  "${spaces[@]}" --leave-out fold --dense all --dense-scale 0.2 -C 4 --out "$out/refusal_chatgpt.clf"
bar "refusal, a source never seen" "$out/refusal.jsonl --leave-out domain" "$out/refusal.jsonl" "${both[@]}" \
  "${spaces[@]}" --leave-out domain --balance source_class --min-sources 2 --calibrate none --dense all --dense-scale 0.1 -C 0.3 --out "$out/refusal.clf"
bar "will the prompt be refused" "$out/prompt_refused.jsonl --text prompt" "$out/prompt_refused.jsonl" --prompt-column prompt --label-column label \
  --group-column group --leave-out fold --out "$out/prompt_refused.clf"
bar "is the prompt harmful, a source never seen" "$out/prompts.jsonl --leave-out source --text prompt" "$out/prompts.jsonl" --prompt-column prompt \
  --label-column label --group-column group --source-column source --leave-out source --balance source_class --min-sources 2 -C 0.3 --out "$out/prompts_unseen.clf"
bar "helpful" "$out/helpful.jsonl --text both" "$out/helpful.jsonl" "${both[@]}" "${spaces[@]}" --space prompt:words:1-2 --space prompt:characters:2-5 --leave-out fold --dense all --dense-scale 0.2 -C 4 --out "$out/helpful.clf"

for augment in "" "--augment tricks" "--augment tricks --augment-label yes --copies 7 --copy-weight 1"; do
  echo "== flips by cheap tricks ${augment:-without augmentation}"
  # shellcheck disable=SC2086
  "$temper" classifier train "$out/harm_four_fifths.jsonl" "${answer[@]}" $augment --out "$out/flips.clf" >/dev/null 2>&1
  "$temper" classifier eval "$out/flips.clf" "$out/harm_last_fifth.jsonl" --text-column answer --label-column label --source-column source --tricks
done

echo "== throughput"
build/release/bin/classifier_bench "$out/flips.clf" "$out/harm.jsonl"
[ -z "$python" ] || "$python" bench/peers/classifier_peer.py "$out/harm.jsonl" --speed
