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
	bool part;			/* a domain has something there */
	bool over			/* unregistering has returned */
}

typedef Group {
	byte refs, claim;
	byte users;		/* the devices that the index knows it by */
	byte members;		/* the devices that are bound */
	byte domain;		/* what is attached; OPEN: nothing yet */
	byte leaving		/* devices that go when the claim is free */
}

Device dev[DEVICES];
Instance inst[LIVES + 1];
Group grp[GROUPS + 1];
byte owner[(LIVES + 1) * IDS], users[(LIVES + 1) * IDS];	/* an index each */
#define AT(i, k) ((i) * IDS + (k))
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
	byte r, i, g, h, k, m, v, seen, before; bool shared, expected, due

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

/* iomm_group_end() */
inline drop_group(x)
{
	d_step {
		assert(grp[x].claim == _pid);
		check_group(x);
		grp[x].claim = 0
	}
	if
	:: d_step {
			grp[x].leaving ->
			reap = reap | grp[x].leaving; grp[x].leaving = 0
		}
	:: else
	fi
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
			:: HAS(d, k) && users[AT(i, k)] ->
				assert(!g || g == owner[AT(i, k)]);
				g = owner[AT(i, k)]
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
				assert(!users[AT(i, k)] || owner[AT(i, k)] == g);
				owner[AT(i, k)] = g;
				users[AT(i, k)]++
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
				assert(users[AT(i, k)] && owner[AT(i, k)] == g);
				users[AT(i, k)]--
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

/* let_all_go(), and iomm_group_ops.left(). The group's claim is held. */
inline let_go(d)
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
		d_step {
			inst[i].bindings = inst[i].bindings & ~BIT(d);
			if
			:: !grp[g].members -> grp[g].domain = OPEN
			:: else
			fi;
			skip
		}
	:: else
	fi
}

/* iomm_device_publish(): the last step of a probe, under the device's lock. */
inline publish(d)
{
	d_step {
		dev[d].bindings = i;
		dev[d].group = g;
		dev[d].state = BOUND;
		grp[g].members = grp[g].members | BIT(d)
	}
}

/* iomm_member_join(): the driver takes the device on, and it gets what its group
 * has, or the group's first domain. The claim is held. */
inline join(d)
{
#ifdef PUBLISHED_FIRST
	publish(d);
#endif
	ask_driver(d);
	if
	:: r == OK ->
		d_step { inst[i].bindings = inst[i].bindings | BIT(d) };
#ifndef NOT_BLOCKED
		block(d);
#endif
		d_step {
			if
			:: grp[g].domain == OPEN -> grp[g].domain = DEFAULT
			:: else
			fi;
			commit(d);
			skip
		}
#ifdef GROUP_DROPPED_EARLY
		grp[g].claim = 0;
#endif
#ifndef PUBLISHED_FIRST
		publish(d)
#endif
	:: else -> let_go(d)
	fi
}

/* probe_device(). `quick`: inside a callback, where nothing waits. */
inline probe_device(d, quick)
{
	seen = arrivals;
	d_step {
		due = due || dev[d].queue != NOWHERE;
		dev[d].queue = NOWHERE
	};
	dev[d].state = PROBING;
	find(d);
	if
	:: i ->
		form_group(d);
		if
		:: claim_group(g);
			join(d);
			if
#ifdef GROUP_DROPPED_EARLY
			:: r == OK
#endif
			:: else -> drop_group(g)
			fi
		:: quick && grp[g].claim -> r = NO_WAIT
		fi;
		if
		:: r == DEFER -> wait_for_any(d)
		:: else
		fi
	:: else
	fi;
	if
	:: r == OK
	:: r == DEFER || (r == NO_WAIT && due) -> dev[d].state = WAITING
	:: r != OK && r != DEFER && !(r == NO_WAIT && due) ->
		dev[d].state = UNBOUND
	fi;
	if
	:: i ->
		if
		:: r != OK -> leave_group(d); grp[g].refs--
		:: else
		fi;
		exit_instance(i)
	:: else
	fi;
#ifndef NO_WAIT_FORGETS
	if
	:: r == NO_WAIT && due ->	/* put_back() */
		d_step { wait_for(d, true); dev[d].queue = DUE }
	:: else
	fi
#else
	skip
#endif
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
#ifndef NO_WAIT_SHARED
				if
				:: r == NO_WAIT	/* which says nothing to others */
				:: else ->
					d_step {
						dev[d].result = r;
						dev[d].probes++
					}
				fi
#else
				d_step { dev[d].result = r; dev[d].probes++ }
#endif
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
		let_go(d);
		exit_instance(i);
		leave_group(d)
	:: else
	fi
}

/* ------------------------------------------------------ references --- */

/* What is tied to a device's presence goes: the place in the queue, and release
 * actions run. */
inline dismiss(d)
{
#ifndef WAIT_NOT_STOPPED
	d_step { dev[d].queue = NOWHERE };
#endif
	dev[d].leaving = true
}

inline drop_group_of(d)
{
	if
	:: h -> drop_group(h); grp[h].refs--
	:: else
	fi
}

/* iomm_group_try_leaving() of `v`, whose group is `h`. A last put never waits:
 * who has the claim puts the device on the reap list again when he ends. */
inline try_leaving()
{
	if
	:: !h
	:: d_step { h && !grp[h].claim -> grp[h].claim = _pid }
	:: h && grp[h].claim ->
		shared = false;
		grp[h].refs++;
		grp[h].leaving = grp[h].leaving | BIT(v);
#ifndef LEAVES_WITHOUT_A_LOOK
		if
		:: claim_group(h); drop_group(h)
		:: grp[h].claim
		fi;
#endif
		grp[h].refs--
	fi
}

/* iomm_object_reap(): destroys what has lost its last reference. */
inline reap_all()
{
	do
	:: d_step {
			reap ->
			for (k : 0 .. DEVICES - 1) {
				if
				:: reap & BIT(k) -> v = k
				:: else
				fi
			}
			reap = reap & ~BIT(v)
		}
		h = 0; shared = true;
		if
		:: dev[v].state != REMOVED ->
			dismiss(v);
			h = dev[v].group;
			try_leaving();
			if
			:: shared ->
				unbind(v, REMOVED);
				drop_group_of(v)
			:: else
			fi
		:: else
		fi;
		if
		:: shared ->
			d_step {
				assert(!dev[v].claim && !dev[v].inside &&
				       !dev[v].taken &&
				       dev[v].queue == NOWHERE);
				dev[v].freed = true
			}
		:: else
		fi
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
