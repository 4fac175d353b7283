#!/usr/bin/env bash
# Trains the classifiers for real English that the project ships, into configs/graders: on rows alone whose licence lets a model be shared.
#   scripts/train_default_graders.sh DATA [FOLDER]
# DATA: the labelled sets (bench/graders/tasks.py says which); FOLDER: for tasks and parts (default: a temporary one). Prints what each was measured
# to do on rows that it did not see; the files carry the same as their record.
set -euo pipefail
cd "$(dirname "$0")/.."
data=$1 work=${2:-$(mktemp -d)}
temper=build/release/bin/temper
features=${FEATURES:-20000}  # n-grams kept in each space: the size of the files
python3 bench/graders/tasks.py "$data" "$work" --shippable >/dev/null
mkdir -p configs/graders

train() { "$temper" classifier train "$@" --max-features "$features" 2>/dev/null; }
columns=(--label-column label --group-column group --source-column source)
answer=(--text-column answer "${columns[@]}")
both=(--prompt-column prompt "${answer[@]}" --space answer:words:1-2 --space answer:characters:2-5)

# Parts that never see a harm label; prompts are read as answers are, so that they can be asked about answers.
train "$work/compliance.jsonl" "${answer[@]}" --balance source_class --min-texts 2 --out "$work/compliance.clf" >/dev/null
train "$work/past_tense.jsonl" "${answer[@]}" --min-texts 2 --out "$work/past_tense.clf" >/dev/null
train "$work/hh.jsonl" "${answer[@]}" --pair-column pair --min-texts 2 --out "$work/hh.clf" >/dev/null
train "$work/prompts.jsonl" --text-column prompt "${columns[@]}" --balance source_class --min-texts 2 --out "$work/prompts.clf" >/dev/null

echo "== harm.clf (each domain left out)"
train "$work/harm.jsonl" "${both[@]}" --leave-out domain --balance source_class --min-sources 2 --min-texts 2 -C 0.3 --augment tricks --augment-label yes --copies 7 --copy-weight 1 \
  --member "$work/compliance.clf:1" --member "$work/past_tense.clf:0.5" --member "$work/hh.clf:0.5" --member "$work/prompts.clf:0.5" \
  --ngrams-weight 0.5 --dense answer_words:0.5,negation_rate:-0.5 --out configs/graders/harm.clf
echo "== severity.clf (five folds)"
train "$work/severity.jsonl" "${both[@]}" --leave-out fold --ordinal --classes 0,0.25,0.5,0.75,1 --balance none \
  --member "$work/compliance.clf" --member "$work/past_tense.clf" --member "$work/hh.clf" --member "$work/prompts.clf" \
  --dense all --dense-scale 0.1 -C 2 --out configs/graders/severity.clf
echo "== refusal.clf (each domain left out)"
train "$work/refusal.jsonl" "${both[@]}" --leave-out domain --balance source_class --min-sources 2 --calibrate none --dense all --dense-scale 0.1 -C 0.3 --out configs/graders/refusal.clf
ls -l configs/graders/*.clf
