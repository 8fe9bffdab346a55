/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The calls, each a process, and what is to be found when all have ended. */

/* What a writer has in mind. */
#define LOCALS \
	byte g, n, c, l, ok, d, up, set, own = NONE, top, m, level; \
	bool announced; mtype was

inline map_page()
{
	d = desc[AT(n, a, l)];
#ifdef UNLOCK_BEFORE_WRITE
	leave(n, 0);
#endif
	if
	:: !d ->
		atomic {
			check_mine(n, a, l);
			assert(!page[a]);
			desc[AT(n, a, l)] = v;
			becomes(a, v)
		}
	:: else -> answer(A_PAGE)
	fi;
#ifndef UNLOCK_BEFORE_WRITE
	leave(n, 0)
#endif
}

/* What the walkers find, from the first table on or from the one that they
 * remember: if it is mapped still, that. */
inline shown(a, v)
{
#ifdef WALKERS
	atomic {
		m = ROOT; level = 0;
		if
		:: walker != NONE && home[walker] == HOME(a, 1) ->
			m = walker; level = 1
		:: else
		fi;
		do
		:: level < LAST && desc[AT(m, a, level)] >= TABLE ->
			m = desc[AT(m, a, level)] - TABLE; level++
		:: else -> break
		od;
		assert(page[a] != v || desc[AT(m, a, level)] == v);
		m = 0; level = 0
	}
#else
	skip
#endif
}

/* Maps one page, if nothing is there. */
proctype mapper(byte a; byte v)
{
	LOCALS;

	begin(a);
	do
	:: walk(a, LAST);
#ifdef EXISTS_UNLOCKED
		if
		:: c == NONE && desc[AT(n, a, l)] -> answer(A_PAGE); break
		:: else
		fi;
#endif
		if
		:: l < LAST && own != NONE && top != l -> discard(a, top + 1)
		:: else
		fi;
		if
		:: l < LAST && c == NONE && own == NONE ->
			build(a, v);
			if
			:: own == NONE -> break /* no memory */
			:: else
			fi
		:: else
		fi;
		enter(n);
		if
		:: ok == YES && l == LAST -> map_page(); shown(a, v); break
		:: ok == YES && l < LAST && own != NONE ->
			d = desc[AT(n, a, l)];
			if
#ifdef LINK_UNCHECKED
			:: true ->
#else
			:: !d ->
#endif
				publish(n, a, l, v); leave(n, 0);
				shown(a, v); break
			:: IS_LEAF(d) -> answer(A_PAGE); leave(n, 0); break
#ifndef LINK_UNCHECKED
			:: d >= TABLE -> leave(n, 0)
#endif
			fi
		:: ok == GONE -> wait_until_unlinked(n)
#ifdef DISCARD_EACH_TRY
		:: ok == AGAIN -> discard(a, top + 1)
#else
		:: ok == AGAIN
#endif
		fi
	od;
	discard(a, top + 1);
	done()
}

/* The table that says the same as the leaf `d`, made without a lock. */
inline build_split()
{
	build(a, d);
	if
	:: own == NONE -> break /* no memory */
	:: else
	fi;
	assert(top + 1 == LAST);
	fill(own, a, LAST, d, d)
}

#ifdef BROKEN_IS_ZERO
#define BREAK(d) 0
#else
#define BREAK(d) (BROKEN + (d))
#endif

/*
 * Puts one's own table in the place of the leaf `d`, under the lock of `n`. It
 * goes into the books first, but stays locked until the walkers see it, too.
 */
inline split()
{
#ifdef OPEN_WHILE_SPLIT
	adopt(n, a, l, 0, 0);
#else
	adopt(n, a, l, 0, LOCKED);
#endif
	desc[AT(n, a, l)] = BREAK(d);
	if
	:: true ->
		invalidate();
		desc[AT(n, a, l)] = TABLE + own;
#ifndef OPEN_WHILE_SPLIT
		leave(own, 0);
#endif
		own = NONE;
		leave(n, 0)
	:: true ->	/* it is not known whether walkers still use it */
		desc[AT(n, a, l)] = d;
		atomic {
			link[AT(n, a, l)] = NONE;
			where[own] = OWNED; owner[own] = _pid
		}
#ifdef OPEN_WHILE_SPLIT
		atomic { word[own] == 0; word[own] = DEAD }
#else
		leave(own, DEAD);
#endif
		leave(n, 0);
		break
	fi
}

inline die_empty()
{
#ifdef CHILD_LOCKED_BEFORE_PARENT
	skip
#else
#ifdef NO_DEAD_MARK
	leave(n, 0)
#else
	leave(n, DEAD)
#endif
#endif
}

#ifdef CHILD_LOCKED_BEFORE_PARENT
#define MAY_BURY(c) ((c) != NONE && word[c])
#else
#if defined(NO_DEAD_MARK) || defined(NO_DEAD_CHECK)
#define MAY_BURY(c) ((c) != NONE)
#else
#define MAY_BURY(c) ((c) != NONE && word[c] == DEAD)
#endif
#endif

/* A table on level `from` died empty: unlinks it, and what becomes empty. */
inline climb(a, from)
{
	up = from;
	do
	:: up > 0 ->
		walk(a, up - 1);
		if
		:: l < up - 1 -> break	/* it went with what was above */
		:: else
		fi;
		enter(n);
		if
		:: ok == YES ->
			c = link[AT(n, a, l)];
			if
			:: MAY_BURY(c) ->
				bury(n, a, l, 1 << c, 0, false);
#if defined(NO_DEAD_MARK) || defined(CHILD_LOCKED_BEFORE_PARENT)
				word[c] = DEAD;
#endif
				if
				:: n != ROOT && EMPTY(n) -> leave(n, DEAD)
				:: else -> leave(n, 0); break
				fi;
				up--
			:: else -> leave(n, 0); break
			fi
		:: ok == GONE -> break	/* likewise */
		:: ok == AGAIN
		fi
	:: else -> break
	od
}

inline unmap_page()
{
	atomic {
		check_mine(n, a, l);
		assert(desc[AT(n, a, l)] == page[a]);
		if
		:: page[a] -> desc[AT(n, a, l)] = 0; becomes(a, 0)
		:: else -> answer(A_HOLE)
		fi
	}
	if
	:: EMPTY(n) -> die_empty(); climb(a, LAST)
	:: else -> leave(n, 0)
	fi
}

/* Unmaps one page, splits a leaf that covers more, and gives the tables back
 * that are empty then. */
proctype unmapper(byte a)
{
	LOCALS;

	begin(a);
	do
	:: walk(a, LAST);
#ifdef LEAF_READ_UNLOCKED
		assert(HAS_MEMORY(n));
#endif
#ifdef HOLE_UNLOCKED
		if
		:: c == NONE && l < LAST && !IS_LEAF(desc[AT(n, a, l)]) ->
			answer(A_HOLE); break
		:: else
		fi;
#endif
		enter(n);
		if
		:: ok == YES && l == LAST -> unmap_page(); break
		:: ok == YES && l < LAST ->
			d = desc[AT(n, a, l)];
			if
			:: !d -> answer(A_HOLE); leave(n, 0); break
#ifdef SPLIT_UNCHECKED
			:: own != NONE -> split()
#endif
			:: IS_LEAF(d) && own != NONE && top == l &&
			   d == desc[AT(own, a, LAST)] -> split()
			:: IS_LEAF(d) && own == NONE ->
				leave(n, 0);
				build_split()
			:: else -> leave(n, 0); discard(a, top + 1)
			fi
#ifdef DEAD_IS_A_HOLE
		:: ok == GONE -> answer(A_HOLE); break
#else
		:: ok == GONE -> wait_until_unlinked(n)
#endif
		:: ok == AGAIN
		fi
	od;
	discard(a, top + 1);
	done();
	flush()
}

inline add_children()
{
	atomic {
		for (k : c * 2 .. c * 2 + 1) {
			if
			:: c < INNERS && link[k] != NONE ->
				set = set | (1 << link[k]);
				todo = todo | (1 << link[k])
			:: else
			fi
		}
	}
}

/* Marks a table dead, and then all below it; they are the `set`. */
inline kill(table)
{
	set = 1 << (table); todo = set;
	do
	:: todo ->
		atomic {
			for (k : 1 .. NODES - 1) {
				if
				:: todo & (1 << k) -> c = k
				:: else
				fi
			}
			todo = todo & ~(1 << c);
		}
#ifdef CHILDREN_BEFORE_PARENT
		add_children();
#endif
		atomic {
			word[c] != LOCKED;
			if
			:: !word[c] -> word[c] = LOCKED
			:: else	/* whoever did it will find it unlinked */
			fi
		}
		word[c] = DEAD;
#ifndef CHILDREN_BEFORE_PARENT
		add_children()
#endif
	:: else -> break
	od
}

/* Unmaps all that one slot of a table on level `at` covers: the table below, if
 * there is one, goes as a whole. */
proctype dropper(byte a; byte at)
{
	LOCALS;
	byte todo;

	do
	:: walk(a, at);
		enter(n);
		if
		:: ok == YES ->
			d = desc[AT(n, a, l)];
			assert(l == at || !IS_LEAF(d));
			if
			:: d >= TABLE && l < at -> leave(n, 0)
			:: d >= TABLE && l == at ->
				kill(d - TABLE);
				bury(n, a, l, set, 0, true);
				break
			:: d < TABLE ->
				atomic {
					check_mine(n, a, l);
					desc[AT(n, a, l)] = 0;
					become_holes(a, l)
				}
				break
			fi
		:: ok == GONE -> wait_until_unlinked(n)
		:: ok == AGAIN
		fi
	od;
	if
	:: n != ROOT && EMPTY(n) -> leave(n, DEAD); climb(a, l)
	:: else -> leave(n, 0)
	fi;
	flush()
}

/* Changes what a page says, in a way that takes break-before-make. */
proctype changer(byte a; byte v)
{
	LOCALS;

	walk(a, LAST);
	enter(n);
	if
	:: ok == YES ->
		d = desc[AT(n, a, l)];
		if
		:: l == LAST && d ->
			desc[AT(n, a, l)] = BREAK(d);
			invalidate();
			atomic { desc[AT(n, a, l)] = v; becomes(a, v) }
		:: else
		fi;
		leave(n, 0)
	:: else
	fi
}

/* Makes one leaf of two that say the same. */
proctype merger(byte a)
{
	LOCALS;

	walk(a, LAST - 1);
	enter(n);
	if
	:: ok == YES && l == LAST - 1 && link[AT(n, a, l)] != NONE ->
		c = link[AT(n, a, l)];
		atomic {
			word[c] != LOCKED;
			if
			:: !word[c] -> word[c] = LOCKED; ok = YES
			:: else -> ok = GONE
			fi
		}
		d = desc[c * 2];
		if
		:: ok == YES && d && d == desc[c * 2 + 1] ->
			leave(c, DEAD);
			desc[AT(n, a, l)] = BROKEN + TABLE + c;
			invalidate();
			bury(n, a, l, 1 << c, d, false)
		:: ok == YES && !(d && d == desc[c * 2 + 1]) -> leave(c, 0)
		:: ok == GONE
		fi;
		leave(n, 0)
	:: ok == YES && !(l == LAST - 1 && link[AT(n, a, l)] != NONE) ->
		leave(n, 0)
	:: else
	fi;
	flush()
}

/* Says that it is there, and that it is not any more. */
inline announce()
{
#ifdef NOT_ANNOUNCED
	skip
#else
	do
	:: f < FLAGS && !flag[f] -> flag[f] = true; break
	:: f < FLAGS && flag[f] -> f++
	:: f == FLAGS -> others++; break
	od
#endif
}

inline withdraw()
{
#ifdef NOT_ANNOUNCED
	skip
#else
	if
	:: f < FLAGS -> flag[f] = false
	:: else -> others--
	fi
#endif
}

/* What the page is, from the root on. */
inline look_up()
{
	do
	:: walk(a, LAST);
		atomic {
			assert(c == NONE || generation != g);
			assert(HAS_MEMORY(n));
			d = desc[AT(n, a, l)];
			/* Who looks again finds something else than the first
			 * time: he does not wait. */
			assert(d < TABLE || d >= BROKEN ||
			       link[AT(n, a, l)] != NONE);
			d = WHOLE(d)
		}
		/* The descriptor holds if there is no table below. */
#ifndef LINK_READ_ONCE
		if
		:: l < LAST -> c = link[AT(n, a, l)]
		:: else
		fi;
#endif
		if
#ifdef TABLE_IS_A_HOLE
		:: c == NONE && d >= TABLE && generation == g -> d = 0; break
#endif
#ifdef READER_SKIPS_GENERATION
		:: c == NONE && d < TABLE -> break
#else
		:: c == NONE && d < TABLE && generation == g -> break
#endif
		:: else
		fi
	od
}

/* Looks one page up. */
proctype reader(byte a)
{
	byte g, n, c, l, d, f;
	bool announced = true;

	atomic { begin(a); announce() }
	look_up();
	atomic { answer(1 << d); done(); withdraw() }
}

#ifdef RECALLS
/* Has looked up something near by, and begins where that came by. */
proctype recaller(byte a)
{
	byte g, n, c, l, d, f, above, noted;
	bool announced = true;

	atomic { begin(a); announce() }
	walk(a, LAST - 1);
	atomic {
		above = (l == LAST - 1 -> n : NONE);
		noted = g;
		done();
		withdraw();
		f = 0
	}
	atomic { begin(a); announce() }
	atomic { g = generation; c = NONE }
	if
#ifdef RECALL_SKIPS_GENERATION
	:: above != NONE ->
#else
	:: above != NONE && noted == g ->
#endif
		if
#ifndef RECALL_SKIPS_DEAD
		:: word[above] & DEAD
#endif
		:: else ->
			atomic {
				c = link[AT(above, a, LAST - 1)];
				if
				:: c != NONE -> looks[_pid] = c
				:: else
				fi
			}
		fi
	:: else
	fi;
	if
	:: c != NONE ->
		atomic {
			assert(HAS_MEMORY(c));
			d = desc[AT(c, a, LAST)]
		};
		if
		:: generation != g -> d = 0
		:: else
		fi
	:: else
	fi;
	if
	:: !IS_LEAF(d) || d >= BROKEN -> look_up()
	:: else
	fi;
	atomic { answer(1 << d); done(); withdraw() }
}
#endif

inline take_spare()
{
	atomic {
		for (i : 1 .. NODES - 1) {
			if
			:: where[i] == SPARE ->
				where[i] = TAKEN; owner[i] = _pid
			:: else
			fi
		}
	}
}

/* Gives the memory of spare tables back. */
proctype trimmer()
{
	bool quiet = true;
	byte f;

#ifndef TRIM_LOOKS_FIRST
	take_spare();
#endif
	do
	:: f < FLAGS ->
		if
		:: !flag[f]
		:: flag[f] -> !flag[f]
		:: flag[f] -> quiet = false /* it took too long */
#ifdef TRIM_LOADS
		:: flag[f] /* it was set, but not yet for us to see */
#endif
		fi;
		f++
	:: else -> break
	od;
#ifndef TRIM_SKIPS_OTHERS
	if
	:: !others
	:: others -> !others
	:: others -> quiet = false
	fi;
#endif
#ifdef TRIM_LOOKS_FIRST
	take_spare();
#endif
	atomic {
		for (i : 1 .. NODES - 1) {
			if
			:: where[i] == TAKEN && owner[i] == _pid && quiet ->
				where[i] = BARE; owner[i] = 0;
				check_unseen(i)
			:: where[i] == TAKEN && owner[i] == _pid && !quiet ->
				where[i] = SPARE; owner[i] = 0
			:: else
			fi
		}
	}
}

/* The hardware: keeps the table that it found until it is told to forget it. */
proctype hardware(byte a)
{
	byte d;

	atomic {
		d = desc[AT(ROOT, a, 0)];
		if
		:: d >= TABLE && d < BROKEN -> walker = d - TABLE
		:: else
		fi
	}
	atomic {
		if
		:: walker != NONE ->
			assert(where[walker] == LINKED ||
			       where[walker] == GATHERED);
			assert(home[walker] == HOME(a, 1))
		:: else
		fi
	}
}

/* ------------------------------------------------- before and after --- */

/* A table that is there from the beginning. */
inline given(t, a, l, low, high)
{
	word[t] = 0; where[t] = LINKED; home[t] = HOME(a, l);
	desc[(t) * 2] = low; desc[(t) * 2 + 1] = high;
	if
	:: low >= TABLE && low < BROKEN -> link[(t) * 2] = low - TABLE
	:: else
	fi;
	if
	:: high >= TABLE && high < BROKEN -> link[(t) * 2 + 1] = high - TABLE
	:: else
	fi
}

inline nothing()
{
	for (k : 0 .. NODES - 1) {
		word[k] = DEAD; where[k] = FRESH
	}
	for (k : 0 .. INNERS * 2 - 1) {
		link[k] = NONE
	}
	for (k : 0 .. PIDS - 1) {
		asked[k] = NONE; looks[k] = NONE
	}
	given(ROOT, 0, 0, 0, 0)
}

/* When all have ended, everything is where it belongs and says what it should. */
inline judge()
{
	byte n, l, set;

	_nr_pr == 1;
	atomic {
		for (k : 0 .. NODES - 1) {
			assert(where[k] != OWNED && where[k] != GATHERED &&
			       where[k] != TAKEN);
			assert(word[k] == (where[k] == LINKED -> 0 : DEAD));
			assert(where[k] != LINKED || k == ROOT || !EMPTY(k))
		}
		for (i : 0 .. PAGES - 1) {
			n = ROOT; l = 0;
			do
			:: l < LAST && link[AT(n, i, l)] != NONE ->
				assert(desc[AT(n, i, l)] ==
				       TABLE + link[AT(n, i, l)]);
				n = link[AT(n, i, l)]; l++;
				check_mine(n, i, l);
				set = set | (1 << n)
			:: else -> break
			od;
			assert(desc[AT(n, i, l)] == page[i])
		}
		for (k : 1 .. NODES - 1) {
			assert((where[k] == LINKED) == ((set >> k) & 1))
		}
		assert(!others);
		for (k : 0 .. FLAGS - 1) {
			assert(!flag[k])
		}
	}
}
