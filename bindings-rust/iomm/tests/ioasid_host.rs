// SPDX-License-Identifier: MIT OR Apache-2.0
//! The allocator of the example that asks a host, with the host on a thread.
#![cfg(feature = "std")]

#[allow(dead_code)]
#[path = "../examples/ioasid_host.rs"]
mod example;

use example::{FLAWS, Flaw, HostAllocator, IMPATIENCE, serve, show, wait_at_most};
use iomm::{Code, Context, IoasidSet, IoasidSetConfig, IoasidSpace};
use std::os::unix::net::UnixStream;
use std::thread;

/// The host's numbers that are out at the end.
fn with_host(flaw: Flaw, guest: impl FnOnce(UnixStream)) -> Vec<u32> {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let host = thread::spawn(move || serve(&theirs, flaw));
    guest(ours);
    host.join().unwrap()
}

/// Each flaw is answered by its error, and no number is lost: what the guest
/// gave back, which is all when it ends, the host has again.
#[test]
fn each_flaw_has_its_error() {
    for (name, flaw) in FLAWS {
        let left = with_host(flaw, |stream| {
            show(stream, flaw).unwrap_or_else(|error| panic!("{name}: {error}"));
        });
        match flaw {
            // It was gone before they were given back.
            Flaw::Dies => assert_eq!(left, [1, 2], "{name}"),
            // A number that it answers though it is out, it takes back from
            // its owner only.
            _ => assert!(left.is_empty(), "{name}: {left:?}"),
        }
    }
}

#[test]
fn sentences_say_what_was_wrong() {
    let sentence = |flaw| {
        let mut sentence = String::new();
        with_host(flaw, |stream| {
            let space = IoasidSpace::create(&Context::new().unwrap(), 1..=1000).unwrap();
            let line = stream.try_clone().unwrap();
            let allocator = HostAllocator::new(stream).unwrap();
            space.register_allocator(allocator).unwrap();
            let set = IoasidSet::<()>::create(&space, &IoasidSetConfig::new()).unwrap();
            for _ in 0..2 {
                set.alloc(1..=100, ()).unwrap();
            }
            if flaw == Flaw::IsSlow {
                wait_at_most(&line, IMPATIENCE).unwrap();
            }
            sentence = set.alloc(1..=100, ()).unwrap_err().to_string();
        });
        sentence
    };
    for (flaw, words) in [
        (Flaw::Refuses, ["from 1 to 100", Code::EACCES.description()]),
        (
            Flaw::IsSlow,
            ["from 1 to 100", Code::ETIMEDOUT.description()],
        ),
        (Flaw::Repeats, ["answered 1", "out already"]),
        (Flaw::Strays, ["answered 101", "outside the range"]),
        (Flaw::Dies, ["from 1 to 100", Code::ENODEV.description()]),
    ] {
        let sentence = sentence(flaw);
        for word in words {
            assert!(sentence.contains(word), "{flaw:?}: {sentence}");
        }
    }
}
