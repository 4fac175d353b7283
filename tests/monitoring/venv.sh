# Sourced by the tests of this folder that need a Python library.

# venv_with FOLDER PACKAGE: a Python environment with that package, made once.
venv_with() {
  if [ -f "$1/.installed" ] && [ "$(cat "$1/.installed")" = "$2" ]; then return; fi
  /usr/bin/python3 -m venv --clear "$1"
  "$1/bin/pip" install --quiet --disable-pip-version-check "$2" ||
    { echo "$(basename "$0"): $2 could not be installed into $1: this test needs it" >&2; return 1; }
  printf '%s' "$2" >"$1/.installed"
}
