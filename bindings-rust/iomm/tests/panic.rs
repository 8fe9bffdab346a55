// SPDX-License-Identifier: MIT OR Apache-2.0
//! Panics in callbacks: resumed in the outermost call, or the end.
#![cfg(feature = "std")]

mod common;

use common::{BUFFER, Bound, DISK, Machine, on_machine, panics};
use iomm::{
    Code, Context, Device, DeviceState, Domain, DomainConfig, Fault, FaultReason, LogLevel,
    PageTable, PageTableConfig, Prot, Result, Table, TableMemory, TableMemoryProvider, TlbOps,
    format,
};
use std::process::Command;
use std::sync::{Arc, Mutex};

const RW: Prot = Prot::READ.union(Prot::WRITE);

// ---------------------------------------------------------------- resumed

#[test]
fn out_of_probe() {
    on_machine(|machine| {
        for call in ["translate", "probe"] {
            let driver = machine.driver();
            let diary = driver.diary.clone();
            let iommu = machine.register("/iommu@2000", driver).unwrap();
            let device = machine.device("/gpu@5000");
            diary.panic(call);
            assert_eq!(panics(|| device.probe()), format!("{call} panics"));
            assert_eq!(device.state(), DeviceState::NONE);
            // The library has seen nothing but an error.
            device.probe().unwrap();
            iommu.unregister(None).unwrap();
        }
    });
}

#[test]
fn out_of_run() {
    on_machine(|machine| {
        let device = machine.device("/disk@3000");
        assert_eq!(device.probe().unwrap_err().code(), Code::EPROBE_DEFER);
        let driver = machine.driver();
        driver.diary.panic("probe");
        let _iommu = machine.register("/iommu@1000", driver).unwrap();
        assert_eq!(panics(|| machine.ctx.run()), "probe panics");
        machine.ctx.run().unwrap();
    });
}

#[test]
fn out_of_what_a_domain_does() {
    on_machine(|machine| {
        let bound = machine.bound();
        let Bound { device, diary, .. } = &bound;
        diary.panic("domain_alloc");
        let create = || Domain::create(device, &DomainConfig::paging());
        assert_eq!(panics(create), "domain_alloc panics");

        let domain = create().unwrap();
        diary.panic("attach_prepare");
        assert_eq!(panics(|| domain.attach(device)), "attach_prepare panics");
        domain.attach(device).unwrap();
        domain.detach(device).unwrap();
        diary.panic("domain_free");
        assert_eq!(panics(|| drop(domain)), "domain_free panics");
        diary.panic("release");
        assert_eq!(panics(|| device.remove(None)), "release panics");
        assert_eq!(device.state(), DeviceState::REMOVED);
    });
}

#[test]
fn out_of_the_drop_that_drops_the_driver() {
    on_machine(|machine| {
        let driver = machine.driver();
        driver.diary.panic("drop");
        let iommu = machine.register("/iommu@1000", driver).unwrap();
        iommu.unregister(None).unwrap();
        assert_eq!(panics(|| drop(iommu)), "drop panics");
    });
}

#[test]
fn out_of_the_call_that_reports_a_fault() {
    on_machine(|machine| {
        let bound = machine.bound();
        let domain = bound.domain();
        domain.set_fault_handler(|fault| panic!("{fault}")).unwrap();
        domain.attach(&bound.device).unwrap();
        let fault = Fault {
            id: DISK,
            pasid: 0,
            iova: 0x1000,
            reason: FaultReason::TRANSLATION,
            access: Prot::READ,
        };
        let said = panics(|| bound.iommu.report_fault(&fault));
        assert_eq!(said, fault.to_string());
        domain.map(0x1000, BUFFER, 0x1000, RW).unwrap();
    });
}

#[test]
fn out_of_the_call_that_logs() {
    let ctx = Context::builder()
        .log_level(LogLevel::INFO)
        .on_log(|_, tag, _| {
            if tag == "/iommu@1000" {
                panic!("no more paper")
            }
        })
        .build()
        .unwrap();
    let machine = Machine::new(&ctx);
    let said = panics(|| machine.register("/iommu@1000", machine.driver()));
    assert_eq!(said, "no more paper");
    // The instance was made, and went with the panic: the node is free.
    let said = panics(|| machine.register("/iommu@1000", machine.driver()));
    assert_eq!(said, "no more paper");
}

#[test]
fn out_of_the_outermost_call_only() {
    on_machine(|machine| {
        let bound = machine.bound();
        let inner = machine.device("/net@4000");
        inner.add_release(|| panic!("inside")).unwrap();
        let answers = Arc::new(Mutex::new(Vec::new()));
        let note = answers.clone();
        let (diary, device) = (bound.diary.clone(), bound.device.clone());
        let other = machine.device("/plain@6000");
        other
            .add_release(move || {
                let mut note = note.lock().unwrap();
                // Neither of these unwinds; a refusal shows as an error.
                note.push(inner.remove(None).map_err(|e| e.code()));
                diary.panic("domain_alloc");
                let domain = Domain::create(&device, &DomainConfig::paging());
                note.push(domain.map(drop).map_err(|e| e.code()));
            })
            .unwrap();
        // The first of the two.
        assert_eq!(panics(|| other.remove(None)), "inside");
        assert_eq!(*answers.lock().unwrap(), [Ok(()), Err(Code::EPROTO)]);
        assert_eq!(other.state(), DeviceState::REMOVED);
        // And nothing is left over.
        machine.ctx.run().unwrap();
    });
}

#[test]
fn each_thread_has_its_own() {
    on_machine(|machine| {
        let devices: Vec<Device> = ["/disk@3000", "/net@4000", "/gpu@5000"]
            .map(|path| machine.device(path))
            .into();
        std::thread::scope(|scope| {
            for device in &devices {
                scope.spawn(move || {
                    let name = device.name();
                    device.add_release(move || panic!("{name}")).unwrap();
                    assert_eq!(panics(|| device.remove(None)), device.name());
                });
            }
        });
    });
}

#[test]
fn a_second_panic_does_not_abort_the_first() {
    on_machine(|machine| {
        let device = machine.device("/disk@3000");
        device.add_release(|| panic!("second")).unwrap();
        let said = panics(|| {
            let _dropped_while_unwinding = device;
            panic!("first");
        });
        assert_eq!(said, "first");
        machine.ctx.run().unwrap();
    });
}

#[test]
fn payloads_may_be_anything() {
    struct Bomb(&'static str);
    impl Drop for Bomb {
        fn drop(&mut self) {
            if self.0 == "second" {
                panic!("a payload's destructor was run")
            }
        }
    }
    on_machine(|machine| {
        let device = machine.device("/disk@3000");
        // Last-in first-out.
        for name in ["second", "first"] {
            device
                .add_release(move || std::panic::panic_any(Bomb(name)))
                .unwrap();
        }
        let remove = std::panic::AssertUnwindSafe(|| device.remove(None));
        let payload = std::panic::catch_unwind(remove).unwrap_err();
        assert_eq!(payload.downcast::<Bomb>().unwrap().0, "first");
    });
}

#[test]
fn out_of_what_a_closure_drops() {
    struct Loud;
    impl Drop for Loud {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    on_machine(|machine| {
        let device = machine.device("/disk@3000");
        let loud = Loud;
        device
            .add_release(move || {
                let _loud = loud;
            })
            .unwrap();
        assert_eq!(panics(|| device.remove(None)), "dropped");
    });
}

// ----------------------------------------------------------------- the end

/// Runs a test again in a process of its own, which is to abort with a
/// sentence.
#[track_caller]
fn aborts(name: &str, sentence: &str, body: impl FnOnce()) {
    const CHILD: &str = "IOMM_TEST_ABORTS";
    if std::env::var_os(CHILD).is_some() {
        body();
        std::process::exit(0);
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "it did not abort: {stderr}");
    let line = format!("iomm: {sentence}; aborting");
    assert!(stderr.contains(&line), "it said something else: {stderr}");
}

const ATOMIC: &str = "a callback that runs in atomic context panicked";

#[test]
fn in_the_flush_of_a_driver() {
    aborts("in_the_flush_of_a_driver", ATOMIC, || {
        on_machine(|machine| {
            let bound = machine.bound();
            let domain = bound.domain();
            domain.map(0x1000, BUFFER, 0x1000, RW).unwrap();
            bound.diary.panic("flush");
            let _ = panics(|| domain.unmap_now(0x1000, 0x1000));
        });
    });
}

const VITAL: &str = "a callback that attaches or blocks a device panicked";

#[test]
fn in_the_commit_of_an_attach() {
    aborts("in_the_commit_of_an_attach", VITAL, || {
        on_machine(|machine| {
            let bound = machine.bound();
            bound.diary.panic("attach_commit");
            let _ = panics(|| bound.domain().attach(&bound.device));
        });
    });
}

/// Resumed, the panic would leave a device that does DMA into memory that the
/// library believes nobody reaches.
#[test]
fn in_the_block_of_a_detach() {
    aborts("in_the_block_of_a_detach", VITAL, || {
        on_machine(|machine| {
            let bound = machine.bound();
            let domain = bound.domain();
            domain.attach(&bound.device).unwrap();
            bound.diary.panic("block");
            let _ = panics(|| domain.detach(&bound.device));
        });
    });
}

#[test]
fn in_the_flush_of_a_table() {
    struct Tlb;
    impl TlbOps for Tlb {
        fn flush(&self, _: &iomm::FlushRange) -> Result<()> {
            Ok(())
        }
        fn flush_all(&self) -> Result<()> {
            panic!("no");
        }
    }
    aborts("in_the_flush_of_a_table", ATOMIC, || {
        on_machine(|machine| {
            let config = PageTableConfig::new();
            let table = PageTable::with_tlb(&machine.ctx, format::ARM64_S1, &config, Tlb);
            let _ = panics(|| drop(table));
        });
    });
}

#[test]
fn in_the_sync_of_a_provider() {
    struct Broken;
    // SAFETY: the table is zeroed, aligned, and never freed.
    unsafe impl TableMemoryProvider for Broken {
        fn alloc(&self, bytes: u64, _: u64) -> Result<Table> {
            let layout = std::alloc::Layout::from_size_align(bytes as usize, bytes as usize);
            // SAFETY: the layout is not empty.
            let va = unsafe { std::alloc::alloc_zeroed(layout.unwrap()) };
            Ok(Table {
                va: std::ptr::NonNull::new(va).unwrap(),
                pa: va as u64,
            })
        }
        unsafe fn free(&self, _: Table, _: u64) {}
        fn needs_sync(&self) -> bool {
            true
        }
        fn sync(&self, _: Table, _: u64) {
            panic!("no");
        }
    }
    aborts("in_the_sync_of_a_provider", ATOMIC, || {
        on_machine(|machine| {
            let memory = TableMemory::from_provider(&machine.ctx, Broken).unwrap();
            let config = PageTableConfig::new().memory(&memory);
            let _ = panics(|| {
                PageTable::create(&machine.ctx, format::ARM64_S1, &config)
                    .and_then(|mut table| Ok(table.map(0, 0, 0x1000, RW)?))
            });
        });
    });
}

#[test]
fn under_a_call_that_is_not_rust_s() {
    aborts(
        "under_a_call_that_is_not_rust_s",
        "a callback panicked, and no call from Rust is below it to resume the panic",
        || {
            on_machine(|machine| {
                let bound = machine.bound();
                bound.device.add_release(|| panic!("no")).unwrap();
                // SAFETY: the handle is alive; this is what a C program does.
                let _ = panics(|| unsafe {
                    iomm_sys::iomm_device_remove(bound.device.as_raw(), iomm_sys::IOMM_FOREVER)
                });
            });
        },
    );
}
