#!/usr/bin/env bash
# Trains the graders for real English that the project ships, into configs/graders, on rows alone whose licence lets a model be shared
# (bench/graders/shipped_tasks.py), and measures each on rows that it did not see: configs/graders/README.md says what they are.
#   scripts/train_default_graders.sh DATA [FOLDER]
# DATA: the labelled sets (bench/graders/tasks.py says which); FOLDER: for tasks and parts (default: a temporary one). The same rows give the same
# bytes: the date in the files is that of SOURCE_DATE_EPOCH. OUT: where the graders go. TEMPER: the program.
set -euo pipefail
cd "$(dirname "$0")/.."
data=$1 work=${2:-$(mktemp -d)} out=${OUT:-configs/graders}
temper=${TEMPER:-build/release/bin/temper}
features=${FEATURES:-12000}  # n-grams kept in each space: the size of the files
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-1795996800}  # 30 November 2026
export OMP_NUM_THREADS=1
mkdir -p "$out"
python3 bench/graders/shipped_tasks.py "$data" "$work" >"$work.txt"

# train ROWS OPTION...: what it was measured to do, source by source.
train() {
  echo "== $*"
  "$temper" classifier train "$work/$1.jsonl" --label-column label --group-column group --source-column source --min-texts 2 --max-features "$features" \
    "${@:2}" 2>"$work/log.txt" || { cat "$work/log.txt" >&2; return 1; }
}
answer=(--text-column answer)
both=(--prompt-column prompt --text-column answer)
spaces=(--space answer:words:1-2 --space answer:characters:2-5)
tricks=(--augment tricks --augment-label yes --copies 7 --copy-weight 1)

# The reward's: does it comply, does it read like a harmful request, is the request harmful; then is it harmful where the request was.
train reward/compliance "${answer[@]}" --balance source_class "${tricks[@]}" --out "$work/compliance.clf"
train reward/prompts_as_answers "${answer[@]}" --balance source_class --out "$work/harmful_words.clf"
train reward/prompts --prompt-column prompt --space prompt:words:1-3 --space prompt:characters:3-5:0.5 --balance source_class --leave-out source \
  --out "$work/prompts.clf"
train reward/asked "${both[@]}" "${spaces[@]}" --balance source_class --min-sources 2 -C 0.3 "${tricks[@]}" \
  --member "$work/compliance.clf:1" --member "$work/harmful_words.clf:0.5" --ngrams-weight 0.7 --dense answer_words:0.5,negation_rate:-0.2 --out "$out/asked.clf"
# Harm is both: an answer that would be harmful if asked for, and a request that asks for harm. The square keeps what is harmful whoever asks.
train reward/harm "${both[@]}" --no-ngrams --ngrams-weight 0 --balance source_class --member "$out/asked.clf:0" --member "$work/prompts.clf:0" \
  --product 'asked*prompts:1' --product 'asked*asked:0.2' --out "$out/harm.clf"

train reward/helpful "${both[@]}" "${spaces[@]}" --balance class --dense all --dense-scale 0.3 -C 4 --out "$out/helpful.clf"

# The examiner, of other sources throughout.
train examiner/hh "${answer[@]}" --pair-column pair --out "$work/hh.clf"
train examiner/prompts --prompt-column prompt --space prompt:words:1-3 --space prompt:characters:3-5:0.5 --balance source_class \
  --out "$work/examiner_prompts.clf"
train examiner/harm "${both[@]}" "${spaces[@]}" --balance source_class -C 0.3 "${tricks[@]}" --member "$work/hh.clf:0.5" --ngrams-weight 1 \
  --dense refusals_at_start:-0.3,answer_words:0.3 --out "$work/examined.clf"
train examiner/harm "${both[@]}" --no-ngrams --ngrams-weight 0 --balance source_class --member "$work/examined.clf:0" \
  --member "$work/examiner_prompts.clf:0" --product 'examined*examiner_prompts:1' --product 'examined*examined:0.4' --out "$out/examiner.clf"

# The records beside them, of the sources they learned from and of others.
qualify() {
  echo "== qualify $1"
  "$temper" qualify "configs/experiments/open_safe_intent.yaml:$1" --replace --map prompt=prompt response=answer label=label source=source group=group "${@:2}"
}
qualify harm --data "$work/measure/harm.jsonl"
qualify asked --data "$work/measure/harm.jsonl"
qualify examiner --data "$work/measure/harm.jsonl"
qualify helpful --data "$work/measure/helpful.jsonl"
ls -l "$out"
