/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The calls, each a process, and what is to be found when all have ended. */

#define CALL(x) working++; run x
#define RETURN  working--

/* Probes a device, perhaps inside a callback. */
proctype prober(byte d; bool quick)
{
	LOCALS;

	probe(d, quick);
	RETURN
}

#define IS_DUE(d) (dev[d].queue == DUE || (late && dev[d].queue == QUEUED))
#define LAST (DEVICES - 1)

/* run() of the registry: iomm_ctx_run(), whenever there is something to do. */
proctype runner()
{
	LOCALS;
	byte d;

	do
	:: atomic {	/* next_due() */
			IS_DUE(0) || IS_DUE(LAST) ->
			if
			:: IS_DUE(0) -> d = 0
			:: LAST && IS_DUE(LAST) -> d = LAST
			fi;
			assert(!dev[d].freed);
			dev[d].queue = NOWHERE;
#ifdef TAKEN_THOUGH_DYING
			shared = true;
#else
			shared = (dev[d].refs != 0);
#endif
			dev[d].refs = dev[d].refs + shared
		}
		if
		:: shared -> due = true; probe(d, false); drop(d)
		:: else
		fi
	:: reap -> reap_all()
	:: atomic { !working && !reap && !IS_DUE(0) && !IS_DUE(LAST) -> break }
	od
}

/* iomm_iommu_register(), as soon as the node is free. */
proctype registrar()
{
	byte k;

#ifdef REPLAYED_FIRST
	d_step { replay(true); skip }
#endif
	d_step {	/* publish() */
		!listed ->
		lives++;
		assert(lives <= LIVES);
		for (k : 0 .. IDS - 1) {
			hw[k] = OPEN
		}
		listed = lives;
#ifndef REPLAYED_FIRST
		replay(true);
#endif
		arrivals++
	}
	RETURN
}

/* iomm_ctx_seal_iommus() */
proctype sealer()
{
	byte k;

	d_step {
		sealed = true;
		arrivals++;
		for (k : 0 .. DEVICES - 1) {
			if
			:: dev[k].queue == QUEUED -> dev[k].queue = DUE
			:: else
			fi
		}
		skip
	}
	RETURN
}

/* The deadline of devices that wait passes. */
proctype clock()
{
	late = true;
	RETURN
}

/* Something comes that the registry does not know: iomm_arriving(), and
 * iomm_arrived(). */
proctype bringer()
{
	byte k;

	d_step {
		thing = true;
#ifndef COUNTED_TOO_LATE
		arrivals++
#endif
	}
	d_step { replay(false); skip }
#ifdef COUNTED_TOO_LATE
	arrivals++;
#endif
	RETURN
}

/* How a removal waits. */
#define FOR_EVER    0
#define A_WHILE     1
#define NOT_AT_ALL  2	/* it is inside a callback */

/* iomm_device_remove() */
proctype remover(byte d; byte how)
{
	LOCALS;

	d_step { dev[d].removers++; dev[d].refused = true }
	if
#ifdef GUARDS_IGNORED
	:: true
#else
	:: !dev[d].inside
	:: dev[d].inside && how == A_WHILE -> r = LATE
	:: dev[d].inside && how == NOT_AT_ALL -> r = NO_WAIT
#endif
	fi;
	if
	:: r == OK ->
#ifdef GROUP_BEFORE_DEVICE
		h = dev[d].group;
		if
		:: h -> claim_group(h)
		:: else
		fi;
#endif
		if
		:: claim_device(d)
		:: dev[d].claim && how == A_WHILE -> r = LATE
		:: dev[d].claim && how == NOT_AT_ALL -> r = NO_WAIT
		fi
	:: else
	fi;
	if
	:: r == OK && dev[d].state != REMOVED ->	/* take_away() */
		dismiss(d);
		h = dev[d].group;
		if
		:: !h
		:: d_step { h && !grp[h].claim -> grp[h].claim = _pid }
		:: h && grp[h].claim && how != FOR_EVER -> h = 0; r = LATE
		fi;
		if
		:: r == OK ->
			unbind(d, REMOVED);
			drop_group_of(d)
		:: else
		fi;
		drop_device(d)
	:: r == OK && dev[d].state == REMOVED -> drop_device(d)
	:: r != OK
	fi;
	d_step {
		dev[d].removers--;
		dev[d].closed = dev[d].closed || r == OK || r == LATE;
		if
		:: !dev[d].removers && !dev[d].closed -> dev[d].refused = false
		:: else
		fi
	}
#ifndef REFUSAL_FORGOTTEN
	/* What ran meanwhile may have taken it off the queue in vain. */
	d_step {
		if
		:: !dev[d].refused && dev[d].state == WAITING &&
		   dev[d].queue == NOWHERE ->
			wait_for(d, true); dev[d].queue = DUE
		:: else
		fi
	}
#endif
	RETURN
}

/* A thread that is inside the device: iomm_device_enter(), and _exit(). */
proctype visitor(byte d)
{
	LOCALS;

	if
	:: d_step { !dev[d].refused -> dev[d].inside++ }
		assert(!dev[d].leaving);
		dev[d].inside--
	:: dev[d].refused
	fi;
	RETURN
}

/* Puts what may be the last reference. */
proctype putter(byte d)
{
	LOCALS;

	drop(d);
	reap_all();
	RETURN
}

/* Finds the device by its name, and probes it. */
proctype finder(byte d)
{
	LOCALS;

	d_step {	/* iomm_device_find() */
		shared = (dev[d].refs && dev[d].state != REMOVED);
		dev[d].refs = dev[d].refs + shared
	}
	if
	:: shared -> probe(d, false); drop(d)
	:: else
	fi;
	reap_all();
	RETURN
}

/* iomm_domain_attach(), and then _detach() perhaps. */
proctype user(byte d)
{
	LOCALS;

	d_step {
		h = dev[d].group;
		grp[h].refs++;
		/* Whoever can see it sees all of it. */
		i = dev[d].bindings;
		assert((dev[d].state == BOUND) == (i != 0));
		assert(!i || dev[d].taken == i);
		for (k : 0 .. IDS - 1) {
			assert(!i || !HAS(d, k) || hw[k] >= DEFAULT)
		}
		skip
	}
	if
	:: i ->
		claim_group(h);
		g = h;
		if
#ifndef MEMBERSHIP_UNCHECKED
		:: !(grp[h].members & BIT(d))	/* ENODEV */
		:: (grp[h].members & BIT(d)) && inst[i].refused
		:: d_step {
				(grp[h].members & BIT(d)) &&
				!inst[i].refused -> inst[i].inside++
			}
#else
		:: inst[i].refused
		:: d_step { !inst[i].refused -> inst[i].inside++ }
#endif
			d_step {
				grp[h].domain = USERS;
				for (v : 0 .. DEVICES - 1) {
					if
					:: grp[h].members & BIT(v) -> commit(v)
					:: else
					fi
				}
				skip
			}
			exit_instance(i)
		fi;
		drop_group(h)
	:: else
	fi;
	grp[h].refs--;
	RETURN
}

/* lose_devices(): a device that is bound has to wait for another instance. */
inline lose(d)
{
	claim_device(d);
	if
	:: dev[d].bindings == u ->
		h = dev[d].group;
		claim_group(h);
		unbind(d, WAITING);
#ifndef NOT_QUEUED_AGAIN
		d_step {	/* wait_anew() */
			late = false;
			wait_for(d, false);
			if
			:: sealed -> dev[d].queue = DUE
			:: else
			fi
		}
#endif
		drop_group_of(d)
	:: else
	fi;
	drop_device(d);
	drop(d)
}

inline drain(u)
{
#ifdef NOT_DRAINED
	skip
#else
	!inst[u].inside
#endif
}

/* iomm_iommu_unregister() */
proctype unregisterer()
{
	LOCALS;
	byte u, d;

	u = listed;
	inst[u].refused = true;
#ifndef DRAINED_AT_THE_END_ONLY
	drain(u);
#endif
	do
	:: d_step {	/* first_bound() */
			shared = false; expected = false;
			for (k : 0 .. DEVICES - 1) {
				if
				:: !shared && (inst[u].bindings & BIT(k)) ->
					assert(!dev[k].freed);
					d = k;
					expected = true;
#ifdef TAKEN_THOUGH_DYING
					shared = true;
#else
					shared = (dev[k].refs != 0);
#endif
					dev[k].refs = dev[k].refs + shared
				:: else
				fi
			}
		skip
	}
		if
		:: shared -> lose(d)
		:: !shared && expected ->	/* let_leave() */
			if
			:: reap -> reap_all()
			:: !(inst[u].bindings & BIT(d))
			fi
		:: !shared && !expected -> break
		fi
	od;
	if
	:: d_step { inst[u].part -> inst[u].part = false }
		assert(!inst[u].over)	/* lose_domains(): domain_free */
	:: else
	fi;
#ifndef DRAINED_ONCE
	drain(u);
#endif
	d_step {
		assert(listed == u && !inst[u].bindings);
		listed = 0
	}
	inst[u].over = true;
	reap_all();
	RETURN
}

/* iomm_part_destroy(), of a domain that goes. */
proctype forgetter()
{
	if
	:: d_step { inst[1].part -> inst[1].part = false; inst[1].inside++ }
		CALLED(1);
		inst[1].inside--
	:: else
	fi;
	RETURN
}

/* ------------------------------------------------- before and after --- */

/* A device that is bound already, to an instance that is registered. */
inline given_bound(d)
{
	dev[d].state = BOUND; dev[d].bindings = 1; dev[d].taken = 1;
	dev[d].group = 1; dev[d].probes = 1;
	inst[1].bindings = inst[1].bindings | BIT(d);
	grp[1].refs++; grp[1].domain = DEFAULT;
	grp[1].users = grp[1].users | BIT(d);
	grp[1].members = grp[1].members | BIT(d);
	for (k : 0 .. IDS - 1) {
		if
		:: HAS(d, k) ->
			owner[AT(1, k)] = 1; users[AT(1, k)]++; hw[k] = DEFAULT
		:: else
		fi
	}
}

/* Nothing waits in vain, nothing is left over, nobody is at work. */
inline judge()
{
	_nr_pr == 1;
	d_step {
		assert(!reap && !inst[1].part);
		for (d : 0 .. DEVICES - 1) {
			assert(!dev[d].claim && !dev[d].inside &&
			       !dev[d].removers);
			assert(dev[d].state != PROBING);
			assert((dev[d].state == BOUND) ==
			       (dev[d].bindings != 0));
			assert(dev[d].taken == dev[d].bindings);
			assert(!dev[d].bindings ||
			       dev[d].bindings == listed);
			assert(dev[d].queue != DUE);
			assert((dev[d].queue == QUEUED) ==
			       (dev[d].state == WAITING) || dev[d].closed);
			assert(dev[d].freed == !dev[d].refs);
			assert(dev[d].state != WAITING || dev[d].closed ||
			       (!sealed && !late &&
				(!listed || (mood == NOT_YET && !thing))));
			assert(dev[d].state != UNBOUND || sealed || late ||
			       mood == CHOOSY)
		}
		for (k : 1 .. LIVES) {
			assert(!inst[k].inside)
		}
		for (k : 1 .. GROUPS) {
			assert(!grp[k].claim);
			assert(grp[k].users == grp[k].members);
			check_group(k)
		}
		assert(DEVICES == 1 || !dev[0].group || !dev[LAST].group ||
		       dev[0].group == dev[LAST].group)
	}
}
