// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory by type: code, and what can be done with bytes.
#![cfg(feature = "std")]

mod common;

use common::allocators::{RW, RX, alloc, on_allocator, returns, strict};
use common::context;
use iomm::allocator::{
    Access, AllocationError, Allocator, AllocatorConfig, Code, Descriptor, Flags, Kind,
};
use iomm::{Code as ErrorCode, Context, Error, HandleKind, Result};

type Number = extern "C" fn() -> u32;

fn code(allocator: &Allocator, number: u32) -> Code<Number> {
    let bytes = returns(number);
    let mut memory = alloc(allocator, Kind::TEXT, bytes.len());
    memory.fill(0, &bytes).unwrap();
    // SAFETY: these are the bytes of such a function.
    unsafe { Code::new(memory, 0) }.unwrap()
}

// ------------------------------------------------------------------- code

#[test]
fn code_runs() {
    for config in [strict(), strict().no_alias(), strict().lanes(1)] {
        on_allocator(config, |allocator| {
            let all: Vec<_> = (0..100).map(|n| code(allocator, n * 0x01010101)).collect();
            for (n, code) in (0..).zip(&all) {
                assert_eq!(code.call(()), n * 0x01010101);
            }
        });
    }
}

#[test]
fn code_keeps_its_memory_and_more() {
    let (ctx, released) = context();
    let allocator = Allocator::create(&ctx, strict()).unwrap();
    let forty_two = code(&allocator, 42);
    drop((allocator, ctx));
    assert_eq!(*released.lock().unwrap(), None);
    assert_eq!(forty_two.call(()), 42);
    assert_eq!(
        std::thread::spawn(move || forty_two.call(()))
            .join()
            .unwrap(),
        42
    );
    assert_eq!(*released.lock().unwrap(), Some(0));
}

#[test]
fn code_becomes_other_code() {
    on_allocator(strict(), |allocator| {
        let one = code(allocator, 1);
        let mut memory = one.into_allocation();
        memory.fill(0, &returns(2)).unwrap();
        // SAFETY: these are the bytes of such a function.
        let two: Code<Number> = unsafe { Code::new(memory, 0) }.unwrap();
        assert_eq!(two.call(()), 2);
        // SAFETY: `two` is there.
        assert_eq!(unsafe { two.pointer() }(), 2);
        assert_eq!(two.allocation().len(), returns(2).len());
    });
}

#[test]
fn code_takes_arguments() {
    // lea eax, [rdi + rsi]; ret; and add w0, w0, w1; ret
    let sum: &[u8] = if cfg!(target_arch = "x86_64") {
        &[0x8d, 0x04, 0x37, 0xc3]
    } else {
        &[0x00, 0x00, 0x01, 0x0b, 0xc0, 0x03, 0x5f, 0xd6]
    };
    on_allocator(strict(), |allocator| {
        let mut memory = alloc(allocator, Kind::INITTEXT, 64);
        memory.fill(32, sum).unwrap();
        // SAFETY: these are the bytes of such a function.
        let sum: Code<extern "C" fn(u32, u32) -> u32> = unsafe { Code::new(memory, 32) }.unwrap();
        assert_eq!(sum.call((40, 2)), 42);
        // SAFETY: it asks nothing.
        assert_eq!(unsafe { sum.call_unsafe((1, 2)) }, 3);
    });
}

#[test]
fn what_is_no_code_is_given_back() {
    on_allocator(strict(), |allocator| {
        let refused = |memory, offset| {
            // SAFETY: it is not called.
            unsafe { Code::<Number>::new(memory, offset) }.unwrap_err()
        };
        let AllocationError { allocation, error } = refused(alloc(allocator, Kind::DATA, 16), 0);
        assert_eq!(error.code(), ErrorCode::EACCES);
        assert!(error.message().contains("data cannot be run"), "{error}");
        assert_eq!(allocation.len(), 16);
        let failed = refused(alloc(allocator, Kind::TEXT, 16), 16);
        assert_eq!(failed.error.code(), ErrorCode::EINVAL);
    });
}

/// Freed bytes are traps again before somebody else gets them.
#[test]
fn freed_code_is_gone() {
    on_allocator(strict(), |allocator| {
        let code = code(allocator, 42);
        let address = code.allocation().address();
        drop(code);
        assert_eq!(allocator.find(address as u64).unwrap(), None);
        allocator.trim().unwrap();
        let again = alloc(allocator, Kind::TEXT, 16);
        assert_ne!(&again.bytes().unwrap()[..6], &returns(42)[..6]);
    });
}

#[test]
fn one_type_serves_many_threads() {
    on_allocator(strict(), |allocator| {
        std::thread::scope(|scope| {
            for thread in 0..4 {
                scope.spawn(move || {
                    let mut kept = Vec::new();
                    for n in 0..200 {
                        kept.push((thread << 16 | n, code(allocator, thread << 16 | n)));
                        if n % 3 == 0 {
                            kept.swap_remove(0);
                        }
                    }
                    assert!(kept.iter().all(|(number, code)| code.call(()) == *number));
                });
            }
        });
        let text = allocator.alloc_type(Kind::TEXT).unwrap();
        assert_eq!(text.stats().unwrap().allocations, 0);
    });
}

// ----------------------------------------------------------------- memory

#[test]
fn bytes_have_bounds() {
    on_allocator(strict(), |allocator| {
        let mut memory = alloc(allocator, Kind::RODATA, 100);
        let _neighbour = alloc(allocator, Kind::RODATA, 100);
        for (offset, bytes) in [(0, 101), (100, 1), (101, 0), (usize::MAX, 1)] {
            let error = memory.fill(offset, &vec![1; bytes]).unwrap_err();
            assert_eq!(error.code(), ErrorCode::EINVAL, "{offset} {bytes}");
        }
        assert!(memory.bytes().unwrap().iter().all(|byte| *byte == 0));
        memory.fill(100, &[]).unwrap();
        memory.fill(99, &[1]).unwrap();
        assert_eq!(memory.bytes().unwrap()[99], 1);
        assert_eq!(memory.bytes().unwrap().len(), 100);
    });
}

#[test]
fn memory_is_what_its_type_says() {
    on_allocator(strict(), |allocator| {
        let mut data = alloc(allocator, Kind::DATA, 8);
        data.bytes_mut().unwrap().copy_from_slice(b"in place");
        data.fill(0, b"by").unwrap();
        assert_eq!(data.bytes().unwrap(), b"by place");
        for kind in [Kind::TEXT, Kind::RODATA] {
            let error = alloc(allocator, kind, 8).bytes_mut().unwrap_err();
            assert_eq!(error.code(), ErrorCode::EACCES);
            assert!(error.message().contains("written in place"), "{error}");
        }
        let unknown = allocator.alloc_type(Kind::user(3)).unwrap_err();
        assert_eq!(unknown.code(), ErrorCode::ENOENT);
        let text = allocator.alloc_type(Kind::TEXT).unwrap();
        assert_eq!(text.alloc(0).unwrap_err().code(), ErrorCode::EINVAL);
        assert_eq!(
            text.alloc(usize::MAX).unwrap_err().code(),
            ErrorCode::ENOMEM
        );
    });
}

#[test]
fn what_is_sealed_stays_as_it_is() {
    on_allocator(strict(), |allocator| {
        let mut memory = alloc(allocator, Kind::RODATA_AFTER_INIT, 10);
        memory.bytes_mut().unwrap()[0] = 1;
        assert_eq!(memory.info().unwrap().access, RW);
        let sealed = memory.seal().unwrap();
        assert_eq!(sealed.bytes().unwrap()[0], 1);
        assert!(sealed.info().unwrap().sealed);
        assert_eq!(sealed.info().unwrap().access, Access::READ);
        sealed.free().unwrap();

        let failed = alloc(allocator, Kind::DATA, 10).seal().unwrap_err();
        assert_eq!(failed.error.code(), ErrorCode::EINVAL);
        assert_eq!(failed.allocation.len(), 10);
        let error: Error = failed.into();
        assert!(error.message().contains("sealed"), "{error}");
    });
}

#[test]
fn a_layout_is_all_or_nothing() {
    on_allocator(strict(), |allocator| {
        let parts = [
            (Kind::TEXT, 5000),
            (Kind::DATA, 10),
            (Kind::INITTEXT, 20),
            (Kind::TEXT, 1),
        ];
        let placed = allocator.layout(&parts).unwrap();
        for ((kind, bytes), memory) in parts.iter().zip(&placed) {
            assert_eq!(memory.info().unwrap().kind, *kind);
            assert_eq!(memory.len(), *bytes);
        }
        drop(placed);
        for (parts, code) in [
            (&[][..], ErrorCode::EINVAL),
            (&[(Kind::TEXT, 1), (Kind::DATA, 0)], ErrorCode::EINVAL),
            (
                &[(Kind::TEXT, 1), (Kind::DATA, usize::MAX)],
                ErrorCode::ENOMEM,
            ),
            (&[(Kind::TEXT, 1), (Kind::user(0), 1)], ErrorCode::ENOENT),
        ] {
            assert_eq!(allocator.layout(parts).unwrap_err().code(), code);
        }
        let text = allocator.alloc_type(Kind::TEXT).unwrap();
        assert_eq!(text.stats().unwrap().allocations, 0);
    });
}

// ---------------------------------------------------------------- looking

#[test]
fn all_is_counted() {
    on_allocator(strict(), |allocator| {
        let text = allocator.alloc_type(Kind::TEXT).unwrap();
        let init = allocator.alloc_type(Kind::INITTEXT).unwrap();
        assert_eq!(text.kind(), Kind::TEXT);
        assert_eq!(text.allocations().count(), 0);
        let mut memory: Vec<_> = (1..50).map(|n| text.alloc(n * 10).unwrap()).collect();
        let other = init.alloc(100).unwrap();
        memory.sort_by_key(|memory| memory.address());

        let seen: Vec<_> = text.allocations().map(Result::unwrap).collect();
        assert_eq!(seen.len(), memory.len());
        for (memory, info) in memory.iter().zip(&seen) {
            assert_eq!(info.address, memory.address() as u64);
            assert_eq!(info.bytes, memory.len().next_multiple_of(16) as u64);
            assert_eq!((info.kind, info.access), (Kind::TEXT, RX));
            let inside = info.address + info.bytes - 1;
            assert_eq!(allocator.find(inside).unwrap(), Some(*info));
            assert_eq!(memory.info().unwrap(), *info);
        }
        let stats = text.stats().unwrap();
        assert_eq!(stats.allocations, 49);
        assert_eq!(stats.asked, seen.iter().map(|info| info.bytes).sum::<u64>());
        assert_eq!(stats.wasted, stats.granted - stats.asked - 112);
        assert!(stats.book > 0 && stats.grants > 0 && stats.largest_hole > 0);
        assert_eq!(init.stats().unwrap().allocations, 1);
        assert_eq!(allocator.find(0).unwrap(), None);
        drop((memory, other));
        assert_eq!(text.stats().unwrap().asked, 0);
        text.sync().unwrap();
    });
}

#[test]
fn an_allocator_says_what_it_found() {
    let ctx = Context::new().unwrap();
    let allocator = Allocator::create(&ctx, strict()).unwrap();
    let info = allocator.info();
    assert!(info.alias && !info.protect && !info.dead);
    let allocator = Allocator::create(&ctx, strict().no_alias()).unwrap();
    let info = allocator.info();
    assert!(!info.alias && info.protect);
    assert!(info.page.is_power_of_two());
    assert_eq!(ctx.live_handles(HandleKind::ALLOCATOR), 2);
}

#[test]
fn descriptors_are_checked() {
    let ctx = Context::new().unwrap();
    let text = || Descriptor::new(Kind::TEXT, RX);
    #[allow(clippy::reversed_empty_ranges)]
    let backwards = 1..=0;
    for (descriptor, word) in [
        (Descriptor::new(Kind::TEXT, RX | RW), "ALLOW_WX"),
        (text().flags(Flags::ALLOW_WX), "not both"),
        (text().granularity(5000), "0x1388"),
        (text().granularity(4096).alignment(8192), "8 KiB"),
        (text().range(backwards), "range 0"),
        (text().flags(Flags::from_bits_retain(1 << 20)), "flags"),
        (
            Descriptor::new(Kind::user(u32::MAX), Access::empty()),
            "nothing",
        ),
        (Descriptor::served_by(Kind::TEXT, Kind::DATA), "1"),
        (
            Descriptor::served_by(Kind::TEXT, Kind::DATA).near(1, 2),
            "more than that",
        ),
    ] {
        let config = AllocatorConfig::from_iter([descriptor]);
        let error = Allocator::create(&ctx, config).unwrap_err();
        assert_eq!(error.code(), ErrorCode::EINVAL);
        assert!(error.message().contains(word), "{error}");
    }
    let none = Allocator::create(&ctx, AllocatorConfig::new()).unwrap_err();
    assert_eq!(none.code(), ErrorCode::EINVAL);
}

#[test]
fn ranges_and_anchors_are_kept_to() {
    let anchor = returns as *const () as u64;
    let stretch = 0x1200_0000_0000u64;
    let near = Descriptor::new(Kind::TEXT, RX).near(anchor, 2 << 30);
    let ranges = Descriptor::new(Kind::RODATA, Access::READ)
        .range(stretch..=stretch + 0xffff)
        .range(stretch + 0x100_0000..=stretch + 0x1ff_ffff)
        .flags(Flags::SECOND_RANGE);
    on_allocator([near, ranges].into_iter().collect(), |allocator| {
        let text = alloc(allocator, Kind::TEXT, 1000);
        assert!((text.address() as u64).abs_diff(anchor) < 2 << 30);
        let first = alloc(allocator, Kind::RODATA, 0x1_0000);
        let second = alloc(allocator, Kind::RODATA, 0x1_0000);
        assert_eq!(first.address() as u64, stretch);
        assert_eq!(second.address() as u64, stretch + 0x100_0000);
    });
}
