// SPDX-License-Identifier: MIT OR Apache-2.0
//! Domains and their gathers.
#![cfg(feature = "std")]

mod common;

use common::{BUFFER, DISK, Diary, Machine, context, on_machine};
use iomm::{Code, Context, Domain, DomainConfig, Gather, HandleKind, Prot, format};
use std::mem;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

const RW: Prot = Prot::READ.union(Prot::WRITE);

#[test]
fn a_device_sees_what_is_mapped() {
    on_machine(|machine| {
        let bound = machine.bound();
        let domain = bound.domain();
        domain.attach(&bound.device).unwrap();
        domain.map(0x10000, BUFFER, 0x4000, RW).unwrap();
        bound.hardware.write(DISK, 0x12345, b"bytes").unwrap();
        let mut bytes = [0; 5];
        machine.ram.read(BUFFER + 0x2345, &mut bytes).unwrap();
        assert_eq!(&bytes, b"bytes");

        let found = domain.translate(0x12345).unwrap().unwrap();
        assert_eq!(found.paddr, BUFFER + 0x2345);
        assert_eq!(found.prot & RW, RW);
        assert_eq!(domain.translate(0x20000).unwrap(), None);
        assert_eq!(domain.unmap_now(0x10000, 0x4000).unwrap(), 0x4000);
        domain.flush_all().unwrap();
        let error = bound.hardware.write(DISK, 0x12345, b"bytes").unwrap_err();
        assert_eq!(error.fault.unwrap().iova, 0x12345);
    });
}

#[test]
fn wishes_are_granted_or_refused() {
    on_machine(|machine| {
        let bound = machine.bound();
        let config = DomainConfig::paging()
            .format(format::ARM64_S1)
            .granule(16 << 10)
            .ias(40);
        let info = Domain::create(&bound.device, &config)
            .unwrap()
            .info()
            .unwrap();
        assert_eq!((info.granule, info.ias), (16 << 10, 40));
        assert!((common::RAM..BUFFER).contains(&info.root_pa));

        let odd = DomainConfig::paging().granule(12345);
        let error = Domain::create(&bound.device, &odd).unwrap_err();
        assert_eq!(error.code(), Code::EINVAL);

        let blocked = Domain::create(&bound.device, &DomainConfig::blocked()).unwrap();
        blocked.attach(&bound.device).unwrap();
        let error = blocked.map(0, BUFFER, 0x1000, RW).unwrap_err();
        assert_eq!((error.error.code(), error.done), (Code::EINVAL, 0));
    });
}

#[test]
fn a_map_that_stops_says_how_far_it_got() {
    on_machine(|machine| {
        let bound = machine.bound();
        let domain = bound.domain();
        domain.map(0x3000, BUFFER, 0x1000, RW).unwrap();
        let stopped = domain.map(0x1000, BUFFER, 0x4000, RW).unwrap_err();
        assert_eq!((stopped.error.code(), stopped.done), (Code::EEXIST, 0x2000));
        assert!(stopped.to_string().ends_with("(after 0x2000 bytes)"));
        let nothing = domain.unmap_now(0x8000, 0x1000).unwrap();
        assert_eq!(nothing, 0, "holes are skipped");
    });
}

#[test]
fn only_one_domain_is_attached() {
    on_machine(|machine| {
        let bound = machine.bound();
        let (one, two) = (bound.domain(), bound.domain());
        one.attach(&bound.device).unwrap();
        assert_eq!(two.attach(&bound.device).unwrap_err().code(), Code::EBUSY);
        assert_eq!(two.detach(&bound.device).unwrap_err().code(), Code::ENOENT);
        one.detach(&bound.device).unwrap();
        two.attach(&bound.device).unwrap();
    });
}

#[test]
fn one_flush_serves_many_unmaps() {
    on_machine(|machine| {
        let bound = machine.bound();
        let domain = bound.domain();
        domain.map(0x1000, BUFFER, 0x4000, RW).unwrap();
        bound.diary.calls();
        let mut gather = Gather::new();
        assert_eq!(gather.pending(), 0);
        for page in 1..5 {
            domain.unmap(page << 12, 0x1000, &mut gather).unwrap();
        }
        assert_eq!(gather.pending(), 0x4000);
        assert_eq!(bound.diary.calls(), [""; 0]);
        gather.flush().unwrap();
        gather.flush().unwrap();
        assert_eq!(bound.diary.calls(), ["flush 0x1000..=0x4fff"]);
        assert_eq!(gather.pending(), 0);
    });
}

#[test]
fn a_dropped_gather_flushes() {
    on_machine(|machine| {
        let bound = machine.bound();
        let domain = bound.domain();
        domain.map(0x1000, BUFFER, 0x1000, RW).unwrap();
        bound.diary.calls();
        let mut gather = Gather::new();
        domain.unmap(0x1000, 0x1000, &mut gather).unwrap();
        drop(gather);
        assert_eq!(bound.diary.calls(), ["flush 0x1000..=0x1fff"]);
        drop(Gather::new());
    });
}

#[test]
fn a_gather_serves_one_domain_at_a_time() {
    on_machine(|machine| {
        let bound = machine.bound();
        let (one, two) = (bound.domain(), bound.domain());
        let mut gather = Gather::new();
        for domain in [&one, &two] {
            domain.map(0x1000, BUFFER, 0x1000, RW).unwrap();
        }
        one.unmap(0x1000, 0x1000, &mut gather).unwrap();
        let error = two.unmap(0x1000, 0x1000, &mut gather).unwrap_err();
        assert_eq!(error.error.code(), Code::EINVAL);
        gather.flush().unwrap();
        two.unmap(0x1000, 0x1000, &mut gather).unwrap();
        gather.flush().unwrap();

        // One that serves nobody may go to another context.
        one.unmap(1, 1, &mut gather).unwrap_err();
        let (other, _released) = context();
        let strangers = Machine::new(&other);
        let domain = strangers.bound().domain();
        domain.map(0x1000, BUFFER, 0x1000, RW).unwrap();
        domain.unmap(0x1000, 0x1000, &mut gather).unwrap();
    });
}

#[test]
fn a_gather_outlives_its_domain() {
    on_machine(|machine| {
        for unregister in [false, true] {
            let bound = machine.bound();
            let domain = bound.domain();
            domain.map(0x1000, BUFFER, 0x1000, RW).unwrap();
            let mut gather = Gather::new();
            domain.unmap(0x1000, 0x1000, &mut gather).unwrap();
            drop(domain);
            if unregister {
                bound.iommu.unregister(None).unwrap();
            }
            assert_eq!(machine.ctx.live_handles(HandleKind::PAGE_TABLE), 1);
            gather.flush().unwrap();
            assert_eq!(machine.ctx.live_handles(HandleKind::PAGE_TABLE), 0);
            bound.device.remove(None).unwrap();
        }
    });
}

#[test]
fn a_gather_may_be_flushed_on_another_thread() {
    on_machine(|machine| {
        let bound = machine.bound();
        let domain = bound.domain();
        domain.map(0, BUFFER, 0x100_000, RW).unwrap();
        thread::scope(|scope| {
            for page in 0..16 {
                let mut gather = Gather::new();
                domain.unmap(page << 16, 0x8000, &mut gather).unwrap();
                scope.spawn(move || gather.flush().unwrap());
                let domain = domain.clone();
                scope.spawn(move || domain.unmap_now((page << 16) + 0x8000, 0x8000).unwrap());
            }
        });
        assert_eq!(domain.unmap_now(0, 0x100_000).unwrap(), 0);
    });
}

#[test]
fn a_flush_that_fails_keeps_everything() {
    on_machine(|machine| {
        let bound = machine.bound();
        let domain = bound.domain();
        domain.map(0x1000, BUFFER, 0x1000, RW).unwrap();
        bound.diary.fail(Some("flush"));
        let mut gather = Gather::new();
        domain.unmap(0x1000, 0x1000, &mut gather).unwrap();
        assert_eq!(gather.flush().unwrap_err().code(), Code::EIO);
        assert_eq!(gather.pending(), 0x1000);
        bound.diary.fail(None);
        gather.flush().unwrap();

        // One that cannot be flushed goes to the quarantine, in a destructor
        // or by hand, and says nothing.
        bound.diary.fail(Some("flush"));
        for abandon in [false, true] {
            domain.map(0x1000, BUFFER, 0x1000, RW).unwrap();
            domain.unmap(0x1000, 0x1000, &mut gather).unwrap();
            let gather = mem::take(&mut gather);
            if abandon {
                gather.abandon();
            }
        }
        let stopped = domain.unmap_now(0x1000, 0x1000);
        assert_eq!(stopped, Ok(0));
        domain.map(0x1000, BUFFER, 0x1000, RW).unwrap();
        let stopped = domain.unmap_now(0x1000, 0x1000).unwrap_err();
        assert_eq!((stopped.error.code(), stopped.done), (Code::EIO, 0x1000));
    });
}

#[test]
fn a_forgotten_gather_blocks_nobody() {
    let (ctx, released) = context();
    let machine = Machine::new(&ctx);
    let bound = machine.bound();
    let domain = bound.domain();
    domain.map(0x1000, BUFFER, 0x1000, RW).unwrap();
    let mut gather = Gather::new();
    domain.unmap(0x1000, 0x1000, &mut gather).unwrap();
    mem::forget(gather);
    domain.map(0x1000, BUFFER, 0x1000, RW).unwrap();
    assert_eq!(domain.unmap_now(0x1000, 0x1000).unwrap(), 0x1000);
    bound.device.remove(None).unwrap();
    bound.iommu.unregister(None).unwrap();
    ctx.close(None).unwrap();
    drop((domain, bound, machine));
    assert_eq!(ctx.live_handles(HandleKind::PAGE_TABLE), 1, "it leaks");
    drop(ctx);
    assert_eq!(*released.lock().unwrap(), None);
}

/// While the library may hold locks nothing can be flushed; the gather goes
/// when the outermost call returns.
#[test]
fn a_gather_that_an_event_drops_is_flushed_later() {
    static GATHER: Mutex<Option<(Gather, Diary)>> = Mutex::new(None);

    let ctx = Context::builder()
        .log_level(iomm::LogLevel::INFO)
        .on_log(|_, _, _| {
            if let Some((gather, diary)) = GATHER.lock().unwrap().take() {
                drop(gather);
                assert_eq!(diary.calls(), [""; 0], "not flushed in there");
            }
        })
        .build()
        .unwrap();
    let machine = Machine::new(&ctx);
    let bound = machine.bound();
    let domain = bound.domain();
    domain.map(0x1000, BUFFER, 0x1000, RW).unwrap();
    let mut gather = Gather::new();
    domain.unmap(0x1000, 0x1000, &mut gather).unwrap();
    bound.diary.calls();
    *GATHER.lock().unwrap() = Some((gather, bound.diary.clone()));

    let _second = machine.register("/iommu@2000", machine.driver()).unwrap();
    assert!(GATHER.lock().unwrap().is_none(), "it was dropped in there");
    assert_eq!(bound.diary.calls(), ["flush 0x1000..=0x1fff"]);
}

/// Another thread is inside the domain, and is not waited for.
#[test]
fn a_gather_that_a_callback_drops_is_flushed_there() {
    on_machine(|machine| {
        let bound = machine.bound();
        let domain = bound.domain();
        domain.map(0x1000, BUFFER, 0x2000, RW).unwrap();
        let mut gather = Gather::new();
        domain.unmap(0x1000, 0x1000, &mut gather).unwrap();
        bound.diary.calls();

        // The other thread stays inside the domain until the drop is over.
        let (inside, wait) = bound.diary.hold("flush");
        thread::scope(|scope| {
            scope.spawn(|| domain.unmap_now(0x2000, 0x1000).unwrap());
            wait.recv().unwrap();
            assert_eq!(bound.diary.calls(), ["flush 0x2000..=0x2fff"]);
            let device = machine.device("/plain@6000");
            device.add_release(move || drop(gather)).unwrap();
            device.remove(None).unwrap();
            assert_eq!(bound.diary.calls(), ["flush 0x1000..=0x1fff"]);
            inside.send(()).unwrap();
        });
    });
}

/// Handles that are dropped in an atomic hook go when the call has returned.
#[test]
fn an_atomic_hook_may_drop_handles() {
    struct Hook {
        drop: Mutex<Vec<Domain>>,
        answers: Arc<Mutex<Vec<Code>>>,
    }
    impl iomm::TlbOps for Hook {
        fn flush(&self, _: &iomm::FlushRange) -> iomm::Result<()> {
            let mut domains = self.drop.lock().unwrap();
            for domain in domains.drain(..) {
                let error = domain.info().unwrap_err();
                self.answers.lock().unwrap().push(error.code());
            }
            Ok(())
        }
        fn flush_all(&self) -> iomm::Result<()> {
            Ok(())
        }
    }
    on_machine(|machine| {
        let bound = machine.bound();
        let answers = Arc::new(Mutex::new(Vec::new()));
        let hook = Hook {
            drop: Mutex::new(vec![bound.domain()]),
            answers: answers.clone(),
        };
        let config = iomm::PageTableConfig::new();
        let mut table = iomm::PageTable::with_tlb(&machine.ctx, "arm64-s1", &config, hook).unwrap();
        table.map(0, 0, 0x1000, RW).unwrap();
        assert_eq!(machine.ctx.live_handles(HandleKind::DOMAIN), 1);
        table.unmap(0, 0x1000).unwrap();
        assert_eq!(*answers.lock().unwrap(), [Code::EDEADLK]);
        assert_eq!(machine.ctx.live_handles(HandleKind::DOMAIN), 0);
    });
}

#[test]
fn a_handler_that_calls_back_is_told_off_not_hung() {
    static DOMAIN: OnceLock<Domain> = OnceLock::new();
    static ANSWER: Mutex<Option<Code>> = Mutex::new(None);
    let ctx = Context::new().unwrap();
    let machine = Machine::new(&ctx);
    let bound = machine.bound();
    let domain = bound.domain();
    domain
        .set_fault_handler(|_| {
            let error = DOMAIN.get().unwrap().context().run().unwrap_err();
            *ANSWER.lock().unwrap() = Some(error.code());
            // This does not wait, so it works.
            DOMAIN.get().unwrap().map(0, BUFFER, 0x1000, RW).unwrap();
        })
        .unwrap();
    domain.attach(&bound.device).unwrap();
    assert!(DOMAIN.set(domain.clone()).is_ok());
    let fault = bound
        .hardware
        .write(DISK, 0, &[1])
        .unwrap_err()
        .fault
        .unwrap();
    bound.iommu.report_fault(&fault).unwrap();
    assert_eq!(*ANSWER.lock().unwrap(), Some(Code::EDEADLK));
    bound.hardware.write(DISK, 0, &[1]).unwrap();
}
