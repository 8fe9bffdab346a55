/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The probe machine: what there is, and the steps of a probe and of its undoing.
 * docs/probe.md explains it.
 *
 * What the code does under one lock, or by one atomic operation, is one step
 * here (`atomic`), and so is each callback. What only the holder of a claim sees
 * may be part of any step of his. Claims and presence do what base/claim.c and
 * base/presence.c promise; waits.pml looks into those. Two devices of a group
 * share ID 0, and each has one of its own.
 */
#ifndef DEVICES
#define DEVICES 1
#endif
#if DEVICES == 1
#define IDS    1
#define GROUPS 2
#else
#define IDS    3
#define GROUPS 4
#endif
#define LIVES 2	/* instances of the node, one after the other */

#define HAS(d, k) (!(k) || (k) == (d) + 1)
#define BIT(d)    (1 << (d))

/* iomm_device.state */
#define NEW     0
#define WAITING 1
#define PROBING 2
#define BOUND   3
#define UNBOUND 4	/* IOMM_DEVICE_NONE */
#define REMOVED 5

/* The list that iomm_device.wait_link is on. */
#define NOWHERE 0
#define QUEUED  1	/* iomm_registry.waiting */
#define DUE     2	/* iomm_registry.replay */

/* Results. */
#define OK      0
#define DEFER   1	/* EPROBE_DEFER */
#define NEVER   2	/* ENODEV: no more instances come */
#define LATE    3	/* ETIMEDOUT */
#define REFUSED 4	/* the driver does not want it */
#define GONE    5	/* ENODEV: removed, or being removed */
#define NO_WAIT 6	/* EDEADLK: nothing waits inside a callback */

/* What the DMA of an ID is translated by. */
#define OPEN    0	/* nobody has told the hardware */
#define BLOCKED 1
#define DEFAULT 2
#define USERS   3	/* a domain that a user attached */

/* What the driver says to devices. */
#define WILLING 0
#define CHOOSY  1	/* yes, or REFUSED */
#define NOT_YET 2	/* DEFER, until what it needs is there */

typedef Device {
	byte refs; bool freed;
	byte claim;		/* whose; 0: free */
	byte inside;		/* iomm_device.presence */
	bool refused;
	byte removers; bool closed;
	byte queue; bool any;	/* any: for whatever arrives */
	byte state, result, probes;
	byte bindings;		/* at which instance; 0: none */
	byte group;
	byte taken;		/* at which instance the driver has it */
	bool leaving		/* what is tied to its presence goes */
}

typedef Instance {
	bool refused; byte inside;	/* iomm_iommu.presence */
	byte bindings;			/* a set of devices */
	bool over			/* unregistering has returned */
}

typedef Group {
	byte refs, claim;
	byte users;		/* the devices that the index knows it by */
	byte members;		/* the devices that are bound */
	byte domain		/* what is attached; OPEN: nothing yet */
}

Device dev[DEVICES];
Instance inst[LIVES + 1];
Group grp[GROUPS + 1];
byte owner[IDS], users[IDS];	/* the index */
byte hw[IDS];

byte listed;	/* iomm_registry.iommus: which instance; 0: none */
byte lives;
bool sealed, late;
byte arrivals;
bool thing;	/* what the driver needs is there */
byte mood;
byte reap;	/* the context's reap list: a set of devices */
byte working;	/* calls that have not returned, but for iomm_ctx_run() */

/* What a call has in mind. */
#define LOCALS \
	byte r, i, g, h, k, m, v, seen, before; bool shared, expected

/* ---------------------------------------------- claims and presence --- */

/* A device's claim comes before a group's. */
inline claim_device(d)
{
	d_step {
		!dev[d].claim -> dev[d].claim = _pid;
		assert(!dev[d].freed);
		for (k : 1 .. GROUPS) {
			assert(grp[k].claim != _pid)
		}
		skip
	}
}

inline drop_device(d)
{
	d_step {
		assert(dev[d].claim == _pid && !dev[d].freed);
		dev[d].claim = 0
	}
}

inline claim_group(x)
{
	d_step { !grp[x].claim -> grp[x].claim = _pid }
}

/* Where nobody is at work all members have what is attached to their group. */
inline check_group(x)
{
	assert(!grp[x].members == (grp[x].domain == OPEN));
	for (m : 0 .. DEVICES * IDS - 1) {
		assert(!(grp[x].members & BIT(m / IDS)) ||
		       !HAS(m / IDS, m % IDS) ||
		       (hw[m % IDS] != OPEN && hw[m % IDS] == grp[x].domain))
	}
}

inline drop_group(x)
{
	d_step {
		assert(grp[x].claim == _pid);
		check_group(x);
		grp[x].claim = 0
	}
}

inline exit_instance(i)
{
	d_step { assert(inst[i].inside); inst[i].inside-- }
}

/* Of every callback. */
#define CALLED(i) assert(inst[i].inside && !inst[i].over)

/* --------------------------------------------------------- registry --- */

/* iomm_registry_replay() of a node, or of none. The lock is held. */
inline replay(all)
{
	for (k : 0 .. DEVICES - 1) {
		if
		:: dev[k].queue == QUEUED && (all || dev[k].any) ->
			dev[k].queue = DUE
		:: else
		fi
	}
}

/* iomm_device_wait_for(). The lock is held. */
inline wait_for(d, whatever)
{
	assert(!dev[d].freed);
	dev[d].queue = QUEUED; dev[d].any = whatever
}

/* find_or_wait() and enter_iommus(). `i`: the instance, and the call is in its
 * presence; 0: there is none, and `r` says what now. */
inline find(d)
{
	do
	:: atomic {
			i = (listed && !inst[listed].refused -> listed : 0);
#ifdef QUEUED_LATER
		}
		atomic {
#endif
			if
			:: i -> r = OK
			:: !i && sealed -> r = NEVER
			:: !i && !sealed && late -> r = LATE
			:: !i && !sealed && !late ->
				wait_for(d, false); r = DEFER
			fi
		}
		atomic {
			if
			:: !i -> break
#ifdef ENTERED_UNASKED
			:: i -> inst[i].inside++; break
#else
			:: i && !inst[i].refused -> inst[i].inside++; break
			:: i && inst[i].refused	/* look again */
#endif
			fi
		}
	od
}

/* wait_for_any() */
inline wait_for_any(d)
{
	expected = !sealed;
	d_step {
#ifdef ARRIVALS_NOT_COMPARED
		shared = false;
#else
		shared = (arrivals != seen);
#endif
		if
		:: shared || (expected && !late) -> wait_for(d, true)
		:: !shared && expected && late -> r = LATE
		:: !shared && !expected -> r = NEVER
		fi;
		if
		:: shared -> replay(false)
		:: else
		fi
	}
}

/* ------------------------------------------------------------ group --- */

/* The group that the IDs name, or a new one. From now on the index knows it by
 * this device, too. */
inline form_group(d)
{
	d_step {
		CALLED(i);	/* ops.translate, just before */
		g = 0;
		for (k : 0 .. IDS - 1) {
			if
			:: HAS(d, k) && users[k] ->
				assert(!g || g == owner[k]);
				g = owner[k]
			:: else
			fi
		}
#ifdef FORMED_IN_TWO_STEPS
	}
	d_step {
#endif
		if
		:: !g ->
			for (k : 1 .. GROUPS) {
				if
				:: !grp[k].refs -> g = k
				:: else
				fi
			}
			assert(g && !grp[g].users && !grp[g].claim)
		:: else
		fi;
		grp[g].refs++;
		grp[g].users = grp[g].users | BIT(d);
		for (k : 0 .. IDS - 1) {
			if
			:: HAS(d, k) ->
				assert(!users[k] || owner[k] == g);
				owner[k] = g;
				users[k]++
			:: else
			fi
		}
		skip
	}
}

/* The last to leave takes the group with it: nobody can join any more. */
inline leave_group(d)
{
	d_step {
		grp[g].users = grp[g].users & ~BIT(d);
		for (k : 0 .. IDS - 1) {
			if
			:: HAS(d, k) ->
				assert(users[k] && owner[k] == g);
				users[k]--
			:: else
			fi
		}
		skip
	}
}

/* Has no other an ID of the device? Members count, not those on their way. */
#ifdef COUNTED_BY_INDEX
#define OTHERS(d) (grp[g].users & ~BIT(d))
#else
#define OTHERS(d) (grp[g].members & ~BIT(d))
#endif
#ifdef ALL_IDS_BLOCKED
#define ALONE(d, k) true
#else
#define ALONE(d, k) ((k) || !OTHERS(d))
#endif

/* ops.block */
inline block(d)
{
	d_step {
		CALLED(i);
		for (k : 0 .. IDS - 1) {
			if
			:: HAS(d, k) && ALONE(d, k) -> hw[k] = BLOCKED
			:: else
			fi
		}
		skip
	}
}

/* ops.attach_commit */
inline commit(d)
{
	CALLED(i);
	assert(dev[d].taken == i);
	for (k : 0 .. IDS - 1) {
		if
		:: HAS(d, k) -> assert(hw[k] != OPEN); hw[k] = grp[g].domain
		:: else
		fi
	}
}

/* ------------------------------------------------- probe and release --- */

/* ops.probe */
inline ask_driver(d)
{
	atomic {
		CALLED(i);
		assert(!dev[d].taken);
		if
		:: mood != NOT_YET || thing -> dev[d].taken = i
		:: mood == CHOOSY -> r = REFUSED
		:: mood == NOT_YET && !thing -> r = DEFER
		fi
	}
}

/* release_binding(), and what the group loses. Its claim is held. */
inline release(d)
{
	if
	:: dev[d].taken ->
		block(d);
		d_step {	/* ops.release */
			CALLED(i);
			assert(dev[d].taken == i);
			for (k : 0 .. IDS - 1) {
				assert(!HAS(d, k) || !ALONE(d, k) ||
				       hw[k] == BLOCKED)
			}
			dev[d].taken = 0
		}
	:: else
	fi;
	d_step {
		inst[i].bindings = inst[i].bindings & ~BIT(d);
		if
		:: !grp[g].members -> grp[g].domain = OPEN
		:: else
		fi
	}
	leave_group(d)
}

/* The last step of a probe, under the device's lock. */
inline publish(d)
{
	d_step {
		dev[d].bindings = i;
		dev[d].group = g;
		dev[d].state = BOUND
	}
}

/* The driver takes the device on; it gets what its group has, or the group's
 * first domain. The group's claim is held. */
inline take_on(d)
{
	d_step { inst[i].bindings = inst[i].bindings | BIT(d) }
#ifdef PUBLISHED_FIRST
	publish(d);
#endif
	ask_driver(d);
	if
	:: r == OK ->
#ifndef NOT_BLOCKED
		block(d);
#endif
		d_step {
			if
			:: !grp[g].members -> grp[g].domain = DEFAULT
			:: else
			fi;
			commit(d)
		}
#ifdef GROUP_DROPPED_EARLY
		grp[g].claim = 0;
#endif
		d_step { grp[g].members = grp[g].members | BIT(d) }
#ifndef PUBLISHED_FIRST
		publish(d)
#endif
	:: else -> release(d)
	fi
}

/* probe_device(). `quick`: inside a callback, where nothing waits. */
inline probe_device(d, quick)
{
	seen = arrivals;
	d_step { dev[d].queue = NOWHERE };
	dev[d].state = PROBING;
	find(d);
	if
	:: i ->
		form_group(d);
		if
		:: claim_group(g);
			take_on(d);
#ifndef GROUP_DROPPED_EARLY
			drop_group(g)
#else
			if
			:: r != OK -> drop_group(g)
			:: else
			fi
#endif
		:: quick && grp[g].claim -> leave_group(d); r = NO_WAIT
		fi;
		if
		:: r == DEFER -> wait_for_any(d)
		:: r == NO_WAIT ->
#ifdef NO_WAIT_FORGETS
			skip
#else
			d_step { wait_for(d, true); dev[d].queue = DUE };
			r = DEFER
#endif
		:: else
		fi
	:: else
	fi;
	if
	:: r == OK
	:: r == DEFER -> dev[d].state = WAITING
	:: r != OK && r != DEFER -> dev[d].state = UNBOUND
	fi;
	if
	:: i ->
		if
		:: r != OK -> grp[g].refs--
		:: else
		fi;
		exit_instance(i)
	:: else
	fi
}

/* Another thread's probe has ended meanwhile: is its result this one's, too?
 * "Not yet" is only while the device is queued. */
inline share_result(d)
{
	d_step {
#ifdef DEFER_SHARED
		shared = dev[d].probes != before && dev[d].result != OK
#else
		shared = dev[d].probes != before && dev[d].result != OK &&
			 (dev[d].result != DEFER || dev[d].queue != NOWHERE)
#endif
	}
}

/* iomm_device_probe() */
inline probe(d, quick)
{
	before = dev[d].probes;
	if
	:: quick && dev[d].claim -> r = NO_WAIT
	:: claim_device(d);
		if
		:: dev[d].refused -> r = GONE
		:: !dev[d].refused && dev[d].state == BOUND -> r = OK
		:: !dev[d].refused && dev[d].state != BOUND ->
			share_result(d);
			if
			:: shared -> r = dev[d].result
			:: else ->
				probe_device(d, quick);
				d_step { dev[d].result = r; dev[d].probes++ }
			fi
		fi;
		drop_device(d)
	fi
}

/* iomm_device_unbind(), with the claims of device and group. Undoes a probe. */
inline unbind(d, s)
{
	d_step {
		i = dev[d].bindings; g = dev[d].group;
		dev[d].bindings = 0; dev[d].group = 0; dev[d].state = s;
		grp[g].members = grp[g].members & ~BIT(d)
	}
	if
	:: i ->
		inst[i].inside++;	/* iomm_presence_force() */
		release(d);
		exit_instance(i)
	:: else
	fi
}

/* ------------------------------------------------------ references --- */

/* take_away(): with the claims, or by who destroys it. */
inline take_away(d)
{
#ifndef WAIT_NOT_STOPPED
	d_step { dev[d].queue = NOWHERE };
#endif
	dev[d].leaving = true;	/* release actions run */
	unbind(d, REMOVED)
}

/* Before that: the claim of the group, if there is one. */
inline claim_group_of(d)
{
	h = dev[d].group;
	if
	:: h -> claim_group(h)
	:: else
	fi
}

inline drop_group_of(d)
{
	if
	:: h -> drop_group(h); grp[h].refs--
	:: else
	fi
}

/* iomm_object_reap(): destroys what has lost its last reference. */
inline take_reaped()
{
	for (k : 0 .. DEVICES - 1) {
		if
		:: reap & BIT(k) -> v = k
		:: else
		fi
	}
	reap = reap & ~BIT(v)
}

inline reap_all()
{
	do
	:: d_step { reap -> take_reaped() }
		if
		:: dev[v].state != REMOVED ->
			claim_group_of(v);
			take_away(v);
			drop_group_of(v)
		:: else
		fi;
		d_step {
			assert(!dev[v].claim && !dev[v].inside &&
			       !dev[v].taken && dev[v].queue == NOWHERE);
			dev[v].freed = true
		}
	:: else -> break
	od
}

/* iomm_object_drop(); at the end of a call, iomm_leave(). */
inline drop(d)
{
	d_step {
		assert(dev[d].refs && !dev[d].freed);
		dev[d].refs--;
		if
		:: !dev[d].refs -> reap = reap | BIT(d)
		:: else
		fi
	}
}
