#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Our page tables against Linux's, and the proof that a bit that differs is
# seen: tests/linux/check-linux.sh BUILD
# The last line is "N passed, N failed", as a tier's is. SEED, CONFIG and OPS
# are handed on; see differential.c.
. "$(dirname "$0")/../tiers/lib.sh"
program=$1/tests/linux/differential

tally "differential" "$program"

# The descriptor's valid bit, its permissions, its address, its upper half.
flipped() {	# BIT
	FLIP=$1 CONFIG=4k-ias39-oas48 OPS=40 "$program" >/dev/null
}
for bit in 0 6 20 54; do
	refuse "bit $bit of one of our leaves, read wrong, is seen" \
		flipped "$bit"
done

finish
