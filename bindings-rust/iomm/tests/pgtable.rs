// SPDX-License-Identifier: MIT OR Apache-2.0
//! Page tables that have one owner, and their gathers.
#![cfg(feature = "std")]

mod common;

use common::{RW, Tlb, context, on_machine, panics};
use iomm::{Code, Context, HandleKind, PageTable, PageTableConfig, WalkKind, format};
use std::mem;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::thread;

fn table(ctx: &Context, tlb: &Tlb) -> PageTable {
    let config = PageTableConfig::new().granule(4 << 10).ias(39).oas(48);
    PageTable::with_tlb(ctx, format::ARM64_S1, &config, tlb.clone()).unwrap()
}

#[test]
fn a_table_maps_and_unmaps() {
    on_machine(|machine| {
        let tlb = Tlb::default();
        let mut table = table(&machine.ctx, &tlb);
        let info = table.info();
        assert_eq!((info.granule, info.ias, info.oas), (4 << 10, 39, 48));
        assert_eq!((info.first_iova, info.last_iova), (0, (1 << 39) - 1));
        assert_eq!(info.regs[iomm::PageTableInfo::TTBR0], info.root_pa);

        table.map(0x20_0000, 0x4000_0000, 0x20_1000, RW).unwrap();
        let found = table.translate(0x20_1234).unwrap().unwrap();
        assert_eq!((found.paddr, found.page_size), (0x4000_1234, 2 << 20));
        assert_eq!(table.translate(0).unwrap(), None);
        assert_eq!(table.unmap(0x20_0000, 0x20_1000).unwrap(), 0x20_1000);
        assert!(!tlb.calls().is_empty());
        assert_eq!(table.translate(0x20_1234).unwrap(), None);
    });
}

#[test]
fn mistakes_are_errors() {
    on_machine(|machine| {
        let ctx = &machine.ctx;
        let config = PageTableConfig::new();
        let error = PageTable::create(ctx, "no-such-format", &config).unwrap_err();
        assert_eq!(error.code(), Code::ENOENT);
        let wide = PageTableConfig::new().ias(60);
        let error = PageTable::create(ctx, format::ARM64_S1, &wide).unwrap_err();
        assert_eq!(error.code(), Code::EINVAL);
        assert!(error.message().contains("60"), "{error}");

        let mut table = PageTable::create(ctx, format::ARM64_S1, &config).unwrap();
        let error = table.map(0x123, 0, 0x1000, RW).unwrap_err();
        assert_eq!((error.error.code(), error.done), (Code::EINVAL, 0));
        assert_eq!(table.translate(u64::MAX).unwrap_err().code(), Code::EINVAL);
        let error = table.unmap(0, 0).unwrap_err();
        assert_eq!(error.error.code(), Code::EINVAL);
    });
}

#[test]
fn hooks_of_a_table_that_is_not_made_are_dropped() {
    on_machine(|machine| {
        let tlb = Tlb::default();
        let config = PageTableConfig::new();
        let error = PageTable::with_tlb(&machine.ctx, "none", &config, tlb.clone()).unwrap_err();
        assert_eq!(error.code(), Code::ENOENT);
        assert!(tlb.is_alone());
        drop(table(&machine.ctx, &tlb));
        assert!(tlb.is_alone());
        assert_eq!(tlb.calls(), ["all"]);
    });
}

#[test]
fn a_gather_collects_and_its_drop_flushes() {
    on_machine(|machine| {
        let tlb = Tlb::default();
        let mut table = table(&machine.ctx, &tlb);
        table.map(0x1000, 0x1000, 0x4000, RW).unwrap();
        let mut gather = table.gather();
        assert_eq!(gather.unmap(0x1000, 0x1000).unwrap(), 0x1000);
        assert_eq!(gather.unmap(0x2000, 0x1000).unwrap(), 0x1000);
        gather.map(0x1000, 0x8000, 0x1000, RW).unwrap();
        assert_eq!(gather.translate(0x1000).unwrap().unwrap().paddr, 0x8000);
        assert_eq!(gather.pending(), 0x2000);
        assert_eq!(tlb.calls(), [""; 0]);
        drop(gather);
        assert_eq!(tlb.calls(), ["0x1000..=0x2fff of 0x1000"]);
        drop(table.gather());
        assert_eq!(tlb.calls(), [""; 0]);
    });
}

#[test]
fn what_cannot_be_flushed_is_in_quarantine() {
    on_machine(|machine| {
        let tlb = Tlb::default();
        let mut table = table(&machine.ctx, &tlb);
        let before = table.info().tables;
        table.map(0x1000, 0x1000, 0x1000, RW).unwrap();
        tlb.fail(true);

        let mut gather = table.gather();
        gather.unmap(0x1000, 0x1000).unwrap();
        assert_eq!(gather.flush().unwrap_err().code(), Code::EIO);
        assert_eq!(gather.pending(), 0x1000);
        drop(gather);
        assert!(table.info().quarantined > 0);
        assert_eq!(table.flush_all().unwrap_err().code(), Code::EIO);

        tlb.fail(false);
        table.flush_all().unwrap();
        let info = table.info();
        assert_eq!((info.quarantined, info.tables), (0, before));

        tlb.fail(true);
        table.map(0x1000, 0x1000, 0x1000, RW).unwrap();
        let stopped = table.unmap(0x1000, 0x1000).unwrap_err();
        assert_eq!((stopped.error.code(), stopped.done), (Code::EIO, 0x1000));
        tlb.fail(false);
        table.map(0x1000, 0x1000, 0x1000, RW).unwrap();
        let mut gather = table.gather();
        gather.unmap(0x1000, 0x1000).unwrap();
        gather.abandon();
        assert!(table.info().quarantined > 0);
        table.flush_all().unwrap();
    });
}

#[test]
fn a_forgotten_gather_leaves_the_table_usable() {
    let (ctx, released) = context();
    let tlb = Tlb::default();
    let mut table = table(&ctx, &tlb);
    table.map(0x1000, 0x1000, 0x1000, RW).unwrap();
    let mut gather = table.gather();
    gather.unmap(0x1000, 0x1000).unwrap();
    mem::forget(gather);
    table.map(0x1000, 0x2000, 0x1000, RW).unwrap();
    assert_eq!(table.unmap(0x1000, 0x1000).unwrap(), 0x1000);
    drop(table);
    assert_eq!(ctx.live_handles(HandleKind::PAGE_TABLE), 1, "it leaks");
    drop(ctx);
    assert_eq!(*released.lock().unwrap(), None);
}

#[test]
fn a_table_goes_from_thread_to_thread() {
    on_machine(|machine| {
        let tlb = Tlb::default();
        let mut table = table(&machine.ctx, &tlb);
        for n in 0..8 {
            table = thread::spawn(move || {
                table.map(n << 12, n << 12, 0x1000, RW).unwrap();
                table
            })
            .join()
            .unwrap();
        }
        let shared = Mutex::new(table);
        thread::scope(|scope| {
            for n in 0..8 {
                let shared = &shared;
                scope.spawn(move || {
                    let mut table = shared.lock().unwrap();
                    assert_eq!(table.unmap(n << 12, 0x1000).unwrap(), 0x1000);
                });
            }
        });
    });
}

#[test]
fn a_walk_shows_tables_before_leaves() {
    on_machine(|machine| {
        let mut table = table(&machine.ctx, &Tlb::default());
        table.map(0x1000, 0x8000, 0x2000, RW).unwrap();
        let mut seen = Vec::new();
        let walked = table.walk(0, 1 << 39, |entry| {
            seen.push((entry.kind, entry.level, entry.iova, entry.bytes));
            ControlFlow::<()>::Continue(())
        });
        assert_eq!(walked, Ok(ControlFlow::Continue(())));
        assert_eq!(
            seen,
            [
                (WalkKind::TABLE, 1, 0, 1 << 30),
                (WalkKind::TABLE, 2, 0, 2 << 20),
                (WalkKind::LEAF, 3, 0x1000, 0x1000),
                (WalkKind::LEAF, 3, 0x2000, 0x1000),
            ]
        );
        let first = table.walk(0, 1 << 39, |entry| match entry.kind {
            WalkKind::LEAF => ControlFlow::Break(entry.paddr),
            _ => ControlFlow::Continue(()),
        });
        assert_eq!(first, Ok(ControlFlow::Break(0x8000)));
        let error = table.walk(0, 0, |_| ControlFlow::<()>::Continue(()));
        assert_eq!(error.unwrap_err().code(), Code::EINVAL);
    });
}

#[test]
fn a_walk_may_look_and_may_panic() {
    on_machine(|machine| {
        let mut table = table(&machine.ctx, &Tlb::default());
        table.map(0x1000, 0x8000, 0x2000, RW).unwrap();
        let looked = table.walk(0x1000, 0x2000, |entry| match entry.kind {
            WalkKind::LEAF => ControlFlow::Break(table.translate(entry.iova).unwrap()),
            _ => ControlFlow::Continue(()),
        });
        assert_eq!(
            looked.unwrap().break_value().flatten().unwrap().paddr,
            0x8000
        );
        let said = panics(|| table.walk(0, 0x2000, |_| -> ControlFlow<()> { panic!("enough") }));
        assert_eq!(said, "enough");
        assert_eq!(table.unmap(0x1000, 0x2000).unwrap(), 0x2000);
    });
}
