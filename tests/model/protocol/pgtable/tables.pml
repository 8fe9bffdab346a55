/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The protocol of shared page tables (docs/shared-page-tables.md), in small.
 * A model defines its shape, includes this, and starts some of the processes in
 * calls.pml. Each step is one access to what is shared; what stands in one
 * `atomic` with it is local, or is there only to judge. Memory is sequentially
 * consistent here: what orders are needed is in the document.
 *
 * A model is its own proof that it can fail: with one of the macros listed in
 * `variants` it leaves out one step of the protocol, and must be refused.
 *
 *   LAST	level of the leaf tables; the root is level 0
 *   INNERS	nodes [0, INNERS) are of inner tables, 0 is the root
 *   NODES	all nodes
 *   FLAGS	slots for one reader each
 */
#define ROOT 0
#define NONE 63

/* Tables have two slots; an address is a bit for each level. */
#if LAST == 1
#define PAGES 4
#elif LAST == 2
#define PAGES 8
#else
#define PAGES 16
#endif
#define SPAN(l)	    (LAST + 1 - (l))
#define SLOT(a, l)  (((a) >> (LAST - (l))) & 1)
#define AT(n, a, l) ((n) * 2 + SLOT(a, l))
#define EMPTY(n)    (!desc[(n) * 2] && !desc[(n) * 2 + 1])

/* What others see: the books, and the memory of the tables. */
#define LOCKED 1
#define DEAD   2
byte word[NODES];
byte link[INNERS * 2];
byte desc[NODES * 2];
byte generation;
bool flag[FLAGS];
byte others; /* readers that found no flag free */

/* A descriptor: 0, a leaf 1..7, a table TABLE + its node. Broken: not valid. */
#define TABLE	   64
#define BROKEN	   128
#define WHOLE(d)   ((d) & 127)
#define IS_LEAF(d) ((d) && WHOLE(d) < TABLE)

/*
 * Where each table is: in exactly one place. BARE is a node whose table went
 * back to the provider, FRESH one that never had any.
 */
mtype = { FRESH, OWNED, LINKED, GATHERED, SPARE, TAKEN, BARE };
mtype where[NODES];
byte owner[NODES]; /* of what is OWNED, GATHERED or TAKEN: a pid */
byte home[NODES];  /* of what is OWNED or LINKED: the place it is made for */
#define HOME(a, l)    ((l) * PAGES + ((a) >> SPAN(l)))
#define HAS_MEMORY(n) (where[n] != FRESH && where[n] != BARE)

/* What each page maps to, by the steps that count; and what it was during the
 * call of a process: what that answers must be one of these. */
#define PIDS 6
#define MANY 20
byte page[PAGES];
byte asked[PIDS];
byte seen[PIDS];
byte looks[PIDS]; /* the table whose memory a reader may look at */

/* The table that a walker of the hardware has in its caches. */
byte walker = NONE;

hidden byte k, i;

inline becomes(a, v)
{
	page[a] = v;
	for (k : 1 .. PIDS - 1) {
		if
		:: asked[k] == a -> seen[k] = seen[k] | (1 << (v))
		:: else
		fi
	}
}

/* All that one slot covers. */
inline become_holes(a, l)
{
	for (i : 0 .. PAGES - 1) {
		if
		:: i >> (LAST - (l)) == (a) >> (LAST - (l)) -> becomes(i, 0)
		:: else
		fi
	}
}

inline begin(a)
{
	atomic { asked[_pid] = a; seen[_pid] = 1 << page[a] }
}

#define A_HOLE 1
#define A_PAGE 254
inline answer(values)
{
	assert(seen[_pid] & (values))
}

inline done()
{
	atomic { asked[_pid] = NONE; seen[_pid] = 0; looks[_pid] = NONE }
}

/* ----------------------------------------------------------- the books --- */

/*
 * Notes the generation and walks down to a level, by the books and without
 * locks. Ends at `n` on level `l`; above `to` if there is no table below, or
 * (`c`) none that can be right.
 */
#ifdef KIND_NOT_CHECKED
#define FOLLOW(c, l) true
#else
#define FOLLOW(c, l) (((c) < INNERS) == ((l) + 1 < LAST))
#endif

inline walk(a, to)
{
	atomic {
#ifndef NOTED_AFTER_THE_WALK
		g = generation;
#endif
		n = ROOT; l = 0; c = NONE
	}
	do
	:: atomic {
		l < to ->
		assert(n < INNERS);
		c = link[AT(n, a, l)];
		if
		:: c != NONE && FOLLOW(c, l) ->
			n = c; l++; c = NONE;
			if
			:: announced -> looks[_pid] = n
			:: else
			fi
		:: else -> break
		fi
	   }
	:: l == to -> break
	od
#ifdef NOTED_AFTER_THE_WALK
	g = generation
#endif
}

inline leave(n, w)
{
	atomic { assert(word[n] == LOCKED); word[n] = w }
}

/* Locks one node. YES: it is the table for the address, and stays it. */
#define AGAIN 0
#define YES   1
#define GONE  2

inline enter(n)
{
	atomic {
#ifdef DEAD_IS_LOCKED
		!(word[n] & LOCKED);
		ok = (word[n] & DEAD -> GONE : YES);
		word[n] = word[n] | LOCKED
	}
	if
	:: ok == GONE -> word[n] = DEAD
	:: else
	fi;
#else
		word[n] != LOCKED;
		if
		:: word[n] & DEAD -> ok = GONE
		:: else -> word[n] = LOCKED; ok = YES
		fi
	}
#endif
#ifndef WRITER_SKIPS_GENERATION
	if
	:: ok == YES && generation != g -> leave(n, 0); ok = AGAIN
	:: else
	fi
#endif
}

/* Who meets a dead table tries again until it is unlinked. */
inline wait_until_unlinked(n)
{
	!(word[n] & DEAD) || where[n] != LINKED
}

/* The one place that is written to, and the right one. */
inline check_mine(n, a, l)
{
	assert(where[n] == LINKED && home[n] == HOME(a, l))
}

/* ----------------------------------------------------- a table's life --- */

inline check_unseen(n)
{
	for (k : 1 .. PIDS - 1) {
		assert(looks[k] != n)
	}
}

/* From the spare list, else from the provider, else NONE. */
inline take(m, inner)
{
	atomic {
		m = NONE;
		for (k : 1 .. NODES - 1) {
			if
			:: (k < INNERS) == (inner) && where[k] == SPARE -> m = k
			:: m != NONE || (k < INNERS) != (inner) || where[k] != SPARE
			fi
		}
		for (k : 1 .. NODES - 1) {
			if
			:: m == NONE && (k < INNERS) == (inner) &&
			   !HAS_MEMORY(k) -> m = k
			:: else
			fi
		}
		if
		:: m != NONE -> was = where[m]; where[m] = OWNED;
			owner[m] = _pid
		:: else
		fi
	}
	/* Whoever still looks at it, or has its node in mind, will notice; the
	 * walk that it is for goes on if nobody else came between. */
#ifdef GENERATION_FOR_SPARE_ONLY
#define NEWS (was == SPARE)
#else
#define NEWS (was != FRESH)
#endif
#ifndef GENERATION_LATE
	atomic {
		if
		:: m != NONE && NEWS ->
			g = (generation == g -> g + 1 : g);
			generation++;
			/* Each call takes so many tables: they do not keep each
			 * other going round for ever. */
			assert(generation < MANY)
		:: else
		fi
	}
#endif
#ifdef ALIVE_WHEN_TAKEN
	if
	:: m != NONE -> word[m] = 0
	:: else
	fi
#endif
}

/* Fills a table of one's own: one slot, or both. */
inline fill(m, a, l, here, there)
{
	atomic {
		assert(where[m] == OWNED && owner[m] == _pid);
		home[m] = HOME(a, l);
		desc[AT(m, a, l)] = here;
		desc[AT(m, (a) ^ (1 << (LAST - (l))), l)] = there;
		if
		:: l < LAST ->
			link[AT(m, a, l)] = (here) - TABLE;
			link[AT(m, (a) ^ (1 << (LAST - (l))), l)] = NONE
		:: else
		fi
	}
}

/* What was made in vain. Others may still look at it, from an earlier life. */
inline discard(a, from)
{
	atomic {
		k = from;
		do
		:: own != NONE ->
			assert(where[own] == OWNED && owner[own] == _pid);
#ifdef DISCARD_FREES
			where[own] = BARE;
			check_unseen(own);
#else
			where[own] = SPARE;
#endif
#ifdef ALIVE_WHEN_TAKEN
			word[own] = DEAD;
#endif
			owner[own] = 0;
			if
			:: k < LAST -> own = link[AT(own, a, k)]; k++
			:: else -> own = NONE
			fi
		:: own == NONE -> break
		od
	}
}

/* The tables from below `l` down to the page, chained: `own`. */
inline build(a, v)
{
	level = LAST; top = l; own = NONE;
	do
	:: level > top ->
		take(m, level < LAST);
		if
		:: m == NONE -> discard(a, level + 1); break
		:: m != NONE && level == LAST -> fill(m, a, level, v, 0)
		:: m != NONE && level < LAST -> fill(m, a, level, TABLE + own, 0)
		fi;
		own = m; level--
	:: level == top -> break
	od;
	atomic { m = 0; level = 0; was = FRESH }
}

/*
 * Puts one's own tables into the books, under the lock of `n`. From here on they
 * are alive: open, or locked. The page `a` becomes `v`, if that is not 0.
 */
inline adopt(n, a, l, v, alive)
{
	atomic {
		m = own; level = l + 1;
		do
		:: true ->
			word[m] = alive;
			if
			:: level < LAST -> m = link[AT(m, a, level)]; level++
			:: else -> break
			fi
		od
	}
	atomic {
		check_mine(n, a, l);
		link[AT(n, a, l)] = own;
		m = own; level = l + 1;
		do
		:: true ->
			assert(where[m] == OWNED && owner[m] == _pid);
			where[m] = LINKED; owner[m] = 0;
			if
			:: level < LAST -> m = link[AT(m, a, level)]; level++
			:: else -> break
			fi
		od;
		m = 0; level = 0;
		if
		:: (v) -> assert(!page[a]); becomes(a, v)
		:: else
		fi
	}
}

/* Invalidates: no walker has a table of ours in its caches any more. */
inline invalidate()
{
	walker = NONE
}

/* Has a table gone for being empty, and waits for its flush? */
inline forget_old()
{
	atomic {
		ok = NONE;
		for (k : 1 .. NODES - 1) {
			if
			:: where[k] == GATHERED && EMPTY(k) -> ok = YES
			:: else
			fi
		}
		if
		:: ok == YES -> invalidate()
		:: else -> ok = YES
		fi
	}
}

inline open(a, l)
{
	m = own; level = l + 1;
	do
	:: true ->
		word[m] = 0;
		if
		:: level < LAST -> m = link[AT(m, a, level)]; level++
		:: else -> break
		fi
	od;
	m = 0; level = 0
}

/* And links them, in a slot that is empty. They stay locked until the walkers see
 * them, too. */
inline publish(n, a, l, v)
{
#ifndef LINK_WITHOUT_FLUSH
	forget_old();
#endif
#ifdef LINK_FOR_WALKERS_FIRST
	desc[AT(n, a, l)] = TABLE + own;
#endif
#ifdef OPEN_BEFORE_LINK
	adopt(n, a, l, v, 0);
	desc[AT(n, a, l)] = TABLE + own;
#else
	adopt(n, a, l, v, LOCKED);
	desc[AT(n, a, l)] = TABLE + own;
	open(a, l);
#endif
	own = NONE;
#ifdef GENERATION_LATE
	generation++
#endif
}

/*
 * Under the lock of `n`: takes the child at the slot, and what is dead with it
 * (a set of nodes), into the gather; `d` takes its place. `drop`: with all the
 * pages that it maps.
 */
inline bury(n, a, l, set, d, drop)
{
#ifndef UNLINK_FROM_BOOKS_FIRST
	desc[AT(n, a, l)] = d;
#endif
	atomic {
		check_mine(n, a, l);
		link[AT(n, a, l)] = NONE;
		for (k : 1 .. NODES - 1) {
			if
			:: (set) & (1 << k) ->
				assert(where[k] == LINKED);
				where[k] = GATHERED; owner[k] = _pid
			:: else
			fi
		}
		if
		:: drop -> become_holes(a, l)
		:: else
		fi
	}
#ifdef UNLINK_FROM_BOOKS_FIRST
	desc[AT(n, a, l)] = d
#endif
}

inline flush()
{
#ifndef RECYCLE_BEFORE_FLUSH
	invalidate();
#endif
	atomic {
		for (k : 1 .. NODES - 1) {
			if
			:: where[k] == GATHERED && owner[k] == _pid ->
				assert(word[k] == DEAD);
				where[k] = SPARE; owner[k] = 0
			:: else
			fi
		}
	}
}
