# For the scripts beside this one: one check after another, counted; and a clean root to install into.
#
# They run in namespaces of their own, in which they are root and there is no network. tests/packaging/run gives them
#   FIRST, NEXT   directories with the packages of a version and of the one after it, whose sample settings differ
#   VERSION, NEXT_VERSION
#   CLEAN_ROOT    a tarball with the essential part of this machine's Debian, and nothing else
#   WORK          a directory for them

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${FIRST:?bash tests/packaging/run}" "${NEXT:?}" "${CLEAN_ROOT:?}" "${WORK:?}"
if [ -z "${PACKAGING_INSIDE:-}" ]; then
    PACKAGING_INSIDE=yes exec unshare --user --map-root-user --mount --net bash "$0" "$@"
fi
trap 'exit 130' INT

passed=0
failed=0
check() { # WORDS COMMAND...: what the command says is shown only if it fails
    local words=$1 said
    shift
    if said=$("$@" 2>&1 </dev/null); then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED: %s\n%s\n' "$words" "$(sed 's/^/    /' <<<"$said")"
    fi
}
fails() { ! "$@"; }
finish() {
    printf '%d passed, %d failed\n' "$passed" "$failed"
    [ "$failed" = 0 ]
}

# Makes a root to install into, with the few devices that a program can expect.
clean_root() { # DIRECTORY
    mkdir -p "$1"
    tar --extract --directory "$1" --file "$CLEAN_ROOT" --no-same-owner --exclude './dev/*'
    devices "$1"
}
devices() { # DIRECTORY
    local device
    mkdir -p "$1/dev" "$1/proc" "$1/sys" "$1/tmp"
    for device in null random urandom; do
        touch "$1/dev/$device"
        mount --bind "/dev/$device" "$1/dev/$device"
    done
}
in_root() { # DIRECTORY COMMAND...
    local root=$1
    shift
    env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive \
        chroot "$root" "$@"
}

says() { # TEXT COMMAND...: the command succeeds and its output is that
    local text=$1 said
    shift
    said=$("$@") && printf 'said: %s\nexpected: %s\n' "$said" "$text" && [ "$said" = "$text" ]
}
man_page() { # FILE: it is read without a warning, and has every command
    local text command
    text=$(LC_ALL=C MANWIDTH=100 man --warnings --local-file "$1" 2>"$WORK/man.warnings") || return 1
    cat "$WORK/man.warnings"
    [ ! -s "$WORK/man.warnings" ] || return 1
    for command in check health watch inventory replay explain services iam-policy completions; do
        grep -q "^VPCHECK ${command^^}\$" <<<"$text" || { echo "no $command"; return 1; }
    done
}

# What every kind of installation has to have; the completions' places differ.
installed() { # ROOT PREFIX VERSION ZSH-DIRECTORY
    local root=$1 prefix=$2 version=$3 zsh=$4
    check "version $version runs" says "vpcheck $version" in_root "$root" "$prefix/bin/vpcheck" --version
    check "it diagnoses" grep -q endpoint-missing <(in_root "$root" "$prefix/bin/vpcheck" explain)
    check "the manual page" man_page "$(echo "$root$prefix"/share/man/man1/vpcheck.1*)"
    check "completions for bash" bash -n "$root$prefix/share/bash-completion/completions/vpcheck"
    check "completions for zsh" zsh -n "$root$prefix/share/zsh/$zsh/_vpcheck"
    check "completions for fish" fish --no-execute "$root$prefix/share/fish/vendor_completions.d/vpcheck.fish"
    check "the sample settings" sample "$root/etc/vpcheck/vpcheck.toml"
    local unit
    for unit in vpcheck.service vpcheck.timer vpcheck-watch.service vpcheck-key.service; do
        check "$unit" test -f "$root$prefix/lib/systemd/system/$unit"
    done
    check "installing enables nothing" fails test -e "$root/etc/systemd/system/timers.target.wants/vpcheck.timer"
    check "installing starts no watch" fails test -e "$root/etc/systemd/system/multi-user.target.wants/vpcheck-watch.service"
}
sample() { # FILE: as installed nothing is set; every setting is there to be uncommented
    ! grep -Ev '^(#|$)' "$1" && [ "$(grep -Ec '^#[a-z-]+ = ' "$1")" -gt 10 ]
}
