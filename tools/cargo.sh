#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# cargo for the crates of this tree, against the library of this tree:
#   tools/cargo.sh SUBCOMMAND [ARGUMENT...]
# The crates find the library through pkg-config, as they would an installed
# one, and what cargo makes goes to build/rust with everything else.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

export PKG_CONFIG_PATH="$root/build/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"
export LD_LIBRARY_PATH="$root/build${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export CARGO_TARGET_DIR="$root/build/rust"
subcommand=$1
shift
exec cargo "$subcommand" --manifest-path "$root/bindings-rust/Cargo.toml" "$@"
