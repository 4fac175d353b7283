#!/usr/bin/env bash
# Installs what Temper builds with and says what it did: Debian packages, and LibTorch from the pinned wheel in ./.venv.
#   scripts/setup.sh            CPU: three wheels, under a minute
#   scripts/setup.sh --cuda     the full CUDA wheel set (needed to run on a GPU)
#   scripts/setup.sh --bench    also ./.venv-bench with the Python peers that bench/ compares with
#   scripts/setup.sh --golden   also ./.venv-golden with what tests/golden/*.py need (never needed to run the tests)
set -euo pipefail
cd "$(dirname "$0")/.."

readonly kTorch=2.11.0
readonly kPackages=(
  g++ cmake ninja-build ccache lld pkg-config python3 python3-venv
  libopenmpi-dev openmpi-bin libzmq3-dev cppzmq-dev libyaml-cpp-dev libspdlog-dev libfmt-dev
  nlohmann-json3-dev libpcre2-dev libicu-dev libcli11-dev libxxhash-dev libbsd-dev zlib1g-dev libgtest-dev libgmock-dev libbenchmark-dev
  prometheus-cpp-dev libcurl4-openssl-dev libboost-dev libssl-dev iproute2
)
want_cuda=0 want_bench=0 want_golden=0
for arg in "$@"; do
  case "$arg" in
    --cuda) want_cuda=1 ;;
    --bench) want_bench=1 ;;
    --golden) want_golden=1 ;;
    -h|--help) sed -n '2,/^set /{s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    *) echo "setup: unknown option '$arg' (known: --cuda --bench --golden --help)" >&2; exit 2 ;;
  esac
done

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

missing_packages() {
  local p
  for p in "${kPackages[@]}"; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || echo "$p"
  done
}

install_packages() {
  command -v dpkg-query >/dev/null || die "this is not Debian or a relative of it. Install by hand what docs/DEPENDENCIES.md lists, then run this again with the packages in place."
  local missing
  missing=$(missing_packages | tr '\n' ' ')
  [ -n "${missing// /}" ] || { say "Debian packages: all present"; return; }
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "missing packages: $missing -- and neither root nor sudo is at hand. Ask an administrator for: apt-get install $missing"
    as_root=(sudo)
  fi
  say "Debian packages to install: $missing"
  "${as_root[@]}" apt-get update -qq || die "apt-get update failed (see above); the packages above are still missing"
  # shellcheck disable=SC2086
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null ||
    die "apt-get install failed; try by hand: apt-get install $missing"
}

# venv NAME PIP_ARGS...: makes ./NAME once for exactly these arguments; a changed argument list makes it again.
venv() {
  local dir=$1; shift
  local stamp="$dir/.installed" wanted="$*"
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then say "$dir: present"; return; fi
  say "$dir: installing $wanted"
  # Debian's own interpreter where there is one: the wheel is the same for every 3.11.
  local python=/usr/bin/python3
  [ -x "$python" ] || python=python3
  "$python" -m venv --clear "$dir" || die "could not make a Python environment in $dir (Debian: apt-get install python3-venv)"
  "$dir/bin/pip" install --quiet --disable-pip-version-check "$@" || die "pip could not install: $wanted"
  printf '%s' "$wanted" > "$stamp"
}

install_packages
if [ -n "${TORCH_DIR:-}" ]; then
  say "LibTorch: taken from TORCH_DIR=$TORCH_DIR"
elif [ "$want_cuda" = 1 ]; then
  venv .venv "torch==$kTorch"
elif [ -f .venv/.installed ] && [ "$(cat .venv/.installed)" = "torch==$kTorch" ]; then
  say ".venv: present (full CUDA set)"
else
  venv .venv --no-deps "torch==$kTorch" nvidia-cuda-cupti==13.0.85 nvidia-cuda-runtime==13.0.96
fi
if [ "$want_bench" = 1 ]; then
  venv .venv-bench "torch==$kTorch" transformers==5.23.0 accelerate trl==1.16.0 datasets==5.2.0 gguf==0.19.0 scikit-learn==1.9.1 green-tsetlin==1.1.0
  # Built from source, some minutes; the benchmarks do without it when it does not build here.
  .venv-bench/bin/python -c 'import importlib.metadata as m, sys; sys.exit(m.version("llama-cpp-python") != "0.3.36")' 2>/dev/null || {
    say ".venv-bench: building llama-cpp-python 0.3.36, which takes some minutes"
    CMAKE_ARGS="-DLLAVA_BUILD=OFF" nice .venv-bench/bin/pip install --quiet --disable-pip-version-check --no-binary llama-cpp-python \
      llama-cpp-python==0.3.36 || say "llama-cpp-python could not be built: the benchmarks leave llama.cpp out"
  }
fi
[ "$want_golden" = 0 ] || venv .venv-golden "torch==$kTorch" transformers==5.23.0 tokenizers==0.23.3 safetensors==0.8.0 gguf==0.19.0 accelerate numpy
say "done"
