// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory for tables: arenas, and providers written in Rust.
#![cfg(feature = "std")]

mod common;

use common::{BUFFER, RAM, TABLE_BYTES, on_machine, panics};
use iomm::{
    Code, GuestMemory, HandleKind, PageTable, PageTableConfig, Prot, Result, Table, TableMemory,
    TableMemoryProvider, format,
};
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

const RW: Prot = Prot::READ.union(Prot::WRITE);

#[test]
fn memory_has_bounds() {
    for (base, bytes) in [(0, 0), (1, 4096), (0, 100), (u64::MAX - 4095, 8192)] {
        let error = GuestMemory::new(base, bytes).unwrap_err();
        assert_eq!(error.code(), Code::EINVAL, "{base:#x} {bytes:#x}");
    }
    let huge = GuestMemory::new(0, 1 << 63).unwrap_err();
    assert_eq!(huge.code(), Code::EINVAL);
    let top = GuestMemory::new(u64::MAX - 4095, 4096).unwrap();
    top.write(u64::MAX, &[1]).unwrap();
    assert_eq!(
        top.write(u64::MAX, &[1, 2]).unwrap_err().code(),
        Code::EINVAL
    );

    let ram = GuestMemory::new(RAM, 8192).unwrap();
    let mut all = vec![1; 8192];
    ram.read(RAM, &mut all).unwrap();
    assert!(all.iter().all(|byte| *byte == 0));
    for (paddr, bytes) in [(RAM - 1, 1), (RAM + 8192, 1), (RAM + 8191, 2), (0, 8192)] {
        let error = ram.read(paddr, &mut all[..bytes]).unwrap_err();
        assert_eq!(error.code(), Code::EINVAL, "{paddr:#x}");
    }
    ram.read(RAM + 8192, &mut []).unwrap();
}

#[test]
fn tables_lie_in_the_arena_and_nobody_writes_there() {
    on_machine(|machine| {
        let config = PageTableConfig::new().memory(&machine.tables);
        let table = PageTable::create(&machine.ctx, format::ARM64_S1, &config).unwrap();
        let root = table.info().root_pa;
        assert!((RAM..BUFFER).contains(&root));
        for (paddr, bytes) in [(root, 1), (BUFFER - 1, 2), (RAM, 4 << 20)] {
            let error = machine.ram.write(paddr, &vec![0xff; bytes]).unwrap_err();
            assert_eq!(error.code(), Code::EACCES);
        }
        machine.ram.write(BUFFER, &[0xff]).unwrap();
        machine.ram.read(root, &mut [0; 64]).unwrap();
    });
}

#[test]
fn two_arenas_do_not_overlap() {
    on_machine(|machine| {
        let arena = |from, to| TableMemory::arena(&machine.ctx, &machine.ram, from..to);
        for (from, to) in [(RAM, BUFFER), (BUFFER - 4096, BUFFER + 4096)] {
            assert_eq!(arena(from, to).unwrap_err().code(), Code::EBUSY);
        }
        let second = arena(BUFFER, BUFFER + 4096).unwrap();
        assert_eq!(
            arena(BUFFER, BUFFER + 4096).unwrap_err().code(),
            Code::EBUSY
        );
        drop(second);
        drop(arena(BUFFER, BUFFER + 4096).unwrap());
        for (from, to) in [
            (RAM - 1, BUFFER),
            (BUFFER, BUFFER),
            (BUFFER + 1, BUFFER + 4096),
        ] {
            assert_eq!(arena(from, to).unwrap_err().code(), Code::EINVAL);
        }
        #[allow(clippy::reversed_empty_ranges)]
        let backwards = arena(BUFFER, RAM);
        assert_eq!(backwards.unwrap_err().code(), Code::EINVAL);
        // What failed has given its pages back.
        machine.ram.write(BUFFER, &[1; 8192]).unwrap();
    });
}

#[test]
fn a_full_arena_is_out_of_memory() {
    on_machine(|machine| {
        let tiny = TableMemory::arena(&machine.ctx, &machine.ram, BUFFER..BUFFER + 8192).unwrap();
        let config = PageTableConfig::new().memory(&tiny);
        let mut table = PageTable::create(&machine.ctx, format::ARM64_S1, &config).unwrap();
        let error = table.map(0x1000, 0, 0x1000, RW).unwrap_err();
        assert_eq!(error.error.code(), Code::ENOMEM);
    });
}

#[test]
fn the_arena_holds_its_memory() {
    on_machine(|machine| {
        let ram = GuestMemory::new(0x1000_0000, TABLE_BYTES).unwrap();
        let tables =
            TableMemory::arena(&machine.ctx, &ram, 0x1000_0000..0x1000_0000 + TABLE_BYTES).unwrap();
        drop(ram);
        let config = PageTableConfig::new().memory(&tables);
        let mut table = PageTable::create(&machine.ctx, format::ARM64_S1, &config).unwrap();
        drop(tables);
        table.map(0x1000, 0, 0x1000, RW).unwrap();
        assert_eq!(machine.ctx.live_handles(HandleKind::TABLE_MEMORY), 2);
        drop(table);
        assert_eq!(machine.ctx.live_handles(HandleKind::TABLE_MEMORY), 1);
    });
}

/// Tables on the heap, at an offset, in full view of a counter.
#[derive(Clone, Default)]
struct Heap(Arc<Counters>);

#[derive(Default)]
struct Counters {
    live: AtomicU32,
    synced: AtomicU32,
    fail: AtomicBool,
    panic: AtomicBool,
    linear: bool,
    garbage: bool,
}

const OFFSET: u64 = 0x10_0000_0000;

fn layout(bytes: u64) -> Layout {
    Layout::from_size_align(bytes as usize, bytes as usize).unwrap()
}

// SAFETY: tables come from the allocator, zeroed or said not to be, and aligned
// to their size; the offset is the same for all; addresses are never turned into pointers.
unsafe impl TableMemoryProvider for Heap {
    fn alloc(&self, bytes: u64, _: u64) -> Result<Table> {
        if self.0.panic.load(Ordering::Relaxed) {
            panic!("no table for you");
        }
        if self.0.fail.load(Ordering::Relaxed) {
            return Err(Code::EIO.into());
        }
        self.0.live.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the layout is not empty.
        let va = NonNull::new(unsafe { alloc_zeroed(layout(bytes)) }).unwrap();
        if self.0.garbage {
            // SAFETY: it is ours still, and so long.
            unsafe { va.write_bytes(0xff, bytes as usize) };
        }
        Ok(Table {
            va,
            pa: va.as_ptr() as u64 - OFFSET,
        })
    }

    unsafe fn free(&self, table: Table, bytes: u64) {
        self.0.live.fetch_sub(1, Ordering::Relaxed);
        // SAFETY: it comes from `alloc`, with the same size.
        unsafe { dealloc(table.va.as_ptr(), layout(bytes)) };
    }

    fn linear_offset(&self) -> Option<u64> {
        self.0.linear.then_some(OFFSET)
    }

    fn is_zeroed(&self) -> bool {
        !self.0.garbage
    }

    fn needs_sync(&self) -> bool {
        true
    }

    fn sync(&self, part: Table, bytes: u64) {
        assert_eq!(part.va.as_ptr() as u64 - OFFSET, part.pa);
        assert!(bytes > 0);
        self.0.synced.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_provider_serves_tables() {
    on_machine(|machine| {
        for linear in [false, true] {
            let heap = Heap(Arc::new(Counters {
                linear,
                ..Counters::default()
            }));
            let memory = TableMemory::from_provider(&machine.ctx, heap.clone()).unwrap();
            let config = PageTableConfig::new().memory(&memory);
            let mut table = PageTable::create(&machine.ctx, format::ARM64_S1, &config).unwrap();
            drop(memory);
            table.map(0x1000, 0, 0x1000, RW).unwrap();
            let info = table.info();
            assert_eq!(u64::from(heap.0.live.load(Ordering::Relaxed)), info.tables);
            assert!(heap.0.synced.load(Ordering::Relaxed) > 0);
            drop(table);
            assert_eq!(heap.0.live.load(Ordering::Relaxed), 0);
            assert_eq!(Arc::strong_count(&heap.0), 1, "the provider is dropped");
        }
    });
}

#[test]
fn a_provider_may_refuse_and_may_panic() {
    on_machine(|machine| {
        let heap = Heap::default();
        let memory = TableMemory::from_provider(&machine.ctx, heap.clone()).unwrap();
        let config = PageTableConfig::new().memory(&memory);
        let mut table = PageTable::create(&machine.ctx, format::ARM64_S1, &config).unwrap();
        heap.0.fail.store(true, Ordering::Relaxed);
        let error = table.map(0x1000, 0, 0x1000, RW).unwrap_err();
        assert_eq!(error.error.code(), Code::EIO);
        heap.0.fail.store(false, Ordering::Relaxed);

        heap.0.panic.store(true, Ordering::Relaxed);
        let said = panics(|| table.map(0x1000, 0, 0x1000, RW));
        assert_eq!(said, "no table for you");
        heap.0.panic.store(false, Ordering::Relaxed);
        table.map(0x1000, 0, 0x1000, RW).unwrap();
    });
}

#[test]
fn a_provider_need_not_zero_its_tables() {
    on_machine(|machine| {
        let heap = Heap(Arc::new(Counters {
            garbage: true,
            ..Counters::default()
        }));
        let memory = TableMemory::from_provider(&machine.ctx, heap).unwrap();
        let config = PageTableConfig::new().memory(&memory);
        let mut table = PageTable::create(&machine.ctx, format::ARM64_S1, &config).unwrap();
        table.map(0x1000, 0, 0x1000, RW).unwrap();
        // Nothing else is mapped, in none of the new tables.
        assert_eq!(table.extents(0, 1 << 39).unwrap().count(), 1);
    });
}
