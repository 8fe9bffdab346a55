// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory by type: hooks, backends written in Rust, atomic hooks.
#![cfg(feature = "std")]

mod common;

use common::allocators::{RW, alloc, on_allocator, strict};
use common::{context, panics};
use iomm::allocator::{
    Access, Allocation, Allocator, AllocatorConfig, Backend, Descriptor, Grant, GrantRequest, Kind,
};
use iomm::{Code as ErrorCode, Context, HandleKind, Result, TlbOps};
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

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
