// SPDX-License-Identifier: MIT OR Apache-2.0
//! Threads that use a device's resources while another removes the device.
#![cfg(feature = "std")]

mod common;

use common::race::{Random, rounds};
use common::{Machine, on_machine};
use iomm::{Code, Device, DeviceState, Resource, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;

/// What is known of the values of a round by those who have none.
#[derive(Default)]
struct Books {
    /// A value of the resource that all share was dropped.
    dropped: AtomicBool,
    /// Values that were made, and that were dropped.
    made: AtomicUsize,
    drops: AtomicUsize,
    /// Looks at a value.
    seen: AtomicU64,
}

const ALIVE: u64 = 0x00a1_14e5_c0ff_ee00;
const POISON: u64 = 0xdead_dead_dead_dead;

/// Stands for what must not be touched once the device is gone.
struct Registers {
    content: AtomicU64,
    books: Arc<Books>,
    shared: bool,
}

impl Registers {
    fn new(books: &Arc<Books>, shared: bool) -> Registers {
        books.made.fetch_add(1, Ordering::Relaxed);
        Registers {
            content: AtomicU64::new(ALIVE),
            books: books.clone(),
            shared,
        }
    }

    /// Looks for a while.
    fn look(&self, books: &Books, random: &mut Random) {
        for _ in 0..1 + random.below(8) {
            assert_eq!(self.content.load(Ordering::Relaxed), ALIVE);
            assert!(!books.dropped.load(Ordering::Relaxed));
            random.dally();
        }
        books.seen.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Registers {
    fn drop(&mut self) {
        assert_eq!(self.content.swap(POISON, Ordering::Relaxed), ALIVE);
        if self.shared {
            self.books.dropped.store(true, Ordering::Relaxed);
            // For who should not be here to come in.
            (0..4).for_each(|_| thread::yield_now());
        }
        self.books.drops.fetch_add(1, Ordering::Relaxed);
    }
}

/// `None` when the device is absent; anything else is no reason to fail.
fn present<T>(answer: Result<T>) -> Option<T> {
    match answer {
        Ok(value) => Some(value),
        Err(error) => {
            assert_eq!(error.code(), Code::ENODEV, "{error}");
            // Whoever removes it had better go on.
            thread::yield_now();
            None
        }
    }
}

fn removed(device: &Device) -> bool {
    device.state() == DeviceState::REMOVED
}

/// Until the device is removed: looks at the value by all ways.
fn look_until_gone(device: &Device, value: &Resource<Registers>, books: &Books, seed: u64) {
    let mut random = Random::new(seed);
    while !removed(device) {
        if random.below(2) == 0 {
            if let Some(seen) = present(value.try_access()) {
                seen.look(books, &mut random);
            }
        } else if let Some(bound) = present(device.enter()) {
            let seen = value.access(&bound).unwrap();
            seen.look(books, &mut random);
        }
    }
}

/// Until the device is removed: makes values of its own, and drops some of
/// them. Those that are left are dropped while the removal drops them.
fn manage_until_gone(device: &Device, books: &Arc<Books>, seed: u64) {
    let mut random = Random::new(seed);
    let mut kept = Vec::new();
    while !removed(device) {
        let Some(bound) = present(device.enter()) else {
            continue;
        };
        kept.extend(present(bound.manage(Registers::new(books, false))));
        drop(bound);
        if random.below(3) == 0 && !kept.is_empty() {
            drop(kept.swap_remove(random.below(kept.len() as u64) as usize));
        }
        if kept.len() > 8 {
            kept.clear();
        }
    }
}

/// Where nothing waits a removal comes at once or not at all; in the second case
/// it lets others enter again, unless there is another removal.
fn remove_in_callback(machine: &Machine, device: &Device) {
    let other = machine.device("/net@4000");
    let device = device.clone();
    other
        .add_release(move || match device.remove(None) {
            Ok(()) => {}
            Err(error) => assert_eq!(error.code(), Code::EDEADLK, "{error}"),
        })
        .unwrap();
    other.remove(None).unwrap();
}

fn one_round(machine: &Machine, round: u64) -> u64 {
    let device = machine.device("/disk@3000");
    let books = Arc::new(Books::default());
    let value = device.enter().unwrap().manage(Registers::new(&books, true));
    let value = Arc::new(value.unwrap());
    thread::scope(|scope| {
        for n in 1..=3 {
            let (device, value, books) = (&device, value.clone(), &books);
            // The last of these threads drops the resource, if it comes before
            // the removal.
            scope.spawn(move || look_until_gone(device, &value, books, 4 * round + n));
        }
        scope.spawn(|| manage_until_gone(&device, &books, 4 * round));
        drop(value);
        if round % 4 == 0 {
            scope.spawn(|| {
                while !removed(&device) {
                    remove_in_callback(machine, &device);
                    thread::yield_now();
                }
            });
        }
        let mut random = Random::new(!round);
        for _ in 0..random.below(64) {
            random.dally();
        }
        device.remove(None).unwrap();
        assert!(books.dropped.load(Ordering::Relaxed));
    });
    let made = books.made.load(Ordering::Relaxed);
    assert_eq!(books.drops.load(Ordering::Relaxed), made, "each once");
    books.seen.load(Ordering::Relaxed)
}

#[test]
fn nobody_sees_what_is_gone() {
    on_machine(|machine| {
        let seen: u64 = (0..rounds(500))
            .map(|round| one_round(machine, round as u64))
            .sum();
        assert!(seen > 0, "there was no race");
    });
}

/// The resource is dropped at the moment at which the device is removed: one of
/// the two drops the value.
#[test]
fn the_owner_and_the_removal_drop_a_value_once() {
    on_machine(|machine| {
        for round in 0..rounds(500) {
            let device = machine.device("/disk@3000");
            let books = Arc::new(Books::default());
            let bound = device.enter().unwrap();
            let values: Vec<_> = (0..4)
                .map(|_| bound.manage(Registers::new(&books, false)).unwrap())
                .collect();
            drop(bound);
            thread::scope(|scope| {
                for (n, value) in values.into_iter().enumerate() {
                    scope.spawn(move || {
                        Random::new((4 * round + n) as u64).dally();
                        drop(value);
                    });
                }
                device.remove(None).unwrap();
            });
            assert_eq!(books.drops.load(Ordering::Relaxed), 4);
        }
    });
}
