# shellcheck shell=bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# What the tiers share. A tier sources this, calls expect() and its likes, and
# ends with finish(). It runs at the root of the tree.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
export LC_ALL=C PYTHONDONTWRITEBYTECODE=1
# What cargo makes is run once and seen in no debugger; panics name their lines.
export CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=line-tables-only

passed=0
failed=0
jobs=$(nproc)

pass() {	# NAME
	passed=$((passed + 1))
	printf 'ok: %s\n' "$1"
}

fail() {	# NAME
	failed=$((failed + 1))
	printf 'FAILED: %s\n' "$1"
}

# The command succeeds.
expect() {	# NAME COMMAND...
	local name=$1
	shift
	if "$@"; then pass "$name"; else fail "$name"; fi
}

# The command fails: for the proof that a check is able to.
refuse() {	# NAME COMMAND...
	local name=$1
	shift
	if "$@"; then fail "$name"; else pass "$name"; fi
}

# Adds what another tool has counted.
add() {	# PASSED FAILED
	passed=$((passed + $1))
	failed=$((failed + $2))
}

# Adds up a tool that prints "ok: ..." and "FAILED: ..." as this file does.
tally() {	# NAME COMMAND...
	local name=$1 output status good bad
	shift
	output=$("$@")
	status=$?
	printf '%s\n' "$output"
	good=$(grep -c '^ok: ' <<<"$output")
	bad=$(grep -c '^FAILED: ' <<<"$output")
	add "$good" "$bad"
	if [ "$bad" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$good" -eq 0 ]; }
	then
		fail "$name: exit status $status, $good checks"
	fi
}

# No tier is skipped for want of a tool.
need() {	# TOOL...
	local tool
	for tool in "$@"; do
		command -v "$tool" >/dev/null 2>&1 ||
			fail "$tool is not installed; tools/setup.sh check does that"
	done
	[ "$failed" -eq 0 ] || finish
}

# A check that runs aside: `aside expect NAME COMMAND...`, or any other function
# that counts. As many run at once as there are processors, each with a scratch
# directory of its own. A night's runs are shown as they run, one by one.
asides=0
aside() {	# FUNCTION ARGUMENT...
	local mine=$scratch/aside-$asides
	if [ -n "${LONG:-}" ]; then
		"$@"
		return
	fi
	asides=$((asides + 1))
	mkdir "$mine"
	while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do
		wait -n
	done
	(
		passed=0 failed=0 scratch=$mine
		"$@"
		echo "$passed $failed" >"$mine/count"
	) >"$mine/said" 2>&1 &
}

# Waits for them, shows what they said in the order of their start, and adds up.
join() {
	local n mine good bad
	wait
	for ((n = 0; n < asides; n++)); do
		mine=$scratch/aside-$n good=0 bad=0
		cat "$mine/said"
		[ ! -f "$mine/count" ] || read -r good bad <"$mine/count"
		add "$good" "$bad"
		[ $((good + bad)) -gt 0 ] ||
			fail "what ran aside died, or counted nothing"
		rm -rf "$mine"
	done
	asides=0
}

finish() {
	join
	printf '%d passed, %d failed\n' "$passed" "$failed"
	[ "$failed" -eq 0 ]
	exit
}

# A directory outside the tree, gone when the tier ends.
make_scratch() {
	scratch=$(mktemp -d)
	trap 'rm -rf "$scratch"' EXIT
}

# The builds that several tiers use. The first is what `make` builds for users,
# so that all that goes on from there need not be compiled again.
gcc_build=(BUILD=build WERROR=1)
# For its warnings, which do not depend on how it optimises; 21-core has it do
# that.
clang_build=(BUILD=build/clang CC=clang WERROR=1 CFLAGS=-O0)
# gcc takes half as long at -O1 as at -O2, and what it leaves of an access is
# checked at either; findings have lines.
asan_build=(BUILD=build/checked-asan CC=gcc WERROR=1 CHECKED=1
	SANITIZE=address,undefined CFLAGS='-O1 -g1')

build() {	# MAKE-ARGUMENT...
	make -j"$jobs" "$@"
}
