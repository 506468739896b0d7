# What the scripts beside it share: tools, a static binary, the lab, and counting. To be sourced by bash.

say() { printf '\n== %s\n' "$*"; }
die() {
  printf '%s: %s\n' "$0" "$*" >&2
  exit 2
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "root is needed for: $*"
  fi
}

need() { # COMMAND PACKAGE: installs the package where there is no such command
  export PATH="$PATH:/usr/sbin:/sbin"
  command -v "$1" >/dev/null && return
  say "installing $2"
  command -v apt-get >/dev/null || die "please install $2, or what it is called here"
  { as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$2"; } >/dev/null ||
    die "cannot install $2; please have it done"
}

target=$(cargo metadata --format-version 1 --no-deps |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')

models() { # Python with the models of tests/packaging/requirements.txt, as $python
  python="$target/python-packaging/bin/python3"
  local wanted=tests/packaging/requirements.txt
  if ! cmp -s "$wanted" "$target/python-packaging/installed.txt"; then
    say "installing the models"
    python3 -m venv "$target/python-packaging"
    "$target/python-packaging/bin/pip" install --quiet --disable-pip-version-check -r "$wanted"
    cp "$wanted" "$target/python-packaging/installed.txt"
  fi
}

binary=${VPCHECK_BINARY:-}
# Whether it is the one that is handed out; one built here for the test alone is large.
is_release=${binary:+yes}
arguments() {
  while [ $# -gt 0 ]; do
    case $1 in
      --binary)
        binary=${2:?--binary PATH}
        is_release=yes
        shift 2
        ;;
      *) die "usage: $0 [--binary PATH]" ;;
    esac
  done
  [ -z "$binary" ] || [ -x "$binary" ] || die "there is no binary $binary"
}

static_binary() { # a static binary as $binary, unless one was given
  if [ -z "$binary" ]; then
    say "building a static binary"
    # Only the program itself is linked anew; a place of its own keeps it from being taken for the ordinary one.
    cargo rustc --quiet --locked --bin vpcheck -- -C target-feature=+crt-static
    binary=$target/vpcheck-static
    strip -o "$binary" "$target/debug/vpcheck"
  fi
}

lab_program() { # the lab as $lab
  cargo build --quiet --locked --example demo
  lab=$target/debug/examples/demo
}

passed=0
failed=0
check() { # WHAT COMMAND...: counts, and shows what went wrong
  local what=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
    printf 'ok      %s\n' "$what"
  else
    failed=$((failed + 1))
    printf 'FAILED  %s\n' "$what"
    [ ! -s "${work:-}/said" ] || sed 's/^/        | /' "$work/said"
  fi
}
total() {
  printf '\n%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" = 0 ]
}
