#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Installs what a make target needs and this machine lacks:
#   tools/setup.sh run|check|check-linux|bench|docs
# It says what it installs, and nothing when nothing is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

die() {
	printf 'setup: %s\n' "$*" >&2
	exit 1
}

have() {
	command -v "$1" >/dev/null 2>&1
}

has_header() {
	have "${CC:-cc}" &&
		"${CC:-cc}" -E -x c -include "$1" /dev/null >/dev/null 2>&1
}

has_cxx_header() {
	have "${CXX:-c++}" &&
		"${CXX:-c++}" -E -x c++ -include "$1" /dev/null >/dev/null 2>&1
}

# -------------------------------------------------- what is missing: needs ---
#
# A need is the name of a Debian package, or, where the package depends on the
# machine, a name that packages_of() knows.

missing=()

need() {	# PACKAGE TEST...
	local package=$1
	shift
	"$@" || [[ " ${missing[*]} " == *" $package "* ]] ||
		missing+=("$package")
}

# The oldest Rust that the crates build with.
rust_version() {
	sed -n 's/^rust-version *= *"\(.*\)"/\1/p' bindings-rust/Cargo.toml
}

# A cargo that is too old is not replaced: that is the user's to decide.
has_cargo() {
	have cargo || return 1
	local version
	version=$(cargo --version 2>/dev/null | cut -d ' ' -f 2)
	[ -n "$version" ] || die "cargo is there but does not run;" \
		"with rustup, 'rustup default stable' gives it a toolchain"
	at_least "$version" "$(rust_version)" || die \
		"cargo is $version and the crates need $(rust_version) or newer"
}

at_least() {	# VERSION MINIMUM
	[ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]
}

has_libclang() {
	compgen -G '/usr/lib/llvm-*/lib/libclang.so*' >/dev/null
}

has_clang_runtime() {
	have clang &&
		compgen -G "$(clang --print-runtime-dir)/libclang_rt.asan*" \
			>/dev/null &&
		compgen -G "$(clang --print-runtime-dir)/libclang_rt.fuzzer*" \
			>/dev/null
}

needs_of_c_library() {
	need gcc have "${CC:-cc}"
	need libc6-dev has_header stdlib.h
	need pkg-config have pkg-config
	need libfdt-dev has_header libfdt.h
}

needs_of_library() {
	needs_of_c_library
	need cargo has_cargo
}

needs_of_run() {
	needs_of_library
	need device-tree-compiler have dtc
	need libelf-dev has_header libelf.h
}

needs_of_docs() {
	needs_of_library
	need doxygen have doxygen
}

needs_of_check() {
	needs_of_run
	need doxygen have doxygen
	need gcc have gcc
	need g++ have g++
	need clang have clang
	need clang-runtime has_clang_runtime
	need clang-format have clang-format
	need llvm have llvm-nm
	need libclang-dev has_libclang
	need libcmocka-dev has_header cmocka.h
	need valgrind have valgrind
	need spin have spin
	need tcc have tcc
	need abigail-tools have abidiff
	need python3 have python3
	need binutils have nm
	need git have git
	need rustfmt have cargo-fmt
	need clippy have cargo-clippy
}

# Linux's page tables are compiled from the source of Debian's kernel.
needs_of_check_linux() {
	needs_of_c_library
	need binutils have objcopy
	need xz-utils have xz
	need linux-source-6.12 test -f /usr/src/linux-source-6.12.tar.xz
}

needs_of_bench() {
	needs_of_check_linux
	need valgrind has_header valgrind/callgrind.h
	need g++ have "${CXX:-c++}"
	need libasmjit-dev has_cxx_header asmjit/core/jitallocator.h
	need liburcu-dev has_header urcu.h
}

# --------------------------------------------- how it is got: apt, rustup ---

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

candidate() {	# PACKAGE: the version apt would install, if any
	apt-cache policy "$1" | sed -n 's/^  Candidate: \([0-9].*\)/\1/p'
}

# Debian 12 has two: "cargo" is of its release's age, "cargo-web" is kept new
# enough to build browsers. Later releases have a "cargo" that will do.
cargo_package() {
	local package version
	for package in cargo cargo-web; do
		version=$(candidate "$package")
		if [ -n "$version" ] && at_least "$version" "$(rust_version)"; then
			echo "$package"
			return
		fi
	done
	die "apt has no cargo $(rust_version) or newer;" \
		"install Rust with rustup, and try again"
}

of_cargo_web() {	# NAME-IF-CARGO-WEB NAME-ELSE
	if dpkg -s cargo-web >/dev/null 2>&1; then
		echo "$1"
	else
		echo "$2"
	fi
}

# Empty for what has to wait for the next round, when something that it depends
# on is there.
packages_of() {	# NEED
	case $1 in
	cargo)
		# It fetches crates over https.
		cargo_package && echo ca-certificates ;;
	clang-runtime)
		if have clang; then
			echo "libclang-rt-$(clang -dumpversion | cut -d . -f 1)-dev"
		fi ;;
	rustfmt)
		if have cargo; then
			of_cargo_web rustfmt-web rustfmt
		fi ;;
	clippy)
		if have cargo; then
			of_cargo_web rust-web-clippy rust-clippy
		fi ;;
	*)
		echo "$1" ;;
	esac
}

# Two of the needs are parts of a Rust toolchain; rustup's are not apt's.
from_rustup() {
	local kept=() wanted=() name
	for name in "${missing[@]}"; do
		case $name in
		rustfmt | clippy) wanted+=("$name") ;;
		*) kept+=("$name") ;;
		esac
	done
	[ "${#wanted[@]}" -gt 0 ] || return 0
	echo "setup: adding to the Rust toolchain: ${wanted[*]}"
	rustup component add "${wanted[@]}"
	missing=("${kept[@]}")
}

updated=
from_apt() {
	local packages=() name names
	have apt-get ||
		die "this machine has no apt-get; install by hand: ${missing[*]}"
	[ "$(id -u)" = 0 ] || have sudo ||
		die "neither root nor sudo; have somebody install: ${missing[*]}"
	if [ -z "$updated" ]; then
		as_root apt-get update -qq
		updated=1
	fi
	for name in "${missing[@]}"; do
		names=$(packages_of "$name")
		# shellcheck disable=SC2206 # package names hold no blanks
		packages+=($names)
	done
	echo "setup: installing ${packages[*]}"
	as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends "${packages[@]}" \
		>/dev/null
}

# Two rounds, because some packages are named after the version of others.
case ${1:-} in
run | check | check-linux | bench | docs) needs=needs_of_${1//-/_} ;;
*) die "usage: tools/setup.sh run|check|check-linux|bench|docs" ;;
esac
for _ in 1 2; do
	missing=()
	"$needs"
	[ "${#missing[@]}" -gt 0 ] || exit 0
	if have rustup; then
		from_rustup
	fi
	[ "${#missing[@]}" -eq 0 ] || from_apt
done
missing=()
"$needs"
[ "${#missing[@]}" -eq 0 ] || die "still missing: ${missing[*]}"
