/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Kept locks, in small: one node, two writers whose cursors may stand in it, and
 * a thread that is no writer. A writer may keep the node when it unlocks it, and
 * then write in it without a read-modify-write until somebody takes it over.
 * Whether it does is a free choice here.
 *
 * A writer's store to its flag reaches the others late: when init, which is the
 * memory here, gets round to it, or when somebody makes a barrier.
 */
#define WRITERS 2
#define NOBODY	WRITERS
#define LIVES	2

/* What others see. The generation is the number of the node's life, too. */
#define FREE   0
#define LOCKED 1
#define DEAD   2
#ifdef KEPT_BY_ANYONE
#define KEPT(w) 4
#else
#define KEPT(w) (4 + (w))
#endif
#define IS_KEPT(word) ((word) >= 4)
#define KEEPER(word)  ((word) - 4)
byte word;
byte generation = 1;
bool writing[WRITERS];

bool under_way[WRITERS]; /* the store of true */

/* To judge: who set LOCKED, and how many write in the table. */
byte holder;
byte inside;

#define NOWHERE 0

/* ------------------------------------------------------------- flags --- */

inline arrive(w)
{
	d_step {
		if
		:: under_way[w] -> under_way[w] = false; writing[w] = true
		:: else
		fi
	}
}

/* All other threads pass one, each when it does. */
inline barrier()
{
	arrive(0);
	arrive(1)
}

inline begin_writing(w)
{
	under_way[w] = true
}

/* Both stores have arrived then, in their order. */
inline end_writing(w)
{
	d_step { under_way[w] = false; writing[w] = false }
}

/* -------------------------------------------------------------- lock --- */

inline exchange(from, to)
{
	d_step {
		ok = word == from;
		if
		:: ok -> word = to; holder = _pid
		:: else
		fi
	}
}

/* `seen` says that the node is kept: true in `ok` if it is ours now. */
inline take_over(w)
{
#ifdef BARRIER_BEFORE_TAKE_OVER
	barrier();
#endif
#ifdef OWN_LOCKED_BY_STORE
	if
	:: seen == KEPT(w) -> d_step { ok = true; word = LOCKED; holder = _pid }
	:: else -> exchange(seen, LOCKED)
	fi;
#else
	exchange(seen, LOCKED);
#endif
	if
	:: ok && seen != KEPT(w) ->
#if !defined(TAKE_OVER_WITHOUT_BARRIER) && !defined(BARRIER_BEFORE_TAKE_OVER)
		barrier();
#endif
#ifdef TAKE_OVER_DOES_NOT_WAIT
		skip
#else
		!writing[KEEPER(seen)]
#endif
	:: else
	fi
}

/* Waits for the lock; not `ok`: the node is dead. */
inline lock(w)
{
	do
	:: atomic { word == FREE -> exchange(FREE, LOCKED) }; break
	:: word == DEAD -> ok = false; break
	:: atomic { IS_KEPT(word) -> seen = word };
		take_over(w);
		if
		:: ok -> break
		:: else
		fi
	od;
	seen = 0
}

inline unlock(to)
{
	d_step { assert(word == LOCKED && holder == _pid); word = to }
}

/* Under the lock: the node dies, and gets a new life in another place. */
inline die()
{
	unlock(DEAD);
	generation++;
	word = FREE
}

/* ----------------------------------------------------------- threads --- */

/* In the table of the life `l`, and nobody else is. */
inline write(l)
{
	d_step { assert(!inside && generation == l); inside++ }
	d_step { assert(inside == 1 && generation == l); inside-- }
}

/* By the cursor, or by a new walk. */
inline write_locked()
{
	if
	:: here != NOWHERE -> g = here
	:: g = generation
	fi;
	lock(w);
	if
	:: ok && generation == g ->
		write(g);
		if
		:: unlock(FREE); here = g
		:: generation < LIVES -> die()
#ifdef KEPT_FOR_ANOTHER_CURSOR
		:: unlock(KEPT(w))
#else
		:: d_step { here = g; unlock(KEPT(w)) }
#endif
		fi
	:: ok && generation != g ->
#ifdef KEPT_UNCHECKED
		unlock(KEPT(w))
#else
		unlock(FREE)
#endif
	:: else /* it begins again, or there is nothing to do */
	fi;
	d_step { g = 0; ok = false }
}

/* Where the cursor stands; with the lock if the node is not kept. */
inline write_short()
{
#ifdef KEPT_LOOKS_FIRST
	seen = word;
	begin_writing(w);
#else
	begin_writing(w);
	seen = word;
#endif
	if
	:: seen == KEPT(w) ->
#ifdef WRITING_ENDS_FIRST
		end_writing(w);
		write(here);
#else
		write(here);
#ifdef SHORT_WRITE_UNLOCKS
		word = KEPT(w);
#endif
		end_writing(w);
#endif
		seen = 0
	:: else ->
#ifndef WRITING_WHILE_IT_WAITS
		end_writing(w);
#endif
		write_locked();
#ifdef WRITING_WHILE_IT_WAITS
		end_writing(w)
#endif
	fi
}

/* The cursor moves to another node. */
inline let_go()
{
#ifdef LET_GO_BY_STORE
	seen = word;
	if
	:: seen == KEPT(w) -> word = FREE
	:: else
	fi;
	seen = 0;
#else
	exchange(KEPT(w), FREE);
#endif
	d_step { here = NOWHERE; ok = false }
}

proctype writer(byte w)
{
	byte here = NOWHERE; /* the life of the node in which the cursor stands */
	byte g, seen;
	bool ok;

	do
	:: break
	:: write_locked()
	:: here != NOWHERE -> write_short()
	:: here != NOWHERE -> let_go()
	:: word != DEAD -> here = generation /* by a walk */
	od
}

/* One of those that found no flag. */
proctype stranger()
{
	byte seen;
	bool ok;

	do
	:: break
#ifdef DEATH_IGNORES_KEEPER
	:: atomic { IS_KEPT(word) && generation < LIVES -> word = DEAD };
		generation++;
		word = FREE
#endif
	:: lock(NOBODY);
		if
		:: ok ->
			write(generation);
			if
			:: unlock(FREE)
			:: generation < LIVES -> die()
			fi
		:: else
		fi;
		ok = false
	od
}

init {
	atomic {
		run writer(0);
		run writer(1);
		run stranger()
	}
	do
	:: under_way[0] -> arrive(0)
	:: under_way[1] -> arrive(1)
	:: _nr_pr == 1 -> break
	od;
	assert(word == FREE || IS_KEPT(word));
	assert(!inside && !writing[0] && !writing[1])
}
