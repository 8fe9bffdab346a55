// SPDX-License-Identifier: MIT OR Apache-2.0
//! ID spaces: sets that know the type of their data, who is told, and who hands
//! out the numbers instead.
#![cfg(feature = "std")]

use iomm::{
    Code, Context, Error, HandleKind, Ioasid, IoasidAllocator, IoasidEvent, IoasidEventKind,
    IoasidHold, IoasidHost, IoasidOrder, IoasidSet, IoasidSetConfig, IoasidSpace, IoasidState,
    IoasidSubscription, Pasid, PasidDriver,
};
use std::collections::BTreeSet;
use std::ops::{ControlFlow, RangeInclusive};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

const ANY: RangeInclusive<u32> = 0..=u32::MAX;

fn space() -> IoasidSpace {
    IoasidSpace::create(&Context::new().unwrap(), 1..=1000).unwrap()
}

fn set<T: Send + Sync + 'static>(space: &IoasidSpace) -> IoasidSet<T> {
    IoasidSet::create(space, &IoasidSetConfig::new()).unwrap()
}

fn code<T>(result: Result<T, Error>) -> Code {
    result.err().expect("this fails").code()
}

/// Runs what panics, without the report on standard error.
fn panics(f: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("this panics");
    payload.downcast_ref::<&str>().unwrap().to_string()
}

/// Counts those that are alive.
struct Counted {
    value: u32,
    alive: Arc<AtomicU32>,
}

impl Counted {
    fn new(value: u32, alive: &Arc<AtomicU32>) -> Counted {
        alive.fetch_add(1, Ordering::SeqCst);
        Counted {
            value,
            alive: alive.clone(),
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.value = u32::MAX;
        self.alive.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn a_set_shows_its_own_data_only() {
    let space = space();
    let names = set::<String>(&space);
    let sizes = set::<u64>(&space);
    let name = names.alloc(ANY, "guest".into()).unwrap();
    let size = sizes.alloc(ANY, 42).unwrap();
    assert_eq!((name, size), (1, 2));
    assert_eq!(names.find(name).unwrap().data().unwrap(), "guest");
    assert_eq!(sizes.find_with(size, |size| *size.unwrap()).unwrap(), 42);
    assert_eq!(code(names.find(size)), Code::EACCES);
    assert_eq!(code(names.find_with(size, |_| ())), Code::EACCES);
    assert_eq!(code(sizes.set_data(name, 1)), Code::EACCES);
    assert_eq!(code(sizes.free(name)), Code::EACCES);
    assert_eq!(code(names.find(3)), Code::ENOENT);
    let error = names.find(3).err().unwrap();
    assert!(error.to_string().contains('3'), "{error}");
    assert_eq!(space.info().unwrap().taken, 2);
}

#[test]
fn data_is_dropped_once() {
    let alive = Arc::default();
    let space = space();
    let set = set::<Counted>(&space);
    let id = set.alloc(ANY, Counted::new(1, &alive)).unwrap();
    set.set_data(id, Counted::new(2, &alive)).unwrap();
    assert_eq!(alive.load(Ordering::SeqCst), 1);
    // Whoever has found it keeps what he has seen.
    let found = set.find(id).unwrap();
    set.set_data(id, Counted::new(3, &alive)).unwrap();
    assert_eq!(found.data().unwrap().value, 2);
    assert_eq!(set.find(id).unwrap().data().unwrap().value, 3);
    assert_eq!(alive.load(Ordering::SeqCst), 2);
    let kept = found.shared_data().unwrap();
    drop(found);
    assert_eq!(alive.load(Ordering::SeqCst), 2);
    drop(kept);
    assert_eq!(alive.load(Ordering::SeqCst), 1);
    set.clear_data(id).unwrap();
    assert_eq!(alive.load(Ordering::SeqCst), 0);
    assert!(set.find(id).unwrap().data().is_none());
    // Also by calls that fail.
    assert_eq!(
        code(set.alloc(RangeInclusive::new(2, 1), Counted::new(4, &alive))),
        Code::EINVAL
    );
    assert_eq!(code(set.set_data(9, Counted::new(5, &alive))), Code::ENOENT);
    assert_eq!(alive.load(Ordering::SeqCst), 0);
    let _ = set.alloc(ANY, Counted::new(6, &alive)).unwrap();
    drop(set);
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

#[test]
fn a_reference_keeps_the_number() {
    let space = space();
    let set = set::<&str>(&space);
    let id = set.alloc(7..=7, "first").unwrap();
    let found: Ioasid<&str> = set.find(id).unwrap();
    assert_eq!(set.id_info(id).unwrap().references, 2);
    set.free(id).unwrap();
    let info = space.id_info(id).unwrap();
    assert_eq!(info.state, IoasidState::PENDING);
    assert_eq!(code(set.find(id)), Code::EBUSY);
    assert_eq!(code(set.free(id)), Code::EBUSY);
    assert_eq!(code(set.alloc(7..=7, "second")), Code::ENOSPC);
    assert_eq!(found.data(), Some(&"first"));
    assert_eq!((found.id(), found.set() == &set), (7, true));
    drop(found);
    assert_eq!(code(set.id_info(id)), Code::ENOENT);
    assert_eq!(set.alloc(7..=7, "second").unwrap(), 7);
}

#[test]
fn binds_count() {
    let set = set::<()>(&space());
    let id = set.alloc_empty(ANY).unwrap();
    assert_eq!(set.id_info(id).unwrap().state, IoasidState::IDLE);
    set.bind(id).unwrap();
    set.bind(id).unwrap();
    let info = set.id_info(id).unwrap();
    assert_eq!((info.state, info.binds), (IoasidState::ACTIVE, 2));
    set.unbind(id).unwrap();
    set.unbind(id).unwrap();
    assert_eq!(code(set.unbind(id)), Code::EINVAL);
}

#[test]
fn quotas_are_kept_and_given_back() {
    let space = IoasidSpace::create(&Context::new().unwrap(), 1..=10).unwrap();
    let quota = IoasidSetConfig::new().quota(4).type_tag(7);
    let set = IoasidSet::<()>::create(&space, &quota).unwrap();
    let rest = IoasidSet::<()>::create(&space, &IoasidSetConfig::new()).unwrap();
    assert_eq!(
        code(IoasidSet::<()>::create(&space, &quota.quota(7))),
        Code::ENOSPC
    );
    for _ in 0..6 {
        rest.alloc(ANY, ()).unwrap();
    }
    assert_eq!(code(rest.alloc(ANY, ())), Code::ENOSPC);
    for _ in 0..4 {
        set.alloc(ANY, ()).unwrap();
    }
    assert_eq!(code(set.alloc(ANY, ())), Code::ENOSPC);
    let info = set.info().unwrap();
    assert_eq!((info.quota, info.taken, info.type_tag), (4, 4, 7));
    assert_eq!(code(set.close()), Code::EBUSY);
    assert_eq!(space.info().unwrap().unreserved, 6);
    set.drain().unwrap();
    assert_eq!(space.info().unwrap().unreserved, 10);
    assert_eq!(code(set.alloc(ANY, ())), Code::ENODEV);
    rest.alloc(ANY, ()).unwrap();
}

#[test]
fn a_walk_may_free_where_it_is() {
    let set = set::<u32>(&space());
    for n in 0..100 {
        set.alloc(ANY, n).unwrap();
    }
    let mut seen = Vec::new();
    let end = set.for_each(|id, value| {
        assert_eq!(*value.unwrap() + 1, id);
        seen.push(id);
        if id % 2 == 0 {
            set.free(id).unwrap();
        } else {
            set.set_data(id, 0).unwrap();
        }
        // What we were shown is still there.
        assert_eq!(*value.unwrap() + 1, id);
        ControlFlow::<()>::Continue(())
    });
    assert_eq!(end.unwrap(), ControlFlow::Continue(()));
    assert_eq!(seen, (1..=100).collect::<Vec<_>>());
    assert_eq!(set.info().unwrap().taken, 50);
    let first = set.for_each(|id, _| ControlFlow::Break(id)).unwrap();
    assert_eq!(first, ControlFlow::Break(1));
}

#[test]
fn guests_have_numbers_of_their_own() {
    let space = space();
    let (one, other) = (set::<()>(&space), set::<()>(&space));
    let (a, b) = (one.alloc(ANY, ()).unwrap(), other.alloc(ANY, ()).unwrap());
    one.attach_private_id(a, 5).unwrap();
    other.attach_private_id(b, 5).unwrap();
    assert_eq!(one.find_private_id(5).unwrap(), a);
    assert_eq!(other.find_private_id(5).unwrap(), b);
    assert_eq!(one.id_info(a).unwrap().private_id, Some(5));
    assert_eq!(code(one.attach_private_id(a, 6)), Code::EEXIST);
    let c = one.alloc(ANY, ()).unwrap();
    assert_eq!(code(one.attach_private_id(c, 5)), Code::EEXIST);
    one.detach_private_id(5).unwrap();
    assert_eq!(code(one.find_private_id(5)), Code::ENOENT);
    one.attach_private_id(c, 5).unwrap();
    one.free(c).unwrap();
    assert_eq!(code(one.find_private_id(5)), Code::ENOENT);
}

#[test]
fn ranges_are_what_they_say() {
    let ctx = Context::new().unwrap();
    assert_eq!(code(IoasidSpace::create(&ctx, 0..=0)), Code::EINVAL);
    assert_eq!(
        code(IoasidSpace::create(&ctx, RangeInclusive::new(9, 8))),
        Code::EINVAL
    );
    assert_eq!(
        code(IoasidSpace::create(&ctx, u32::MAX..=u32::MAX)),
        Code::EINVAL
    );
    // All ones is never handed out.
    let top = IoasidSpace::create(&ctx, u32::MAX - 1..=u32::MAX).unwrap();
    assert_eq!(top.info().unwrap().range, u32::MAX - 1..=u32::MAX - 1);
    let set = set::<()>(&top);
    assert_eq!(set.alloc(ANY, ()).unwrap(), u32::MAX - 1);
    assert_eq!(code(set.alloc(ANY, ())), Code::ENOSPC);
    // A range that was iterated over is empty, and shows its ends still.
    let mut used = 5..=5;
    assert_eq!(used.next(), Some(5));
    assert_eq!(code(set.alloc(used.clone(), ())), Code::EINVAL);
    assert_eq!(code(IoasidSpace::create(&ctx, used)), Code::EINVAL);
}

// Events

type Log = Arc<Mutex<Vec<(char, IoasidEventKind, u32)>>>;

fn listen(space: &IoasidSpace, log: &Log, who: char, order: IoasidOrder) -> IoasidSubscription {
    let log = log.clone();
    space
        .subscribe(order, move |event: &IoasidEvent<'_>| {
            let entry = (who, event.kind(), event.id());
            log.lock().unwrap().push(entry);
        })
        .unwrap()
}

#[test]
fn subscribers_are_told_in_order() {
    let space = space();
    let set = set::<()>(&space);
    let log = Log::default();
    let device = listen(&space, &log, 'd', IoasidOrder::DEVICE);
    let cpu = listen(&space, &log, 'c', IoasidOrder::CPU);
    let iommu = listen(&space, &log, 'i', IoasidOrder::IOMMU);
    let id = set.alloc(ANY, ()).unwrap();
    set.bind(id).unwrap();
    drop(iommu);
    set.unbind(id).unwrap();
    set.free(id).unwrap();
    use IoasidEventKind as Kind;
    let expected = [
        ('c', Kind::ALLOC, 1),
        ('i', Kind::ALLOC, 1),
        ('d', Kind::ALLOC, 1),
        ('c', Kind::BIND, 1),
        ('i', Kind::BIND, 1),
        ('d', Kind::BIND, 1),
        ('c', Kind::UNBIND, 1),
        ('d', Kind::UNBIND, 1),
        ('c', Kind::FREE, 1),
        ('d', Kind::FREE, 1),
    ];
    assert_eq!(*log.lock().unwrap(), expected);
    cpu.end().unwrap();
    device.end().unwrap();
    set.alloc(ANY, ()).unwrap();
    assert_eq!(log.lock().unwrap().len(), expected.len());
}

#[test]
fn a_subscription_may_be_of_one_set() {
    let space = space();
    let config = IoasidSetConfig::new().type_tag(77);
    let ours = IoasidSet::<()>::create(&space, &config).unwrap();
    let theirs = set::<()>(&space);
    let tags: Arc<Mutex<Vec<u64>>> = Arc::default();
    let seen = tags.clone();
    let subscription = ours
        .subscribe(IoasidOrder::CPU, move |event: &IoasidEvent<'_>| {
            seen.lock().unwrap().push(event.type_tag());
        })
        .unwrap();
    theirs.alloc(ANY, ()).unwrap();
    ours.alloc(ANY, ()).unwrap();
    assert_eq!(*tags.lock().unwrap(), [77]);
    drop(subscription);
}

#[test]
fn a_subscriber_may_take_its_time() {
    let space = space();
    let set = set::<()>(&space);
    let holds: Arc<Mutex<Vec<IoasidHold>>> = Arc::default();
    let kept = holds.clone();
    let subscription = space
        .subscribe(IoasidOrder::IOMMU, move |event: &IoasidEvent<'_>| {
            let hold = event.keep();
            assert_eq!(hold.is_some(), event.kind() == IoasidEventKind::FREE);
            kept.lock().unwrap().extend(hold);
            assert!(event.keep().is_none());
        })
        .unwrap();
    // Another that is done before it returns.
    let hasty = space
        .subscribe(IoasidOrder::CPU, |event: &IoasidEvent<'_>| {
            drop(event.keep());
        })
        .unwrap();
    let id = set.alloc(3..=3, ()).unwrap();
    set.free(id).unwrap();
    assert_eq!(space.id_info(id).unwrap().state, IoasidState::PENDING);
    assert_eq!(code(set.alloc(3..=3, ())), Code::ENOSPC);
    let hold = holds.lock().unwrap().pop().unwrap();
    assert_eq!(hold.id(), 3);
    thread::spawn(move || drop(hold)).join().unwrap();
    assert_eq!(set.alloc(3..=3, ()).unwrap(), 3);
    drop((subscription, hasty));
}

#[test]
fn an_event_causes_no_other() {
    let space = space();
    let set = set::<u32>(&space);
    let inside = set.clone();
    let answers: Arc<Mutex<Vec<Code>>> = Arc::default();
    let heard = answers.clone();
    let subscription = space
        .subscribe(IoasidOrder::CPU, move |event: &IoasidEvent<'_>| {
            let mut heard = heard.lock().unwrap();
            heard.push(code(inside.alloc(ANY, 0)));
            heard.push(code(inside.free(event.id())));
            // But it may look, and set.
            assert!(inside.find_with(event.id(), |_| ()).is_ok());
            if event.kind() == IoasidEventKind::ALLOC {
                inside.set_data(event.id(), 8).unwrap();
            }
        })
        .unwrap();
    let id = set.alloc(ANY, 1).unwrap();
    assert_eq!(set.find_with(id, |data| *data.unwrap()).unwrap(), 8);
    set.free(id).unwrap();
    assert_eq!(*answers.lock().unwrap(), [Code::EDEADLK; 4]);
    drop(subscription);
    // Nothing of the two alive but what we have: the subscriber held the set.
    assert_eq!(space.context().live_handles(HandleKind::IOASID_SET), 1);
}

/// It is asked to end where nothing can wait.
#[test]
fn a_subscription_ends_in_its_own_event() {
    let space = space();
    let set = set::<()>(&space);
    let slot: Arc<Mutex<Option<IoasidSubscription>>> = Arc::default();
    let count = Arc::new(AtomicU32::new(0));
    let (own, calls) = (slot.clone(), count.clone());
    let subscription = space
        .subscribe(IoasidOrder::CPU, move |_: &IoasidEvent<'_>| {
            calls.fetch_add(1, Ordering::SeqCst);
            drop(own.lock().unwrap().take());
        })
        .unwrap();
    *slot.lock().unwrap() = Some(subscription);
    set.alloc(ANY, ()).unwrap();
    set.alloc(ANY, ()).unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 1);
    // The closure is gone, and what it held.
    assert_eq!(Arc::strong_count(&slot), 1);
}

#[test]
fn panics_travel() {
    let space = space();
    let set = set::<u32>(&space);
    let id = set.alloc(ANY, 1).unwrap();
    let look = |_: Option<&u32>| panic!("in a look-up");
    assert_eq!(panics(|| set.find_with(id, look).unwrap()), "in a look-up");
    let walk = |_: u32, _: Option<&u32>| -> ControlFlow<()> { panic!("in a walk") };
    assert_eq!(panics(|| drop(set.for_each(walk))), "in a walk");
    // In a call of a callback's it travels to the outermost one.
    let inner = set.clone();
    let nested = move |id: u32, _: Option<&u32>| -> ControlFlow<()> {
        let answer = inner.find_with(id, |_| -> u32 { panic!("deep inside") });
        assert_eq!(code(answer), Code::EPROTO);
        ControlFlow::Continue(())
    };
    assert_eq!(panics(|| drop(set.for_each(nested))), "deep inside");

    let holds: Arc<Mutex<Vec<IoasidHold>>> = Arc::default();
    let kept = holds.clone();
    let subscription = space
        .subscribe(IoasidOrder::CPU, move |event: &IoasidEvent<'_>| {
            kept.lock().unwrap().extend(event.keep());
            panic!("in an event");
        })
        .unwrap();
    // The event happened all the same, and what was kept is kept.
    assert_eq!(panics(|| set.free(id).unwrap()), "in an event");
    assert_eq!(space.id_info(id).unwrap().state, IoasidState::PENDING);
    holds.lock().unwrap().clear();
    assert_eq!(code(space.id_info(id)), Code::ENOENT);
    drop(subscription);

    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("in a drop");
        }
    }
    let bombs = self::set::<Bomb>(&space);
    let id = bombs.alloc(ANY, Bomb).unwrap();
    assert_eq!(panics(|| bombs.free(id).unwrap()), "in a drop");
    assert_eq!(code(space.id_info(id)), Code::ENOENT);
    assert_eq!(space.info().unwrap().taken, 0);
}

/// The closure of a look-up is as good as an atomic hook.
#[test]
fn a_look_up_asks_nothing_of_the_library() {
    let space = space();
    let set = set::<u32>(&space);
    let id = set.alloc(ANY, 1).unwrap();
    let found = set.find(id).unwrap();
    let inside = set
        .find_with(id, |_| {
            drop(found);
            code(set.free(id))
        })
        .unwrap();
    assert_eq!(inside, Code::EDEADLK);
    // What was dropped in there has been given back.
    assert_eq!(set.id_info(id).unwrap().references, 1);
}

// Custom allocators

type Answer = Box<dyn Fn(RangeInclusive<u32>) -> iomm::Result<u32> + Send + Sync>;

struct Custom {
    answer: Answer,
    freed: Arc<Mutex<Vec<u32>>>,
}

impl IoasidAllocator for Custom {
    fn alloc(&self, range: RangeInclusive<u32>) -> iomm::Result<u32> {
        (self.answer)(range)
    }

    fn free(&self, id: u32) {
        self.freed.lock().unwrap().push(id);
    }
}

fn custom(
    answer: impl Fn(RangeInclusive<u32>) -> iomm::Result<u32> + Send + Sync + 'static,
) -> (Custom, Arc<Mutex<Vec<u32>>>) {
    let freed: Arc<Mutex<Vec<u32>>> = Arc::default();
    let answer = Box::new(answer);
    (
        Custom {
            answer,
            freed: freed.clone(),
        },
        freed,
    )
}

/// Hands out numbers from the top.
fn from_the_top() -> impl Fn(RangeInclusive<u32>) -> iomm::Result<u32> + Send + Sync {
    let next = AtomicU32::new(0);
    move |range| Ok(*range.end() - next.fetch_add(1, Ordering::SeqCst))
}

#[test]
fn an_allocator_chooses() {
    let space = space();
    let set = set::<()>(&space);
    let (allocator, freed) = custom(from_the_top());
    let handle = space.register_allocator(allocator).unwrap();
    assert_eq!(set.alloc(ANY, ()).unwrap(), 1000);
    assert_eq!(set.alloc(ANY, ()).unwrap(), 999);
    set.free(1000).unwrap();
    assert_eq!(*freed.lock().unwrap(), [1000]);
    let (handle, error) = handle.unregister().unwrap_err();
    assert_eq!(error.code(), Code::EBUSY);
    set.free(999).unwrap();
    handle.unregister().unwrap();
    // The allocator is gone.
    assert_eq!(Arc::strong_count(&freed), 1);
    assert_eq!(set.alloc(ANY, ()).unwrap(), 1);
    // The space is not empty.
    let (allocator, freed) = custom(from_the_top());
    assert_eq!(code(space.register_allocator(allocator)), Code::EBUSY);
    assert_eq!(Arc::strong_count(&freed), 1);
}

#[test]
fn an_allocator_may_be_wrong() {
    let space = space();
    let set = set::<&str>(&space);
    let next: Arc<Mutex<Vec<iomm::Result<u32>>>> = Arc::default();
    let answers = next.clone();
    let (allocator, freed) = custom(move |_| match answers.lock().unwrap().pop() {
        Some(answer) => answer,
        None => panic!("in an allocator"),
    });
    let _handle = space.register_allocator(allocator).unwrap();
    let answer = |answer| {
        next.lock().unwrap().push(answer);
        set.alloc(10..=20, "data")
    };
    assert_eq!(answer(Ok(15)).unwrap(), 15);
    // Outside the range: given back. Out already: its owner keeps it.
    assert_eq!(code(answer(Ok(21))), Code::EPROTO);
    assert_eq!(*freed.lock().unwrap(), [21]);
    let error = answer(Ok(15)).unwrap_err();
    assert_eq!(error.code(), Code::EPROTO);
    assert!(error.to_string().contains("15"), "{error}");
    assert_eq!(*freed.lock().unwrap(), [21]);
    assert_eq!(set.find(15).unwrap().data(), Some(&"data"));
    let error = answer(Err(Error::new(Code::ENOSPC, "the host has none"))).unwrap_err();
    assert_eq!(error.code(), Code::ENOSPC);
    let asked = panics(|| drop(set.alloc(10..=20, "data")));
    assert_eq!(asked, "in an allocator");
    assert_eq!(space.info().unwrap().taken, 1);
}

#[test]
fn sharers_come_and_go() {
    let space = space();
    let set = set::<()>(&space);
    let host = IoasidHost::new();
    let (first, freed_by_first) = custom(|range| Ok(*range.start()));
    let (second, freed_by_second) = custom(from_the_top());
    let first = space.register_sharing_allocator(&host, first).unwrap();
    let (stranger, _) = custom(|range| Ok(*range.start() + 100));
    let stranger = space.register_allocator(stranger).unwrap();
    let second = space.register_sharing_allocator(&host, second).unwrap();
    assert_eq!(set.alloc(ANY, ()).unwrap(), 1);
    // The head of the chain goes, and its numbers go back to who shares them.
    first.unregister().unwrap();
    assert_eq!(set.alloc(ANY, ()).unwrap(), 1000);
    set.free(1).unwrap();
    assert!(freed_by_first.lock().unwrap().is_empty());
    assert_eq!(*freed_by_second.lock().unwrap(), [1]);
    let (second, error) = second.unregister().unwrap_err();
    assert_eq!(error.code(), Code::EBUSY);
    set.free(1000).unwrap();
    second.unregister().unwrap();
    assert_eq!(set.alloc(ANY, ()).unwrap(), 101);
    set.free(101).unwrap();
    stranger.unregister().unwrap();
    assert_eq!(set.alloc(ANY, ()).unwrap(), 1);
}

// The PASIDs of a device

struct Driver {
    chosen: Mutex<Vec<iomm::Result<Option<u32>>>>,
    freed: Arc<Mutex<BTreeSet<u32>>>,
}

impl PasidDriver for Driver {
    fn limits(&self, space: RangeInclusive<u32>) -> iomm::Result<RangeInclusive<u32>> {
        assert_eq!(space, 1..=1000);
        Ok(10..=19)
    }

    fn alloc(&self, range: RangeInclusive<u32>) -> iomm::Result<Option<u32>> {
        assert_eq!(range, 10..=19);
        self.chosen.lock().unwrap().pop().unwrap_or(Ok(None))
    }

    fn free(&self, id: u32) {
        assert!(self.freed.lock().unwrap().insert(id));
    }
}

#[test]
fn a_driver_chooses_pasids() {
    let space = space();
    let freed: Arc<Mutex<BTreeSet<u32>>> = Arc::default();
    let driver = Driver {
        chosen: Mutex::new(vec![
            Ok(None),
            Err(Error::new(Code::EIO, "the device is asleep")),
            Ok(Some(20)),
            Ok(Some(17)),
        ]),
        freed: freed.clone(),
    };
    let pasids: Pasid<u32> = Pasid::create(&space, &IoasidSetConfig::new(), driver).unwrap();
    assert_eq!(pasids.alloc(1).unwrap(), 17);
    assert_eq!(code(pasids.alloc(2)), Code::EPROTO);
    assert_eq!(code(pasids.alloc(3)), Code::EIO);
    assert_eq!(pasids.alloc(4).unwrap(), 10);
    assert_eq!(*pasids.find(17).unwrap().data().unwrap(), 1);
    let mut seen = Vec::new();
    let walk = pasids.for_each(|id, value| {
        seen.push((id, *value.unwrap()));
        ControlFlow::<()>::Continue(())
    });
    assert!(walk.unwrap().is_continue());
    assert_eq!(seen, [(10, 4), (17, 1)]);
    freed.lock().unwrap().clear();
    pasids.free(17).unwrap();
    pasids.free(10).unwrap();
    assert_eq!(*freed.lock().unwrap(), BTreeSet::from([17]));
    assert_eq!(pasids.set().info().unwrap().taken, 0);
    drop(pasids);
    assert_eq!(Arc::strong_count(&freed), 1);

    struct Nothing;
    impl PasidDriver for Nothing {
        fn limits(&self, _: RangeInclusive<u32>) -> iomm::Result<RangeInclusive<u32>> {
            Ok(5000..=6000)
        }
    }
    let config = IoasidSetConfig::new();
    assert_eq!(
        code(Pasid::<()>::create(&space, &config, Nothing)),
        Code::EPROTO
    );
    let plain = Pasid::<()>::create(&space, &config, ()).unwrap();
    assert_eq!(plain.alloc(()).unwrap(), 1);
}

// Threads

/// Some look, by all ways there are, while others free, take and replace.
#[test]
fn readers_see_what_is_there() {
    const IDS: u32 = 8;
    let alive = Arc::default();
    let space = space();
    let set = set::<Counted>(&space);
    let done = AtomicBool::new(false);
    let turns = if cfg!(debug_assertions) { 3000 } else { 20000 };
    thread::scope(|scope| {
        for way in 0..3 {
            let (set, done) = (&set, &done);
            scope.spawn(move || {
                let right = |id: u32, data: &Counted| assert_eq!(data.value % 1000, id);
                while !done.load(Ordering::Relaxed) {
                    for id in 1..=IDS {
                        let answer = match way {
                            0 => set.find_with(id, |data| right(id, data.unwrap())),
                            1 => set.find(id).map(|found| right(id, found.data().unwrap())),
                            _ => set
                                .for_each(|id, data| {
                                    right(id, data.unwrap());
                                    ControlFlow::<()>::Continue(())
                                })
                                .map(drop),
                        };
                        if let Err(error) = answer {
                            let code = error.code();
                            assert!(code == Code::ENOENT || code == Code::EBUSY, "{error}");
                        }
                    }
                }
            });
        }
        for turn in 0..turns {
            let id = turn % IDS + 1;
            let data = |n| Counted::new(n * 1000 + id, &alive);
            // A reader may keep it for a while.
            if set.alloc(id..=id, data(turn)).is_ok() {
                set.set_data(id, data(turn + 1)).unwrap();
                set.free(id).unwrap();
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(space.info().unwrap().taken, 0);
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

#[test]
fn nothing_is_left() {
    let (sender, released) = std::sync::mpsc::channel();
    let ctx = Context::builder()
        .on_released(move |live| sender.send(live).unwrap())
        .build()
        .unwrap();
    let space = IoasidSpace::create(&ctx, 1..=10).unwrap();
    let set = set::<()>(&space);
    let log = Log::default();
    let subscription = listen(&space, &log, 'c', IoasidOrder::CPU);
    let (allocator, _) = custom(from_the_top());
    let handle = space.register_allocator(allocator).unwrap();
    let id = set.alloc(ANY, ()).unwrap();
    let found = set.find(id).unwrap();
    ctx.close(None).unwrap();
    assert_eq!(code(set.alloc(ANY, ())), Code::ENODEV);
    // In no particular order.
    drop((ctx, space, subscription, handle, set, found));
    assert_eq!(released.recv().unwrap(), 0);
}
