#!/usr/bin/env bash
# The bars: every figure beside that of the library people use for it today, on two cores, in alternating rounds; then one table.
#   bench/peers.sh [rounds, default 3]      about four minutes a round; ./dev bench peers builds first
# Needs ./.venv-bench (scripts/setup.sh --bench). A peer that is missing or fails leaves its row without a ratio; the rest goes on.
# BENCH_ANYWAY=1 runs on a busy machine too (to try the script; the figures mean nothing). BENCH_QUICK=1: short settings,
# and threads that wait asleep.
set -uo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-3}
bin=build/release/bin
python=.venv-bench/bin/python
out=$(mktemp -d)
models=$out/models
trap 'rm -rf "$out"' EXIT

# Both sides keep freed memory; OpenMP waits as it does by default, which is the peers' best on an idle machine.
export GLIBC_TUNABLES=glibc.malloc.mmap_threshold=1073741824:glibc.malloc.trim_threshold=1073741824:glibc.malloc.mmap_max=0
export TOKENIZERS_PARALLELISM=false HF_HUB_OFFLINE=1 HF_HUB_DISABLE_PROGRESS_BARS=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
unset OMP_WAIT_POLICY

say() { printf 'bench: %s\n' "$*" >&2; }
load() { cut -d' ' -f1-3 /proc/loadavg; }

if awk -v c="$(nproc)" '{ exit !($1 > 0.5 * c) }' /proc/loadavg && [ -z "${BENCH_ANYWAY:-}" ]; then
  say "the machine is busy (load $(load)), figures would mean nothing; try again later"
  exit 1
fi
[ -x "$python" ] || scripts/setup.sh --bench || say "no $python: only Temper's side can be measured"

# has MODULES...: whether the peer's environment holds them.
has() { [ -x "$python" ] && "$python" -c "import importlib.util, sys; sys.exit(any(importlib.util.find_spec(m) is None for m in sys.argv[1:]))" "$@"; }
# collect FILE COMMAND...: the command's lines into FILE; a failure is told and the rest goes on.
collect() {
  local name=$1 begin=$SECONDS; shift
  if timeout 400 "$@" >> "$out/$name" 2> "$out/errors"; then
    say "  $name: $((SECONDS - begin)) s"
  else
    say "  $name: failed (exit code $?): $*"; tail -n 5 "$out/errors" >&2
  fi
}

versions() {
  printf 'cores %s, load before %s, %s\n' "$(nproc)" "$(load)" "$(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2- | xargs)"
  printf 'git %s%s, %s\n' "$(git rev-parse --short HEAD)" "$(git diff --quiet HEAD || echo ' with changes')" "$($bin/temper --version)"
  mpirun --version | head -1
  [ ! -x "$python" ] || "$python" -c '
import importlib.metadata as m
def version(p):
    try: return m.version(p)
    except m.PackageNotFoundError: return "missing"
print("peers:", ", ".join(f"{p} {version(p)}" for p in ("torch", "transformers", "trl", "llama-cpp-python")))'
}

# The C++ loop over llama.h, where the package was built with its headers.
build_llama() {
  has llama_cpp gguf || { say "llama.cpp is missing (scripts/setup.sh --bench): no figures of it"; return 1; }
  local site headers
  site=$("$python" -c 'import importlib.util, pathlib; print(pathlib.Path(importlib.util.find_spec("llama_cpp").origin).parent)')
  headers=$(find "$site/.." .venv-bench/include -maxdepth 2 -name llama.h -printf '%h\n' 2>/dev/null | head -1)
  [ -n "$headers" ] || { say "the llama-cpp-python package has no llama.h: no figures of llama.cpp"; return 1; }
  c++ -std=c++20 -O2 -I"$headers" bench/peers/llama_decode.cc -o "$out/llama_decode" -L"$site/lib" -lllama -lggml -lggml-base \
    -Wl,-rpath,"$PWD/$site/lib:$site/lib" -Wl,--allow-shlib-undefined && "$python" bench/peers/make_models.py "$models" --gguf
}

new=64 grpo_steps=8 repeats=20 versions=60
if [ -n "${BENCH_QUICK:-}" ]; then new=8 grpo_steps=3 repeats=2 versions=5; export OMP_WAIT_POLICY=PASSIVE; fi
versions
have_models= have_llama= have_trl=
if has torch transformers safetensors && "$python" bench/peers/make_models.py "$models" > "$out/errors" 2>&1; then
  have_models=1
  build_llama && have_llama=1
  if has trl datasets; then have_trl=1; else say "trl or datasets is missing (scripts/setup.sh --bench): no figures of TRL"; fi
else
  say "torch or transformers is missing from .venv-bench (scripts/setup.sh --bench): no peers, and no GRPO step"; cat "$out/errors" >&2 2>/dev/null
fi

decode() {
  for shape in 1M 13M; do
    for sequences in 32 1; do
      # 32 sequences: two workers of one thread, as a job has them; one: two threads, as temper generate has them.
      GROUP=1 WORKERS=2 THREADS=$((sequences == 1 ? 2 : 1)) DTYPE=bf16 collect decode_ours $bin/decode_bench "$new" $shape $sequences
      [ -z "$have_llama" ] || collect decode_llama "$out/llama_decode" $shape "$models/$shape.gguf" $sequences 2 32 "$new"
    done
    for dtype in fp32 bf16; do
      GROUP=1 WORKERS=2 PROMPT=48 DTYPE=$dtype collect generate_ours $bin/decode_bench "$new" $shape 64
      [ -z "$have_models" ] || OMP_NUM_THREADS=2 collect generate_peer "$python" bench/peers/generate_peer.py --threads 2 --prompt 48 \
        --new "$new" --rounds 1 --dtype $dtype --shape $shape
    done
  done
}

grpo() {
  for shape in 1M 13M; do
    for dtype in fp32 bf16; do
      collect grpo "$python" bench/peers/grpo_bench.py temper "$models" --shape $shape --dtype $dtype --steps $((grpo_steps + 4))
      # TRL in bf16 once: to see whether it is its better setting here.
      [ -z "$have_trl" ] || { [ $dtype = bf16 ] && [ "$1" -gt 1 ]; } ||
        collect grpo "$python" bench/peers/grpo_bench.py trl "$models" --shape $shape --dtype $dtype --steps "$grpo_steps"
    done
  done
}

train() {
  OMP_NUM_THREADS=1 collect train $bin/train_bench sft 13M 2 fp32
  [ -n "$have_models" ] || return 0
  OMP_NUM_THREADS=2 collect train "$python" bench/peers/train_peer.py --shape 13M --threads 2 --sft
  OMP_NUM_THREADS=2 collect train "$python" bench/peers/train_peer.py --shape 13M --threads 2 --sft --compile
}

for round in $(seq "$rounds"); do
  say "round $round of $rounds, load $(load)"
  decode
  [ -z "$have_models" ] || grpo "$round"
  train
  for dtype in fp32 bf16; do DTYPE=$dtype collect sync $bin/weight_sync_bench "$versions"; done
  collect sampler $bin/sampler_bench "$repeats"
  collect allreduce mpirun -np 2 --bind-to none --mca btl self,vader $bin/allreduce_bench 40 "$repeats"
done

for name in decode_ours decode_llama generate_ours generate_peer grpo train sync sampler allreduce; do
  [ ! -s "$out/$name" ] || { echo "== $name"; cat "$out/$name"; }
done
python3 bench/summarize_peers.py "$out"
printf '\nload after %s, %d min %d s in all\n' "$(load)" $((SECONDS / 60)) $((SECONDS % 60))
