// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory by type.
#![cfg(feature = "std")]

mod common;

use common::machine_code::returns;
use common::{context, panics};
use iomm::allocator::{
    Access, Allocation, AllocationError, Allocator, AllocatorConfig, Backend, Code, Descriptor,
    Flags, Grant, GrantRequest, Kind,
};
use iomm::{Code as ErrorCode, Context, Error, HandleKind, Result, TlbOps};
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

const RX: Access = Access::READ.union(Access::EXEC);
const RW: Access = Access::READ.union(Access::WRITE);

type Number = extern "C" fn() -> u32;

fn strict() -> AllocatorConfig {
    AllocatorConfig::new()
        .with(Descriptor::new(Kind::TEXT, RX))
        .with(Descriptor::new(Kind::DATA, RW))
        .with(Descriptor::new(Kind::RODATA, Access::READ))
        .with(Descriptor::new(Kind::RODATA_AFTER_INIT, Access::READ).flags(Flags::SEAL_AFTER_INIT))
        .with(Descriptor::served_by(Kind::INITTEXT, Kind::TEXT))
}

/// Runs a test on an allocator, and sees that nothing of it is left.
#[track_caller]
fn on_allocator(config: AllocatorConfig, test: impl FnOnce(&Allocator)) {
    let (ctx, released) = context();
    let allocator = Allocator::create(&ctx, config).unwrap();
    test(&allocator);
    drop((allocator, ctx));
    assert_eq!(*released.lock().unwrap(), Some(0), "handles were lost");
}

fn alloc(allocator: &Allocator, kind: Kind, bytes: usize) -> Allocation {
    allocator.alloc_type(kind).unwrap().alloc(bytes).unwrap()
}

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

// ------------------------------------------------------------------ hooks

#[derive(Default)]
struct Seen {
    mapped: AtomicU64,
    fail: AtomicBool,
    panic: AtomicBool,
}

impl Seen {
    fn answer(&self, what: &str) -> Result<()> {
        if self.panic.load(Ordering::Relaxed) {
            panic!("no {what}");
        }
        match self.fail.load(Ordering::Relaxed) {
            true => Err(ErrorCode::EIO.into()),
            false => Ok(()),
        }
    }
}

fn hooked(seen: &Arc<Seen>) -> AllocatorConfig {
    let (fill, invalidate, map, unmap) = (seen.clone(), seen.clone(), seen.clone(), seen.clone());
    AllocatorConfig::new().with(
        Descriptor::new(Kind::RODATA, Access::READ)
            .fill_with(move |_, writable, bytes| {
                for (to, from) in writable.iter_mut().zip(bytes) {
                    *to = !from;
                }
                fill.answer("fill")
            })
            .invalidate_with(move |_, writable| {
                writable.fill(0xee);
                invalidate.answer("invalidate")
            })
            .on_map(move |_, bytes| {
                map.mapped.fetch_add(bytes, Ordering::Relaxed);
            })
            .on_unmap(move |_, bytes| {
                unmap.mapped.fetch_sub(bytes, Ordering::Relaxed);
            }),
    )
}

#[test]
fn hooks_are_called() {
    let seen = Arc::new(Seen::default());
    on_allocator(hooked(&seen), |allocator| {
        let mut memory = alloc(allocator, Kind::RODATA, 100);
        assert_eq!(seen.mapped.load(Ordering::Relaxed), 64 << 10);
        memory.fill(1, &[0xf0]).unwrap();
        assert_eq!(memory.bytes().unwrap()[..3], [0, 0x0f, 0]);
        drop(memory);
        let memory = alloc(allocator, Kind::RODATA, 100);
        assert!(memory.bytes().unwrap().iter().all(|byte| *byte == 0xee));
    });
    assert_eq!(seen.mapped.load(Ordering::Relaxed), 0);
    assert_eq!(Arc::strong_count(&seen), 1, "the hooks are dropped");
}

#[test]
fn hooks_may_refuse_and_may_panic() {
    let seen = Arc::new(Seen::default());
    on_allocator(hooked(&seen), |allocator| {
        let mut memory = alloc(allocator, Kind::RODATA, 100);
        seen.fail.store(true, Ordering::Relaxed);
        assert_eq!(memory.fill(0, &[1]).unwrap_err().code(), ErrorCode::EIO);
        let failed = memory.free().unwrap_err();
        assert_eq!(failed.error.code(), ErrorCode::EIO);
        seen.fail.store(false, Ordering::Relaxed);

        let mut memory = failed.allocation;
        seen.panic.store(true, Ordering::Relaxed);
        assert_eq!(panics(|| memory.fill(0, &[1])), "no fill");
        // Freeing it panics; the library has kept it, and nobody else.
        let address = memory.address();
        assert_eq!(panics(|| drop(memory)), "no invalidate");
        seen.panic.store(false, Ordering::Relaxed);
        let of = allocator.alloc_type(Kind::RODATA).unwrap();
        assert_eq!(of.allocations().count(), 1);
        // SAFETY: nothing in Rust has it any more.
        let freed =
            unsafe { iomm_sys::iomm_alloc_type_free(of.as_raw(), address.cast_mut().cast()) };
        assert_eq!(freed, 0);
    });
    assert_eq!(Arc::strong_count(&seen), 1);
}

#[test]
fn hooks_of_what_was_not_made_are_dropped() {
    let seen = Arc::new(Seen::default());
    let ctx = Context::new().unwrap();
    let error = Allocator::create(&ctx, hooked(&seen).lanes(3)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::EINVAL);
    assert_eq!(Arc::strong_count(&seen), 1);
}

// ---------------------------------------------------------------- backend

/// The heap, with books.
#[derive(Clone, Default)]
struct Heap(Arc<HeapState>);

#[derive(Default)]
struct HeapState {
    grants: AtomicU32,
    barriers: AtomicU32,
    flushes: AtomicU32,
    calls: Mutex<Vec<String>>,
    fail: AtomicBool,
    panic: AtomicBool,
}

impl Heap {
    fn note(&self, call: String) -> Result<()> {
        if self.0.panic.load(Ordering::Relaxed) {
            panic!("no {call}");
        }
        self.0.calls.lock().unwrap().push(call);
        match self.0.fail.load(Ordering::Relaxed) {
            true => Err(ErrorCode::EIO.into()),
            false => Ok(()),
        }
    }
}

fn heap_layout(bytes: u64, align: u64) -> Layout {
    Layout::from_size_align(bytes as usize, align as usize).unwrap()
}

// SAFETY: memory comes from the allocator, zeroed, and can always be read and
// written; so it allows more than it is asked for, and nothing runs there.
unsafe impl Backend for Heap {
    fn page(&self) -> u64 {
        4096
    }

    fn has_alias(&self) -> bool {
        true
    }

    fn has_protect(&self) -> bool {
        true
    }

    fn has_flush(&self) -> bool {
        true
    }

    fn has_barrier(&self) -> bool {
        true
    }

    fn map(&self, request: &GrantRequest) -> Result<Grant> {
        self.note(format!("map {} {:?}", request.kind, request.access))?;
        // SAFETY: the layout is not empty.
        let memory = unsafe { alloc_zeroed(heap_layout(request.bytes, request.align)) };
        let address = NonNull::new(memory).unwrap();
        self.0.grants.fetch_add(1, Ordering::Relaxed);
        Ok(Grant {
            address,
            alias: request.alias.then_some(address),
            cookie: request.align,
            huge: 0,
        })
    }

    unsafe fn unmap(&self, grant: &Grant, bytes: u64) -> Result<()> {
        self.note("unmap".into())?;
        self.0.grants.fetch_sub(1, Ordering::Relaxed);
        // SAFETY: it comes from `map`, which noted the alignment.
        unsafe { dealloc(grant.address.as_ptr(), heap_layout(bytes, grant.cookie)) };
        Ok(())
    }

    unsafe fn protect(&self, _: &Grant, _: NonNull<u8>, bytes: u64, access: Access) -> Result<()> {
        self.note(format!("protect {bytes} {access:?}"))
    }

    fn flush(&self, _: NonNull<u8>, _: u64) {
        self.0.flushes.fetch_add(1, Ordering::Relaxed);
    }

    fn barrier(&self) -> Result<()> {
        self.0.barriers.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

#[track_caller]
fn on_heap(test: impl FnOnce(&Allocator, &Heap)) {
    let (ctx, released) = context();
    let heap = Heap::default();
    let allocator = Allocator::with_backend(&ctx, strict(), heap.clone()).unwrap();
    test(&allocator, &heap);
    drop((allocator, ctx));
    assert_eq!(*released.lock().unwrap(), Some(0), "handles were lost");
    assert_eq!(heap.0.grants.load(Ordering::Relaxed), 0);
    assert_eq!(Arc::strong_count(&heap.0), 1, "the backend is dropped");
}

#[test]
fn a_backend_serves() {
    on_heap(|allocator, heap| {
        let mut text = alloc(allocator, Kind::TEXT, 100);
        assert_eq!(
            heap.0.calls.lock().unwrap()[0],
            "map text Access(READ | EXEC)"
        );
        text.fill(0, b"code").unwrap();
        assert_eq!(&text.bytes().unwrap()[..4], b"code");
        assert!(heap.0.barriers.load(Ordering::Relaxed) > 0);
        assert!(heap.0.flushes.load(Ordering::Relaxed) > 0);
        let sealed = alloc(allocator, Kind::RODATA_AFTER_INIT, 1).seal().unwrap();
        let last = heap.0.calls.lock().unwrap().pop().unwrap();
        assert_eq!(last, "protect 4096 Access(READ)");
        drop((text, sealed));
        assert!(allocator.info().alias);
    });
}

#[test]
fn a_backend_may_refuse_and_may_panic() {
    on_heap(|allocator, heap| {
        let text = allocator.alloc_type(Kind::TEXT).unwrap();
        heap.0.fail.store(true, Ordering::Relaxed);
        assert_eq!(text.alloc(1).unwrap_err().code(), ErrorCode::EIO);
        heap.0.fail.store(false, Ordering::Relaxed);
        let unsealed = alloc(allocator, Kind::RODATA_AFTER_INIT, 1);
        heap.0.panic.store(true, Ordering::Relaxed);
        assert_eq!(panics(|| text.alloc(1)), "no map text Access(READ | EXEC)");
        assert_eq!(panics(|| unsealed.seal()), "no protect 4096 Access(READ)");
        heap.0.panic.store(false, Ordering::Relaxed);
        drop(text.alloc(1).unwrap());
    });
}

#[test]
fn a_backend_must_be_able() {
    struct Bare;
    // SAFETY: it gives nothing.
    unsafe impl Backend for Bare {
        fn page(&self) -> u64 {
            4096
        }
        fn map(&self, _: &GrantRequest) -> Result<Grant> {
            Err(ErrorCode::ENOSPC.into())
        }
        unsafe fn unmap(&self, _: &Grant, _: u64) -> Result<()> {
            Ok(())
        }
    }
    let ctx = Context::new().unwrap();
    let error = Allocator::with_backend(&ctx, strict(), Bare).unwrap_err();
    assert_eq!(error.code(), ErrorCode::EINVAL);
    let data = AllocatorConfig::new().with(Descriptor::new(Kind::DATA, RW));
    let allocator = Allocator::with_backend(&ctx, data, Bare).unwrap();
    let data = allocator.alloc_type(Kind::DATA).unwrap();
    assert_eq!(data.alloc(1).unwrap_err().code(), ErrorCode::ENOSPC);
    assert_eq!(data.sync().unwrap_err().code(), ErrorCode::EOPNOTSUPP);
}

// ------------------------------------------------------------ atomic hooks

/// What is dropped in an atomic hook is freed later, in the right order.
#[test]
fn memory_can_be_dropped_anywhere() {
    struct Drops(Mutex<Option<(Allocation, AllocError)>>);
    type AllocError = Arc<Mutex<Option<ErrorCode>>>;

    impl TlbOps for Drops {
        fn flush(&self, _: &iomm::FlushRange) -> Result<()> {
            self.flush_all()
        }
        fn flush_all(&self) -> Result<()> {
            if let Some((mut memory, answer)) = self.0.lock().unwrap().take() {
                *answer.lock().unwrap() = memory.fill(0, &[1]).err().map(|e| e.code());
            }
            Ok(())
        }
    }

    let (ctx, released) = context();
    let allocator = Allocator::create(&ctx, strict()).unwrap();
    let memory = alloc(&allocator, Kind::RODATA, 100);
    drop(allocator);
    let answer = AllocError::default();
    let drops = Drops(Mutex::new(Some((memory, answer.clone()))));
    let config = iomm::PageTableConfig::new();
    let table = iomm::PageTable::with_tlb(&ctx, iomm::format::ARM64_S1, &config, drops).unwrap();
    drop(table);
    assert_eq!(*answer.lock().unwrap(), Some(ErrorCode::EDEADLK));
    assert_eq!(ctx.live_handles(HandleKind::ANY), 1);
    drop(ctx);
    assert_eq!(*released.lock().unwrap(), Some(0));
}
