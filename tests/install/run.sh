#!/usr/bin/env bash
# Installs a build, moves the installation, runs it from another folder, and removes it:  tests/install/run.sh BUILD_FOLDER
set -euo pipefail
build=$(realpath "$1")
source=$(realpath "$(dirname "$0")/../..")
scratch=$(mktemp -d)
manifest=$build/installed.txt  # of an earlier installation: it stays removable
[ ! -f "$manifest" ] || cp "$manifest" "$scratch/manifest"
leave() {
  if [ -f "$scratch/manifest" ]; then cp "$scratch/manifest" "$manifest"; else rm -f "$manifest"; fi
  rm -rf "$scratch"
}
trap leave EXIT
fail() { echo "install test: $*" >&2; exit 1; }
has() { [ -f "$1" ] || fail "$1 is not there"; }

cmake --install "$build" --prefix "$scratch/first" >/dev/null
prefix=$scratch/first
for file in bin/temper share/temper/configs/quickstart.yaml share/temper/configs/policies/apothecary.yaml share/temper/monitoring/grafana.json \
  share/temper/python/temper_runs/__init__.py share/doc/temper/LICENSE share/doc/temper/NOTICE share/doc/temper/docs/ARCHITECTURE.md \
  share/man/man1/temper.1 share/bash-completion/completions/temper share/zsh/vendor-completions/_temper \
  share/fish/vendor_completions.d/temper.fish; do
  has "$prefix/$file"
done
cmp "$source/LICENSE" "$prefix/share/doc/temper/LICENSE"
"$build/bin/temper" man | cmp - "$prefix/share/man/man1/temper.1"

# From a prefix that was moved, in a folder that knows nothing of the sources.
mv "$prefix" "$scratch/moved"
prefix=$scratch/moved
mkdir "$scratch/work"
cd "$scratch/work"
temper=$prefix/bin/temper
[ "$("$temper" --version)" = "$("$build/bin/temper" --version)" ] || fail "the version is not the build's: $("$temper" --version)"
if [ -d "$prefix/lib/temper" ]; then
  ldd "$temper" | grep -E 'libtorch_cpu|libc10\.so|libgomp' | grep -vF "$prefix/bin/../lib/temper/" && fail "LibTorch is not taken from the installation"
  readelf -d "$temper" | grep -i 'runpath\|rpath' | grep -F "$source" && fail "the program looks for libraries in the sources"
fi
"$temper" train configs/smoke.yaml --dry-run >dry || fail "configs/smoke.yaml was not found"
grep -qF "$prefix/share/temper/configs" dry || fail "the settings are not those of the installation"
"$temper" train no/such.yaml --dry-run 2>missing && fail "a config that is nowhere was found"
grep -q "no/such.yaml" missing || fail "a config that is nowhere is not named: $(cat missing)"
echo '{"prompt": "x", "response": "y", "category": "Fraud and Deception"}' >answer.jsonl
"$temper" grade --policy configs/policies/open_safe_intent.yaml answer.jsonl | grep -q '"outcome":"ok"' || fail "a shipped policy does not grade"

# A package: what it needs of the system, and no trace in the list of what was installed.
if command -v dpkg-shlibdeps >/dev/null; then
  cp "$manifest" before
  (cd "$build" && cpack -B "$scratch/packages" -D CPACK_DEBIAN_COMPRESSION_TYPE=zstd >"$scratch/cpack.log" 2>&1) || fail "cpack: $(tail -5 "$scratch/cpack.log")"
  package=("$scratch"/packages/temper_*.deb)
  depends=$(dpkg-deb -f "${package[0]}" Depends)
  for name in openmpi-bin libopenmpi libzmq libyaml-cpp; do
    [[ $depends == *$name* ]] || fail "the package does not depend on $name: $depends"
  done
  dpkg-deb -c "${package[0]}" >contents
  [ ! -d "$prefix/lib/temper" ] || grep -q ' ./usr/lib/temper/libtorch_cpu.so$' contents || fail "the package has no LibTorch"
  dpkg-deb -x "${package[0]}" "$scratch/root"
  [ "$("$scratch/root/usr/bin/temper" --version)" = "$("$temper" --version)" ] || fail "the package's program does not run"
  cmp before "$manifest" || fail "cpack changed the list of what was installed"
else
  echo "install test: no dpkg-shlibdeps here (Debian: dpkg-dev): no package is made"
fi

# Removal takes what was installed and leaves what was not.
mv "$prefix" "$scratch/first"
prefix=$scratch/first
touch "$prefix/share/somebody_elses"
cmake -DMANIFEST="$manifest" -P "$source/cmake/Uninstall.cmake" >/dev/null 2>&1
left=$(find "$prefix" -type f -o -type l)
[ "$left" = "$prefix/share/somebody_elses" ] || fail "left behind: $left"
[ -z "$(find "$prefix" -name temper)" ] || fail "folders left behind: $(find "$prefix" -name temper)"
cmake -DMANIFEST=/nonexistent -P "$source/cmake/Uninstall.cmake" >/dev/null 2>&1 && fail "there was nothing to remove"
echo "install test: passed"
