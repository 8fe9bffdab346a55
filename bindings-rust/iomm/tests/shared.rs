// SPDX-License-Identifier: MIT OR Apache-2.0
//! Page tables that several threads work on at once.
#![cfg(feature = "std")]

mod common;

use common::race::{Random, rounds};
use common::{RW, Tlb, context, on_machine, panics};
use iomm::{
    Code, Context, Gather, HandleKind, MapOptions, PageTableConfig, Partial, Prot, SharedPageTable,
    Table, TableMemory, TableMemoryProvider, WalkKind, format,
};
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::mem;
use std::ops::ControlFlow;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

const MIB: u64 = 1 << 20;

fn config() -> PageTableConfig<'static> {
    PageTableConfig::new().granule(4 << 10).ias(39).oas(48)
}

fn table(ctx: &Context, tlb: &Tlb) -> SharedPageTable {
    SharedPageTable::with_tlb(ctx, format::ARM64_S1, &config(), tlb.clone()).unwrap()
}

#[test]
fn handles_share_one_table() {
    on_machine(|machine| {
        let tlb = Tlb::default();
        let first = table(&machine.ctx, &tlb);
        assert!(first.info().shared);
        let second = first.clone();
        assert_eq!(first, second);
        assert_ne!(first, table(&machine.ctx, &tlb));
        assert_eq!(tlb.calls(), ["all"]);
        first.map(0x1000, 0x8000, 0x1000, RW).unwrap();
        drop(first);
        assert_eq!(second.translate(0x1000).unwrap().unwrap().paddr, 0x8000);
        assert_eq!(machine.ctx.live_handles(HandleKind::PAGE_TABLE), 1);
        assert_eq!(second.unmap_now(0, MIB).unwrap(), 0x1000);
        assert!(!tlb.calls().is_empty());
        drop(second);
        assert_eq!(tlb.calls(), ["all"]);
        assert!(tlb.is_alone());
    });
}

#[test]
fn hooks_of_a_table_that_is_not_made_are_dropped() {
    on_machine(|machine| {
        let tlb = Tlb::default();
        let made = SharedPageTable::with_tlb(&machine.ctx, "none", &config(), tlb.clone());
        assert_eq!(made.unwrap_err().code(), Code::ENOENT);
        assert!(tlb.is_alone());
    });
}

#[test]
fn a_gather_serves_one_table_at_a_time() {
    on_machine(|machine| {
        let tlb = Tlb::default();
        let (first, second) = (table(&machine.ctx, &tlb), table(&machine.ctx, &tlb));
        first.map(0, 0, 0x1000, RW).unwrap();
        second.map(0, 0, 0x1000, RW).unwrap();
        let mut gather = Gather::new();
        assert_eq!(first.unmap(0, 0x1000, &mut gather).unwrap(), 0x1000);
        let error = second.unmap(0, 0x1000, &mut gather).unwrap_err();
        assert_eq!((error.error.code(), error.done), (Code::EINVAL, 0));
        gather.flush().unwrap();
        assert_eq!(second.unmap(0, 0x1000, &mut gather).unwrap(), 0x1000);
        tlb.calls();
        drop(gather);
        assert!(!tlb.calls().is_empty());

        let (strange, _) = context();
        let stranger = table(&strange, &Tlb::default());
        first.map(0, 0, 0x1000, RW).unwrap();
        let mut gather = Gather::new();
        first.unmap(0, 0x1000, &mut gather).unwrap();
        let error = stranger.unmap(0, 0x1000, &mut gather).unwrap_err();
        assert_eq!(error.error.code(), Code::EINVAL);
    });
}

#[test]
fn what_cannot_be_flushed_is_in_quarantine() {
    on_machine(|machine| {
        let tlb = Tlb::default();
        let table = table(&machine.ctx, &tlb);
        table.map(0x1000, 0x1000, 0x1000, RW).unwrap();
        tlb.fail(true);
        let mut gather = Gather::new();
        table.unmap(0x1000, 0x1000, &mut gather).unwrap();
        assert_eq!(gather.flush().unwrap_err().code(), Code::EIO);
        drop(gather);
        assert!(table.info().quarantined > 0);
        assert_eq!(table.flush_all().unwrap_err().code(), Code::EIO);
        tlb.fail(false);
        table.flush_all().unwrap();
        assert_eq!(table.info().quarantined, 0);
    });
}

#[test]
fn a_forgotten_gather_leaves_the_table_usable() {
    let (ctx, _) = context();
    let table = table(&ctx, &Tlb::default());
    table.map(0x1000, 0x1000, 0x1000, RW).unwrap();
    let mut gather = Gather::new();
    table.unmap(0x1000, 0x1000, &mut gather).unwrap();
    mem::forget(gather);
    table.map(0x1000, 0x2000, 0x1000, RW).unwrap();
    assert_eq!(table.unmap_now(0x1000, 0x1000).unwrap(), 0x1000);
    table.trim().unwrap();
    drop(table);
    assert_eq!(ctx.live_handles(HandleKind::PAGE_TABLE), 1, "it leaks");
}

#[test]
fn everything_can_be_asked_of_a_handle() {
    on_machine(|machine| {
        let table = table(&machine.ctx, &Tlb::default());
        let mut gather = Gather::new();
        table.map(0, 0, 2 * MIB, RW).unwrap();
        table.split(0, 2 * MIB, 4096).unwrap();
        table.merge(0, 2 * MIB, &mut gather).unwrap();
        let changed = table.protect(0, MIB, Prot::READ, &mut gather).unwrap();
        assert_eq!(changed, MIB);
        assert_eq!(table.extents(0, 2 * MIB).unwrap().count(), 2);
        let mut extents = Vec::new();
        let unmapped = table.unmap_extents(0, 2 * MIB, &mut extents, &mut gather);
        assert_eq!((unmapped, extents.len()), (Ok(2 * MIB), 2));
        gather.flush().unwrap();
        let error = table.read_and_clear_dirty(0, 0x1000, &mut [0], &mut gather);
        assert_eq!(error.unwrap_err().code(), Code::EOPNOTSUPP);
        assert_eq!(table.restore().unwrap().root_pa, table.info().root_pa);

        let options = MapOptions::new();
        let mut reserved = table.reserve(0, 0x1000).unwrap();
        table
            .commit(&mut reserved, 0, 0, 0x1000, RW, options)
            .unwrap();
        let other = SharedPageTable::create(&machine.ctx, format::ARM64_S1, &config()).unwrap();
        let error = other.commit(&mut reserved, 0, 0, 0x1000, RW, options);
        assert_eq!(error.unwrap_err().error.code(), Code::EINVAL);
    });
}

/// To a walk, what its visitor changes is as if another thread had.
#[test]
fn a_walk_may_change_what_it_walks() {
    on_machine(|machine| {
        let table = table(&machine.ctx, &Tlb::default());
        let small = MapOptions::new().page_size(4096);
        table.map_with(0, 0, 2 * MIB, RW, small).unwrap();
        let mut leaves = 0;
        let walked = table.walk(0, 2 * MIB, |entry| {
            if entry.kind != WalkKind::TABLE {
                leaves += 1;
                table.unmap_now(entry.iova, entry.bytes).unwrap();
                table.map(4 * MIB, 0, 0x1000, RW).unwrap();
                table.unmap_now(4 * MIB, 0x1000).unwrap();
            }
            ControlFlow::<()>::Continue(())
        });
        assert_eq!(walked, Ok(ControlFlow::Continue(())));
        assert_eq!(leaves, 512);
        assert_eq!(table.extents(0, 8 * MIB).unwrap().count(), 0);
    });
}

/// Memory that is out now and then, and panics once.
#[derive(Default)]
struct Moody {
    calls: AtomicU64,
    live: AtomicU64,
    panic: AtomicBool,
}

fn layout(bytes: u64) -> Layout {
    Layout::from_size_align(bytes as usize, bytes as usize).unwrap()
}

struct Provider(Arc<Moody>);

// SAFETY: tables come from the allocator, zeroed and aligned to their size.
unsafe impl TableMemoryProvider for Provider {
    fn alloc(&self, bytes: u64, _: u64) -> iomm::Result<Table> {
        if self.0.panic.swap(false, Ordering::Relaxed) {
            panic!("no table for you");
        }
        if self.0.calls.fetch_add(1, Ordering::Relaxed) % 7 == 6 {
            return Err(Code::ENOMEM.into());
        }
        self.0.live.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the layout is not empty.
        let va = NonNull::new(unsafe { alloc_zeroed(layout(bytes)) }).unwrap();
        let pa = va.as_ptr() as u64;
        Ok(Table { va, pa })
    }

    unsafe fn free(&self, table: Table, bytes: u64) {
        self.0.live.fetch_sub(1, Ordering::Relaxed);
        // SAFETY: it comes from `alloc`, with the same size.
        unsafe { dealloc(table.va.as_ptr(), layout(bytes)) };
    }
}

/// Pages that all threads fight for; more than one leaf table.
const PAGES: u64 = 1536;
/// Where the page at an address is always mapped to.
const DISTANCE: u64 = 1 << 32;

/// What a thread has mapped and unmapped, in bytes.
#[derive(Default)]
struct Books {
    mapped: u64,
    unmapped: u64,
}

/// The bytes of a call that races with others, whose errors are no surprise.
fn raced(answer: Result<u64, Partial>, expected: &[Code]) -> u64 {
    answer.unwrap_or_else(|partial| {
        let code = partial.error.code();
        assert!(expected.contains(&code), "{partial}");
        partial.done
    })
}

fn hammer(table: &SharedPageTable, seed: u64) -> Books {
    let mut random = Random::new(seed);
    let mut books = Books::default();
    let mut gather = Gather::new();
    let mut cursor = table.cursor();
    let (options, busy) = (MapOptions::new(), [Code::EEXIST, Code::ENOMEM]);
    for _ in 0..rounds(2000) {
        let most = [8, 8, 8, 600][random.below(4) as usize];
        let (first, pages) = (random.below(PAGES), 1 + random.below(most));
        let (iova, bytes) = (first << 12, pages.min(PAGES - first) << 12);
        let paddr = iova + DISTANCE;
        match random.below(12) {
            0..=2 => {
                let mapped = table.map(iova, paddr, bytes, RW);
                books.mapped += raced(mapped.map(|()| bytes), &busy);
            }
            3 => {
                let mapped = cursor.map(iova, paddr, bytes, RW, options);
                books.mapped += raced(mapped.map(|()| bytes), &busy);
            }
            4 => {
                // It may be out of memory, or have been unmapped again.
                if let Ok(mut reserved) = table.reserve(iova, bytes) {
                    let mapped = table.commit(&mut reserved, iova, paddr, bytes, RW, options);
                    let mapped = mapped.map(|()| bytes);
                    books.mapped += raced(mapped, &[Code::EEXIST, Code::ENOSPC]);
                }
            }
            5..=6 => {
                let unmapped = table.unmap(iova, bytes, &mut gather);
                books.unmapped += raced(unmapped, &[Code::ENOMEM]);
            }
            7 => {
                let unmapped = cursor.unmap(iova, bytes, &mut gather);
                books.unmapped += raced(unmapped, &[Code::ENOMEM]);
            }
            8 => {
                let mut extents = Vec::new();
                let unmapped = table.unmap_extents(iova, bytes, &mut extents, &mut gather);
                books.unmapped += raced(unmapped, &[Code::ENOMEM]);
                for extent in extents {
                    assert_eq!(extent.paddr, extent.iova + DISTANCE);
                }
            }
            9 => {
                let prot = [RW, Prot::READ][random.below(2) as usize];
                raced(
                    table.protect(iova, bytes, prot, &mut gather),
                    &[Code::ENOMEM],
                );
            }
            10 => {
                if let Err(error) = table.split(iova, bytes, 4096) {
                    assert_eq!(error.code(), Code::ENOMEM);
                }
                table.merge(iova, bytes, &mut gather).unwrap();
            }
            _ => {
                gather.flush().unwrap();
                table.trim().unwrap();
            }
        }
        look(table, iova, bytes);
    }
    gather.flush().unwrap();
    books
}

/// Whatever the others do: what is mapped is mapped to its place.
fn look(table: &SharedPageTable, iova: u64, bytes: u64) {
    if let Some(found) = table.translate(iova).unwrap() {
        assert_eq!(found.paddr, iova + DISTANCE);
        assert!(found.prot.contains(Prot::READ));
    }
    for extent in table.extents(iova, bytes).unwrap() {
        assert_eq!(extent.paddr, extent.iova + DISTANCE);
    }
    let walked = table.walk(iova, bytes, |entry| {
        if entry.kind != WalkKind::TABLE {
            assert_eq!(entry.paddr, entry.iova + DISTANCE);
        }
        ControlFlow::<()>::Continue(())
    });
    assert_eq!(walked, Ok(ControlFlow::Continue(())));
}

#[test]
fn threads_may_do_anything_at_once() {
    on_machine(|machine| {
        let memory = Arc::new(Moody::default());
        let provider = TableMemory::from_provider(&machine.ctx, Provider(memory.clone())).unwrap();
        let config = config().memory(&provider);
        let tlb = Tlb::default();
        let table = SharedPageTable::with_tlb(&machine.ctx, format::ARM64_S1, &config, tlb.clone())
            .unwrap();
        let books: Vec<Books> = thread::scope(|scope| {
            let threads: Vec<_> = (1..=4)
                .map(|seed| {
                    scope.spawn({
                        let table = table.clone();
                        move || hammer(&table, seed)
                    })
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });

        // Each byte was mapped and unmapped as often as the threads were told.
        let mapped: u64 = books.iter().map(|books| books.mapped).sum();
        let unmapped: u64 = books.iter().map(|books| books.unmapped).sum();
        let extents: Vec<_> = table.extents(0, 1 << 39).unwrap().collect();
        let left: u64 = extents.iter().map(|extent| extent.bytes).sum();
        assert_eq!(mapped - unmapped, left);
        assert!(unmapped > 0);
        look(&table, 0, 1 << 39);

        // And nothing is left of it.
        assert_eq!(table.unmap_now(0, 1 << 39).unwrap(), left);
        table.trim().unwrap();
        let info = table.info();
        assert_eq!((info.tables, info.spare, info.quarantined), (1, 0, 0));
        assert_eq!(memory.live.load(Ordering::Relaxed), 1);
        assert!(!tlb.calls().is_empty());
        drop((table, provider));
        assert_eq!(memory.live.load(Ordering::Relaxed), 0);
    });
}

#[test]
fn a_panic_stays_on_its_thread() {
    on_machine(|machine| {
        let memory = Arc::new(Moody::default());
        let provider = TableMemory::from_provider(&machine.ctx, Provider(memory.clone())).unwrap();
        let config = config().memory(&provider);
        let table = SharedPageTable::create(&machine.ctx, format::ARM64_S1, &config).unwrap();
        memory.panic.store(true, Ordering::Relaxed);
        assert_eq!(panics(|| table.map(0, 0, 0x1000, RW)), "no table for you");
        table.map(0, 0, 0x1000, RW).unwrap();
        assert_eq!(table.unmap_now(0, 0x1000).unwrap(), 0x1000);
    });
}

#[test]
fn gathers_go_from_thread_to_thread() {
    on_machine(|machine| {
        let tlb = Tlb::default();
        let table = table(&machine.ctx, &tlb);
        table.map(0, 0, 2 * MIB, RW).unwrap();
        let gathers: Vec<Gather> = thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|n| {
                    let table = &table;
                    scope.spawn(move || {
                        let mut gather = Gather::new();
                        let unmapped = table.unmap(n * MIB / 2, MIB / 2, &mut gather);
                        assert_eq!(unmapped.unwrap(), MIB / 2);
                        gather
                    })
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert!(gathers.iter().all(|gather| gather.pending() >= MIB / 2));
        drop(table);
        assert_eq!(machine.ctx.live_handles(HandleKind::PAGE_TABLE), 1);
        drop(gathers);
        assert_eq!(machine.ctx.live_handles(HandleKind::PAGE_TABLE), 0);
        assert_eq!(tlb.calls().last().unwrap(), "all");
    });
}
