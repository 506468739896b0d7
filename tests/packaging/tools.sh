# Programs that cargo installs, below the target directory. To be sourced.

tools=${CARGO_TARGET_DIR:-$PWD/target}/packaging
mkdir -p "$tools"
export PATH=$PATH:$tools/tools/bin

tool() { # NAME VERSION [OPTIMISED]: a dev build; what packs large files is optimised as far as that needs, and no further
    command -v "$1" >/dev/null && return
    echo "installing $1"
    CARGO_NET_OFFLINE=false CARGO_TARGET_DIR=$tools/build CARGO_PROFILE_DEV_OPT_LEVEL=${3:-0} CARGO_PROFILE_DEV_DEBUG=0 \
        cargo install --quiet --locked --debug --root "$tools/tools" --version "$2" "$1"
    rm -rf "$tools/build"
}
