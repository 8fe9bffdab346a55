// SPDX-License-Identifier: MIT OR Apache-2.0
//! What can be done with a table beside mapping and unmapping.
#![cfg(feature = "std")]

mod common;

use common::{BUFFER, RW, Tlb, context, on_machine};
use iomm::{
    Code, Context, Extent, Format, HandleKind, MapOptions, PageTable, PageTableConfig,
    PageTableInfo, Prot, Reservation, Segment, TableView, WalkKind, format,
};
use std::fmt::{self, Write};
use std::mem;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;

const MIB: u64 = 1 << 20;

fn config() -> PageTableConfig<'static> {
    PageTableConfig::new().granule(4 << 10).ias(39).oas(48)
}

fn table(ctx: &Context) -> PageTable {
    PageTable::create(ctx, format::ARM64_S1, &config()).unwrap()
}

fn page_size(table: &TableView, iova: u64) -> u64 {
    table.translate(iova).unwrap().unwrap().page_size
}

fn stretches(extents: &[Extent]) -> Vec<(u64, u64, u64)> {
    let stretch = |extent: &Extent| (extent.iova, extent.bytes, extent.paddr);
    extents.iter().map(stretch).collect()
}

/// Pages that have a page of something else between them, each an extent.
fn map_scattered(table: &mut PageTable, pages: u64) {
    for page in 0..pages {
        table.map(page << 12, page << 16, 0x1000, RW).unwrap();
    }
}

#[test]
fn a_page_size_can_be_forced() {
    on_machine(|machine| {
        let mut table = table(&machine.ctx);
        let small = MapOptions::new().page_size(4096);
        table.map_with(0, 0, 2 * MIB, RW, small).unwrap();
        assert_eq!(page_size(&table, MIB), 4096);
        table.map(2 * MIB, 0, 2 * MIB, RW).unwrap();
        assert_eq!(page_size(&table, 3 * MIB), 2 * MIB);
        for bytes in [0, 3000, 8192, 1 << 40] {
            let odd = MapOptions::new().page_size(bytes);
            let error = table.map_with(4 * MIB, 0, 2 * MIB, RW, odd).unwrap_err();
            assert_eq!((error.error.code(), error.done), (Code::EINVAL, 0));
        }
    });
}

#[test]
fn a_page_can_be_repeated() {
    on_machine(|machine| {
        let mut table = table(&machine.ctx);
        let repeat = MapOptions::new().repeat(true);
        table
            .map_with(0x1000, 0x8000, 0x3000, Prot::READ, repeat)
            .unwrap();
        for page in 1..4 {
            let found = table.translate((page << 12) + 5).unwrap().unwrap();
            assert_eq!(found.paddr, 0x8005);
        }
    });
}

#[test]
fn segments_are_mapped_in_a_row() {
    on_machine(|machine| {
        let mut table = table(&machine.ctx);
        let segment = |paddr, bytes| Segment { paddr, bytes };
        let list = [
            segment(0x8000, 0x1000),
            segment(0x9000, 0x1000),
            segment(0x2_0000, 0x2000),
        ];
        let options = MapOptions::new();
        table.map_segments(0x1000, &list, RW, options).unwrap();
        let extents: Vec<_> = table.extents(0, MIB).unwrap().collect();
        assert_eq!(
            stretches(&extents),
            [(0x1000, 0x2000, 0x8000), (0x3000, 0x2000, 0x2_0000)]
        );
        assert_eq!(extents[0].prot, RW);

        let error = table.map_segments(MIB, &[], RW, options).unwrap_err();
        assert_eq!(error.error.code(), Code::EINVAL);
        let odd = [segment(0x8000, 0x1000), segment(0x8000, 0x1001)];
        let error = table.map_segments(MIB, &odd, RW, options).unwrap_err();
        assert_eq!((error.error.code(), error.done), (Code::EINVAL, 0));
        let error = table.map_segments(0, &list, RW, options).unwrap_err();
        assert_eq!((error.error.code(), error.done), (Code::EEXIST, 0x1000));
    });
}

#[test]
fn extents_are_cut_off_at_the_ends() {
    on_machine(|machine| {
        let mut table = table(&machine.ctx);
        map_scattered(&mut table, 40);
        let extents: Vec<_> = table.extents(0, 1 << 39).unwrap().collect();
        let wanted: Vec<_> = (0..40).map(|n| (n << 12, 0x1000, n << 16)).collect();
        assert_eq!(stretches(&extents), wanted);

        let mut some = [Extent::default(); 3];
        assert_eq!(table.read_extents(0x1800, u64::MAX / 2, &mut some), Ok(3));
        assert_eq!(
            stretches(&some),
            [
                (0x1800, 0x800, 0x1_0800),
                (0x2000, 0x1000, 0x2_0000),
                (0x3000, 0x1000, 0x3_0000),
            ]
        );
        assert_eq!(table.read_extents(40 << 12, MIB, &mut some), Ok(0));
        assert_eq!(table.extents(39 << 12, 0x800).unwrap().count(), 1);
        for (iova, bytes) in [(0, 0), (u64::MAX, 2)] {
            let error = table.extents(iova, bytes).unwrap_err();
            assert_eq!(error.code(), Code::EINVAL);
        }
        let error = table.read_extents(0, MIB, &mut []).unwrap_err();
        assert_eq!(error.code(), Code::EINVAL);
    });
}

#[test]
fn the_upper_half_ends_with_the_address_space() {
    on_machine(|machine| {
        let config = config().upper(true);
        let mut table = PageTable::create(&machine.ctx, format::ARM64_S1, &config).unwrap();
        let info = table.info();
        assert!(info.upper && !info.shared && !info.adopted);
        assert_eq!(info.last_iova, u64::MAX);
        for n in 1..=20 {
            let iova = 0u64.wrapping_sub(n << 12);
            table.map(iova, n << 16, 0x1000, RW).unwrap();
        }
        let all = table.extents(info.first_iova, 1 << 39).unwrap();
        assert_eq!(all.count(), 20);
        let mut extents = Vec::new();
        let mut gather = table.gather();
        let bytes = gather
            .unmap_extents(info.first_iova, 1 << 39, &mut extents)
            .unwrap();
        gather.flush().unwrap();
        assert_eq!((bytes, extents.len()), (20 << 12, 20));
    });
}

#[test]
fn unmapping_tells_what_was_mapped() {
    on_machine(|machine| {
        let tlb = Tlb::default();
        let mut table =
            PageTable::with_tlb(&machine.ctx, format::ARM64_S1, &config(), tlb.clone()).unwrap();
        map_scattered(&mut table, 40);
        let mut gather = table.gather();
        let mut extents = Vec::new();
        let bytes = gather.unmap_extents(0x800, 0x1000, &mut extents);
        assert_eq!(bytes.unwrap_err().error.code(), Code::EINVAL);
        let bytes = gather.unmap_extents(0x1000, 1 << 38, &mut extents).unwrap();
        assert_eq!((bytes, extents.len()), (39 << 12, 39));
        assert_eq!(extents[38].paddr, 39 << 16);
        assert_eq!(extents[38].prot, RW);
        gather.flush().unwrap();
        assert!(!tlb.calls().is_empty());
        assert!(gather.translate(0).unwrap().is_some());
        assert_eq!(gather.translate(0x1000).unwrap(), None);
    });
}

#[test]
fn a_protection_can_be_changed() {
    on_machine(|machine| {
        let mut table = table(&machine.ctx);
        table.map(0, 0, 2 * MIB, RW).unwrap();
        let mut gather = table.gather();
        let changed = gather.protect(0x1000, 0x2000, Prot::READ).unwrap();
        gather.flush().unwrap();
        assert_eq!(changed, 0x2000);
        let protections: Vec<_> = gather
            .extents(0, 2 * MIB)
            .unwrap()
            .map(|extent| (extent.iova, extent.prot))
            .collect();
        assert_eq!(protections, [(0, RW), (0x1000, Prot::READ), (0x3000, RW)]);
        let error = gather.protect(0, 0x1000, Prot::empty()).unwrap_err();
        assert_eq!((error.error.code(), error.done), (Code::EINVAL, 0));
    });
}

#[test]
fn what_is_split_can_be_merged() {
    on_machine(|machine| {
        let mut table = table(&machine.ctx);
        table.map(0, 4 * MIB, 2 * MIB, RW).unwrap();
        let before: Vec<_> = table.extents(0, 2 * MIB).unwrap().collect();
        table.split(0x1000, 0x1000, 4096).unwrap();
        assert_eq!(page_size(&table, MIB), 4096);
        assert_eq!(
            table.extents(0, 2 * MIB).unwrap().collect::<Vec<_>>(),
            before
        );
        let error = table.split(0, 2 * MIB, 12345).unwrap_err();
        assert_eq!(error.code(), Code::EINVAL);

        let mut gather = table.gather();
        gather.merge(0, 2 * MIB).unwrap();
        gather.flush().unwrap();
        assert_eq!(page_size(&gather, MIB), 2 * MIB);
        assert_eq!(
            gather.extents(0, 2 * MIB).unwrap().collect::<Vec<_>>(),
            before
        );
    });
}

/// Writes to a page as hardware that tracks it: AP[2] is cleared in the leaf.
fn write_as_hardware(table: &PageTable, iova: u64) {
    let mut last = 0;
    let found = table.walk(iova, 1, |entry| match entry.kind {
        WalkKind::TABLE => {
            last = entry.paddr;
            ControlFlow::Continue(())
        }
        _ => ControlFlow::Break(entry.level),
    });
    assert_eq!(found, Ok(ControlFlow::Break(3)));
    let entry = (last + (iova >> 12 & 511) * 8) as *const AtomicU64;
    // SAFETY: without a provider a table's address is a pointer, and walkers
    // write to tables while nobody else looks.
    unsafe { &*entry }.fetch_and(!(1 << 7), Ordering::Relaxed);
}

#[test]
fn what_the_hardware_wrote_to_is_told_once() {
    on_machine(|machine| {
        let config = config().coherent(true).dirty(true);
        let mut table = PageTable::create(&machine.ctx, format::ARM64_S1, &config).unwrap();
        assert!(table.info().dirty);
        let small = MapOptions::new().page_size(4096);
        table.map_with(0, 0, 70 << 12, RW, small).unwrap();
        write_as_hardware(&table, 3 << 12);
        write_as_hardware(&table, 66 << 12);

        let mut bitmap = [1, 0];
        table.read_dirty(0, 70 << 12, &mut bitmap).unwrap();
        assert_eq!(bitmap, [0b1001, 0b100]);
        let mut gather = table.gather();
        for wanted in [[0b1000, 0b100], [0, 0]] {
            let mut bitmap = [0; 2];
            gather
                .read_and_clear_dirty(0, 70 << 12, &mut bitmap)
                .unwrap();
            gather.flush().unwrap();
            assert_eq!(bitmap, wanted);
        }
        let error = gather.read_dirty(0, 70 << 12, &mut [0]).unwrap_err();
        assert_eq!(error.code(), Code::EMSGSIZE);
        let error = gather.read_and_clear_dirty(0, 70 << 12, &mut []);
        assert_eq!(error.unwrap_err().code(), Code::EMSGSIZE);
    });
}

#[test]
fn who_does_not_track_says_so() {
    on_machine(|machine| {
        let mut table = table(&machine.ctx);
        let error = table.read_dirty(0, 0x1000, &mut [0]).unwrap_err();
        assert_eq!(error.code(), Code::EOPNOTSUPP);
        let error = table.gather().read_and_clear_dirty(0, 0x1000, &mut [0]);
        assert_eq!(error.unwrap_err().code(), Code::EOPNOTSUPP);
    });
}

#[test]
fn a_reset_is_survived_and_spare_tables_are_given_back() {
    on_machine(|machine| {
        let tlb = Tlb::default();
        let mut table =
            PageTable::with_tlb(&machine.ctx, format::ARM64_S1, &config(), tlb.clone()).unwrap();
        table.map(0, 0, 0x1000, RW).unwrap();
        let info = table.info();
        assert_eq!(table.restore().unwrap(), info);
        assert_eq!(tlb.calls(), ["all"]);

        table.unmap(0, 0x1000).unwrap();
        let spare = table.info().spare;
        assert_eq!(spare, info.tables - 1);
        assert_eq!(table.trim().unwrap(), spare * 4096);
        assert_eq!((table.info().spare, table.trim().unwrap()), (0, 0));
    });
}

#[test]
fn a_dump_is_read_and_loaded() {
    on_machine(|machine| {
        let mut table = table(&machine.ctx);
        map_scattered(&mut table, 20);
        table.map(4 * MIB, 8 * MIB, 2 * MIB, Prot::READ).unwrap();
        let mut dump = Vec::new();
        let whole = table.dump_binary(|piece| {
            dump.extend_from_slice(piece);
            ControlFlow::<()>::Continue(())
        });
        assert_eq!(whole, Ok(ControlFlow::Continue(())));
        let stopped = table.dump_binary(|_| ControlFlow::Break("enough"));
        assert_eq!(stopped, Ok(ControlFlow::Break("enough")));

        let loaded = TableView::load(&machine.ctx, &dump).unwrap();
        let text = |table: &TableView| table.dump_text().to_string();
        // The first line says what kind of table it is.
        let (same, original) = (text(&loaded), text(&table));
        assert!(same.lines().skip(1).eq(original.lines().skip(1)), "{same}");
        assert!(same.lines().count() > 20, "{same}");
        assert!(same.ends_with('\n'));
        let extents = |table: &TableView| table.extents(0, 1 << 39).unwrap().collect::<Vec<_>>();
        assert_eq!(extents(&loaded), extents(&table));
        assert_eq!(loaded.info().regs, table.info().regs);

        for cut in [&dump[..0], &dump[..dump.len() - 1], b"no dump at all"] {
            let error = TableView::load(&machine.ctx, cut).unwrap_err();
            assert_eq!(error.code(), Code::EINVAL);
        }
    });
}

#[test]
fn a_writer_that_is_full_ends_the_dump() {
    struct Full;
    impl Write for Full {
        fn write_str(&mut self, _: &str) -> fmt::Result {
            Err(fmt::Error)
        }
    }
    on_machine(|machine| {
        let table = table(&machine.ctx);
        assert_eq!(write!(Full, "{}", table.dump_text()), Err(fmt::Error));
    });
}

#[test]
fn tables_can_be_adopted() {
    on_machine(|machine| {
        let config = config().memory(&machine.tables);
        let mut first = PageTable::create(&machine.ctx, format::ARM64_S1, &config).unwrap();
        first.map(0x1000, 0x8000, 0x1000, RW).unwrap();
        let left = first.info();
        // SAFETY: the first table made its tables in that memory, and is not
        // used again until the second is gone.
        let config = unsafe { config.adopt(left.root_pa) };
        let mut second = PageTable::create(&machine.ctx, format::ARM64_S1, &config).unwrap();
        let info = second.info();
        assert!(info.adopted);
        assert_eq!((info.root_pa, info.foreign), (left.root_pa, left.tables));
        assert_eq!(second.translate(0x1000).unwrap().unwrap().paddr, 0x8000);
        second.map(4 * MIB, 0x9000, 0x1000, RW).unwrap();
        assert_eq!(second.unmap(0x1000, 0x1000).unwrap(), 0x1000);
        assert_eq!(second.unmap(4 * MIB, 0x1000).unwrap(), 0x1000);
        drop(second);

        // SAFETY: as above; but nothing is at that address.
        let config = unsafe { config.adopt(BUFFER) };
        let error = PageTable::create(&machine.ctx, format::ARM64_S1, &config).unwrap_err();
        assert_eq!(error.code(), Code::EFAULT);
    });
}

#[test]
fn stage_two_has_registers_of_its_own() {
    on_machine(|machine| {
        let format = Format::request(&machine.ctx, format::ARM64_S2).unwrap();
        assert_eq!(format.info().nr_regs, 3);
        let mut table =
            PageTable::create(&machine.ctx, format::ARM64_S2, &config().s2fwb(true)).unwrap();
        let info = table.info();
        assert!(info.s2fwb);
        assert_eq!(info.regs[PageTableInfo::VTTBR], info.root_pa);
        assert_ne!(info.regs[PageTableInfo::VTCR], 0);
        // HCR_EL2.FWB
        assert_eq!(info.regs[PageTableInfo::HCR], 1 << 46);
        table.map(0x1000, 0x8000, 0x1000, RW).unwrap();
        assert_eq!(table.translate(0x1000).unwrap().unwrap().paddr, 0x8000);
    });
}

#[test]
fn a_cursor_works_in_its_gather() {
    on_machine(|machine| {
        let tlb = Tlb::default();
        let mut table =
            PageTable::with_tlb(&machine.ctx, format::ARM64_S1, &config(), tlb.clone()).unwrap();
        let mut gather = table.gather();
        let mut cursor = gather.cursor();
        let options = MapOptions::new();
        for page in 1..1000 {
            let iova = page << 12;
            cursor.map(iova, iova, 0x1000, RW, options).unwrap();
            cursor.unmap(iova - 0x1000, 0x1000).unwrap();
        }
        assert_eq!(cursor.translate(998 << 12).unwrap(), None);
        assert!(cursor.translate(999 << 12).unwrap().is_some());
        let error = cursor.map(999 << 12, 0, 0x1000, RW, options).unwrap_err();
        assert_eq!(error.error.code(), Code::EEXIST);
        cursor.flush().unwrap();
        drop(cursor);
        assert_eq!(gather.pending(), 0);
        assert!(!tlb.calls().is_empty());
    });
}

#[test]
fn a_forgotten_cursor_leaves_the_table_usable() {
    let (ctx, _) = context();
    let mut table = table(&ctx);
    let mut gather = table.gather();
    mem::forget(gather.cursor());
    gather.map(0, 0, 0x1000, RW).unwrap();
    drop(gather);
    assert_eq!(table.unmap(0, 0x1000).unwrap(), 0x1000);
    drop(table);
    assert_eq!(ctx.live_handles(HandleKind::PAGE_TABLE), 1, "it leaks");
}

#[test]
fn what_is_reserved_can_be_committed() {
    on_machine(|machine| {
        let (ctx, options) = (&machine.ctx, MapOptions::new());
        let (mut first, mut second) = (table(ctx), table(ctx));
        let mut reserved = first.reserve(0x1000, 0x3000).unwrap();
        assert_eq!(ctx.live_handles(HandleKind::RESERVATION), 1);
        let error = second.commit(&mut reserved, 0x1000, 0, 0x1000, RW, options);
        assert_eq!(error.unwrap_err().error.code(), Code::EINVAL);
        let error = first.commit(&mut reserved, 0x4000, 0, 0x1000, RW, options);
        assert_eq!(error.unwrap_err().error.code(), Code::EINVAL);

        first
            .commit(&mut reserved, 0x2000, 0x8000, 0x2000, RW, options)
            .unwrap();
        let mut gather = first.gather();
        gather
            .commit(&mut reserved, 0x1000, 0x8000, 0x1000, RW, options)
            .unwrap();
        drop(gather);
        assert_eq!(first.extents(0, MIB).unwrap().count(), 2);
        assert_eq!(first.unmap(0, MIB).unwrap(), 0x3000);
        let error = first.commit(&mut reserved, 0x1000, 0x8000, 0x1000, RW, options);
        assert_eq!(error.unwrap_err().error.code(), Code::ENOSPC);

        // It holds its table, which the handle does not have to outlive.
        drop(first);
        assert_eq!(ctx.live_handles(HandleKind::PAGE_TABLE), 2);
        drop(reserved);
        assert_eq!(ctx.live_handles(HandleKind::PAGE_TABLE), 1);
    });
}

#[test]
fn a_reservation_may_be_dropped_on_any_thread() {
    on_machine(|machine| {
        let mut table = table(&machine.ctx);
        let (give, take) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(move || take.into_iter().for_each(drop::<Reservation>));
            for _ in 0..10_000 {
                give.send(table.reserve(0, 4 * MIB).unwrap()).unwrap();
                table.map(0, 0, 0x1000, RW).unwrap();
                table.unmap(0, 0x1000).unwrap();
            }
            drop(give);
        });
        // All tables are where they can be found again.
        machine.ctx.run().unwrap();
        table.trim().unwrap();
        let info = table.info();
        assert_eq!((info.tables, info.spare, info.quarantined), (1, 0, 0));
    });
}
