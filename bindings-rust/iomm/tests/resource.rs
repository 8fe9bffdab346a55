// SPDX-License-Identifier: MIT OR Apache-2.0
//! Resources: values that go with their device.
#![cfg(feature = "std")]

mod common;

use common::{Machine, Tlb, context, on_machine, panics};
use iomm::{
    Code, Device, FlushRange, Gather, HandleKind, PageTableConfig, Prot, Resource, ResourceGuard,
    Result, SharedPageTable, TlbOps, format,
};
use std::cell::Cell;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

const SHORT: Option<Duration> = Some(Duration::from_millis(5));

/// The names of the values that were dropped.
#[derive(Clone, Default)]
struct Drops(Arc<Mutex<Vec<&'static str>>>);

impl Drops {
    fn value(&self, name: &'static str) -> Value {
        Value(name, self.clone())
    }

    fn note(&self, name: &'static str) {
        self.0.lock().unwrap().push(name);
    }

    #[track_caller]
    fn are(&self, names: &[&str]) {
        assert_eq!(*self.0.lock().unwrap(), names);
    }
}

#[derive(Debug)]
struct Value(&'static str, Drops);

impl Drop for Value {
    fn drop(&mut self) {
        self.1.note(self.0);
    }
}

impl std::fmt::Debug for Drops {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("drops")
    }
}

fn manage<T: Send>(device: &Device, value: T) -> Result<Resource<T>> {
    device.enter()?.manage(value)
}

#[test]
fn values_go_with_the_device_newest_first() {
    on_machine(|machine| {
        let drops = Drops::default();
        let bound = machine.bound();
        let first = manage(&bound.device, drops.value("first")).unwrap();
        let action = drops.clone();
        bound
            .device
            .add_release(move || action.note("action"))
            .unwrap();
        let last = manage(&bound.device, drops.value("last")).unwrap();
        bound.diary.calls();
        // The driver of the IOMMU has not let the device go when they do.
        let (diary, order) = (bound.diary.clone(), drops.clone());
        bound
            .device
            .add_release(move || {
                assert!(diary.calls().is_empty());
                order.note("newest");
            })
            .unwrap();
        drops.are(&[]);

        bound.device.remove(None).unwrap();
        drops.are(&["newest", "last", "action", "first"]);
        assert!(!bound.diary.calls().is_empty());
        for resource in [&first, &last] {
            assert_eq!(resource.try_access().unwrap_err().code(), Code::ENODEV);
        }
        drop((first, last));
        drops.are(&["newest", "last", "action", "first"]);
    });
}

#[test]
fn values_are_reached_by_proof_or_by_entering() {
    on_machine(|machine| {
        let device = machine.device("/disk@3000");
        let bound = device.enter().unwrap();
        let (value, other) = (bound.manage(5).unwrap(), bound.manage("text").unwrap());
        assert_eq!(*value.access(&bound).unwrap(), 5);
        assert_eq!(*value.device(), device);
        assert_eq!(bound.name(), "/disk@3000");
        drop(bound);

        let seen = value.try_access().unwrap();
        assert_eq!((*seen, format!("{seen:?}")), (5, "5".to_string()));
        let proof = ResourceGuard::bound(&seen);
        assert_eq!(*other.access(proof).unwrap(), "text");
        // It is inside, so nobody removes the device.
        assert_eq!(device.remove(SHORT).unwrap_err().code(), Code::EDEADLK);
        drop(seen);
        device.remove(SHORT).unwrap();
    });
}

#[test]
fn a_dropped_resource_drops_its_value_at_once() {
    on_machine(|machine| {
        let drops = Drops::default();
        let device = machine.device("/disk@3000");
        let early = manage(&device, drops.value("early")).unwrap();
        let late = manage(&device, drops.value("late")).unwrap();
        drop(early);
        drops.are(&["early"]);
        device.remove(None).unwrap();
        drops.are(&["early", "late"]);
        drop(late);
        drops.are(&["early", "late"]);
    });
}

#[test]
fn another_device_is_no_proof() {
    on_machine(|machine| {
        let device = machine.device("/disk@3000");
        let value = manage(&device, 5).unwrap();
        let other = machine.device("/net@4000");
        let error = value.access(&other.enter().unwrap()).map(|_| ());
        let error = error.unwrap_err();
        assert_eq!(error.code(), Code::EINVAL);
        assert!(error.message().contains("/disk@3000"), "{error}");
        assert!(error.message().contains("/net@4000"), "{error}");

        // Nor is one with the same name, of another context, or that came after.
        let (ctx, _) = context();
        let elsewhere = Machine::new(&ctx);
        let namesake = elsewhere.device("/disk@3000");
        let error = value.access(&namesake.enter().unwrap()).map(|_| ());
        assert_eq!(error.unwrap_err().code(), Code::EINVAL);
        device.remove(None).unwrap();
        let next = machine.device("/disk@3000");
        let error = value.access(&next.enter().unwrap()).map(|_| ());
        assert_eq!(error.unwrap_err().code(), Code::EINVAL);
    });
}

#[test]
fn a_device_that_is_leaving_takes_nothing_new() {
    on_machine(|machine| {
        let drops = Drops::default();
        let device = machine.device("/disk@3000");
        let bound = device.enter().unwrap();
        let old = bound.manage(drops.value("old")).unwrap();
        thread::scope(|scope| {
            let remover = scope.spawn(|| device.remove(SHORT));
            let error = remover.join().unwrap().unwrap_err();
            assert_eq!(error.code(), Code::ETIMEDOUT);
        });
        let error = bound.manage(drops.value("new")).unwrap_err();
        assert_eq!(error.code(), Code::ENODEV);
        drops.are(&["new"]);
        // Who is inside has what was there.
        assert_eq!(old.access(&bound).unwrap().0, "old");
        assert_eq!(old.try_access().unwrap_err().code(), Code::ENODEV);
        drop(bound);
        device.remove(None).unwrap();
        drops.are(&["new", "old"]);
    });
}

#[test]
fn a_removal_waits_for_who_looks() {
    on_machine(|machine| {
        let drops = Drops::default();
        let device = machine.device("/disk@3000");
        let value = Arc::new(manage(&device, drops.value("value")).unwrap());
        let (entered, wait) = mpsc::channel();
        let (leave, told) = mpsc::channel::<()>();
        thread::scope(|scope| {
            let value = value.clone();
            scope.spawn(move || {
                let seen = value.try_access().unwrap();
                entered.send(()).unwrap();
                told.recv().unwrap();
                assert_eq!(seen.0, "value");
            });
            wait.recv().unwrap();
            let error = device.remove(SHORT).unwrap_err();
            assert_eq!(error.code(), Code::ETIMEDOUT);
            drops.are(&[]);
            leave.send(()).unwrap();
            device.remove(None).unwrap();
            drops.are(&["value"]);
        });
    });
}

/// While the device is removed values drop resources of it: of those that are
/// still there, of those that are not, and themselves.
#[test]
fn values_may_own_resources() {
    struct Owner<T: Send + 'static>(Drops, Arc<Mutex<Option<Resource<T>>>>);
    impl<T: Send + 'static> Drop for Owner<T> {
        fn drop(&mut self) {
            self.0.note("owner");
            let owned = self.1.lock().unwrap().take();
            drop(owned);
            self.0.note("owned");
        }
    }
    struct Itself(Drops, Arc<Mutex<Option<Resource<Itself>>>>);
    impl Drop for Itself {
        fn drop(&mut self) {
            self.0.note("itself");
            let owned = self.1.lock().unwrap().take();
            drop(owned);
        }
    }
    on_machine(|machine| {
        let drops = Drops::default();
        let device = machine.device("/disk@3000");
        let bound = device.enter().unwrap();

        let slot = Arc::default();
        let itself = bound
            .manage(Itself(drops.clone(), Arc::clone(&slot)))
            .unwrap();
        *slot.lock().unwrap() = Some(itself);
        let older = bound.manage(drops.value("older")).unwrap();
        let (late, newer) = (Arc::default(), Arc::new(Mutex::new(Some(older))));
        let first = bound
            .manage(Owner(drops.clone(), Arc::clone(&late)))
            .unwrap();
        let second = bound.manage(Owner(drops.clone(), newer)).unwrap();
        *late.lock().unwrap() = Some(bound.manage(drops.value("newer")).unwrap());
        drop(bound);

        device.remove(None).unwrap();
        drops.are(&[
            "newer", "owner", "older", "owned", "owner", "owned", "itself",
        ]);
        drop((first, second));
    });
}

#[test]
fn a_panic_in_a_drop_travels_and_loses_nothing() {
    struct Loud(Value);
    impl Drop for Loud {
        fn drop(&mut self) {
            panic!("{} is loud", self.0.0);
        }
    }
    on_machine(|machine| {
        let drops = Drops::default();
        let device = machine.device("/disk@3000");
        let quiet = manage(&device, drops.value("quiet")).unwrap();
        let loud = manage(&device, Loud(drops.value("loud"))).unwrap();
        let early = manage(&device, Loud(drops.value("early"))).unwrap();
        assert_eq!(panics(|| drop(early)), "early is loud");
        drops.are(&["early"]);
        assert_eq!(panics(|| device.remove(None)), "loud is loud");
        drops.are(&["early", "loud", "quiet"]);
        device.remove(None).unwrap();
        // Refused, and dropped in there.
        let late = panics(|| {
            let other = machine.device("/net@4000");
            let bound = other.enter().unwrap();
            thread::scope(|scope| scope.spawn(|| other.remove(SHORT)).join())
                .unwrap()
                .unwrap_err();
            bound.manage(Loud(drops.value("late")))
        });
        assert_eq!(late, "late is loud");
        drops.are(&["early", "loud", "quiet", "late"]);
        drop((quiet, loud));
    });
}

#[test]
fn a_value_may_be_empty() {
    static DROPPED: AtomicUsize = AtomicUsize::new(0);
    struct Empty;
    impl Drop for Empty {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
    }
    on_machine(|machine| {
        let device = machine.device("/disk@3000");
        let first = manage(&device, Empty).unwrap();
        // It is its own action that goes with the first: the last one's comes
        // before this.
        device
            .add_release(|| assert_eq!(DROPPED.load(Ordering::Relaxed), 2))
            .unwrap();
        let last = manage(&device, Empty).unwrap();
        drop(first);
        assert_eq!(DROPPED.load(Ordering::Relaxed), 1);
        device.remove(None).unwrap();
        drop(last);
        assert_eq!(DROPPED.load(Ordering::Relaxed), 2);
    });
}

/// A resource may go to another thread with a value that may not be shared.
#[test]
fn a_resource_goes_from_thread_to_thread() {
    on_machine(|machine| {
        let device = machine.device("/disk@3000");
        let value = manage(&device, Cell::new(1)).unwrap();
        let value = thread::spawn(move || {
            value.try_access().unwrap().set(2);
            value
        })
        .join()
        .unwrap();
        assert_eq!(value.try_access().unwrap().get(), 2);
    });
}

#[test]
fn a_resource_holds_its_device() {
    on_machine(|machine| {
        let drops = Drops::default();
        let device = machine.device("/disk@3000");
        let value = manage(&device, drops.value("value")).unwrap();
        drop(device);
        assert_eq!(value.try_access().unwrap().0, "value");
        assert_eq!(machine.ctx.live_handles(HandleKind::DEVICE), 1);
        drop(value);
        drops.are(&["value"]);
        assert_eq!(machine.ctx.live_handles(HandleKind::DEVICE), 0);
    });
}

/// A value that a driver forgot about goes all the same.
#[test]
fn a_forgotten_resource_is_revoked() {
    let (ctx, _) = context();
    let machine = Machine::new(&ctx);
    let drops = Drops::default();
    let device = machine.device("/disk@3000");
    mem::forget(manage(&device, drops.value("value")).unwrap());
    device.remove(None).unwrap();
    drops.are(&["value"]);
}

#[test]
fn a_forgotten_access_only_leaks() {
    let (ctx, _) = context();
    let machine = Machine::new(&ctx);
    let drops = Drops::default();
    let device = machine.device("/disk@3000");
    let value = Arc::new(manage(&device, drops.value("value")).unwrap());
    let inside = value.clone();
    thread::spawn(move || mem::forget(inside.try_access().unwrap()))
        .join()
        .unwrap();
    assert_eq!(device.remove(SHORT).unwrap_err().code(), Code::ETIMEDOUT);
    assert_eq!(ctx.close(SHORT).unwrap_err().code(), Code::ETIMEDOUT);
    drops.are(&[]);
    // The access borrowed the resource, and went with its owner's borrow.
    drop(value);
    drops.are(&["value"]);
}

/// In an atomic hook nothing is taken back, and no value is dropped: that comes
/// when the outermost call returns.
#[test]
fn in_an_atomic_hook_the_value_waits() {
    #[derive(Clone, Default)]
    struct Hook(Tlb, Arc<Mutex<Option<Resource<Value>>>>, Drops);
    impl TlbOps for Hook {
        fn flush(&self, range: &FlushRange) -> Result<()> {
            let resource = self.1.lock().unwrap().take();
            if let Some(resource) = resource {
                assert_eq!(resource.try_access().unwrap_err().code(), Code::EDEADLK);
                drop(resource);
                self.2.are(&[]);
            }
            self.0.flush(range)
        }
        fn flush_all(&self) -> Result<()> {
            self.0.flush_all()
        }
    }
    on_machine(|machine| {
        let hook = Hook::default();
        let device = machine.device("/disk@3000");
        *hook.1.lock().unwrap() = Some(manage(&device, hook.2.value("value")).unwrap());
        let config = PageTableConfig::new();
        let table =
            SharedPageTable::with_tlb(&machine.ctx, format::ARM64_S1, &config, hook.clone())
                .unwrap();
        table.map(0x1000, 0x1000, 0x1000, Prot::READ).unwrap();
        let mut gather = Gather::new();
        table.unmap(0x1000, 0x1000, &mut gather).unwrap();
        gather.flush().unwrap();
        hook.2.are(&["value"]);
        device.remove(None).unwrap();
        hook.2.are(&["value"]);
    });
}
