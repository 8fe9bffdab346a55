/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The words of claims and presence (base/claim.c, base/presence.c), with threads
 * that sleep until somebody wakes them: nobody sleeps for ever.
 */
#define FREE    0
#define CLAIMED 1
#define AWAITED 2

#define REFUSED 8	/* the bit; below it the number of those inside */

#define PIDS 8

byte claim, presence;
bool asleep[PIDS];
byte holders;	/* of the claim */
bool closed;	/* whoever drains has found nobody inside */

/* The platform's `wait`: sleeps if the word is what it was. */
inline sleep(word, was)
{
	atomic {
		asleep[_pid] = (word == was)
	}
	!asleep[_pid]
}

/* Wakes all who wait; those on another word would just look again. */
inline wake()
{
	atomic {
		for (k : 0 .. PIDS - 1) {
			asleep[k] = false
		}
	}
}

/* iomm_claim_take(), iomm_claim_drop() */
proctype claimer()
{
	byte k, was;

	atomic { was = claim; claim = (was == FREE -> CLAIMED : was) }
	do
	:: was == FREE -> break
	:: was != FREE ->
#ifdef AWAITED_UNMARKED
		sleep(claim, CLAIMED);
		atomic { was = claim; claim = (was == FREE -> CLAIMED : was) }
#else
		atomic { was = claim; claim = AWAITED }
		if
		:: was != FREE -> sleep(claim, AWAITED)
		:: else
		fi
#endif
	od;
	atomic { holders++; assert(holders == 1) }
	holders--;
	atomic { was = claim; claim = FREE }
	if
	:: was == AWAITED -> wake()
	:: else
	fi
}

/* iomm_presence_enter(), iomm_presence_exit() */
proctype visitor()
{
	byte k, was;

	if
	:: atomic { presence < REFUSED -> presence++ }
		assert(!closed);
		atomic { was = presence; presence-- }
		if
		:: was == REFUSED + 1 -> wake()
		:: else
		fi
	:: presence >= REFUSED
	fi
}

/* iomm_presence_drain() */
proctype drainer()
{
	byte k, was;

#ifdef REFUSED_ONLY_ONCE
	presence = presence | REFUSED;
#endif
	do
	:: atomic {
#ifndef REFUSED_ONLY_ONCE
			presence = presence | REFUSED;
#endif
			was = presence;
			closed = ((was | REFUSED) == REFUSED)
		}
		if
		:: closed -> break
		:: else -> sleep(presence, was)
		fi
	od
}

/* One that must not wait: iomm_presence_refuse(), and _allow() when somebody is
 * inside. */
proctype quick_drainer()
{
	byte k;

	presence = presence | REFUSED;
	if
	:: atomic {
			presence != REFUSED && !closed ->
			presence = presence & ~REFUSED
		}
#ifndef ALLOWED_SILENTLY
		wake()
#endif
	:: true
	fi
}

init {
	atomic {
		if
		:: run claimer();
			run claimer();
			run claimer()
		:: run visitor();
			run visitor();
			run drainer();
			run quick_drainer()
		fi
	}
	_nr_pr == 1;
	assert(!holders && (claim == FREE) && (presence & ~REFUSED) == 0)
}
