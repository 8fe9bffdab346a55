// SPDX-License-Identifier: MIT OR Apache-2.0
//! Instances, and drivers that are written in Rust.
#![cfg(feature = "std")]

mod common;

use common::{BUFFER, DISK, Driver, on_machine};
use iomm::{
    Code, DeviceState, Domain, DomainConfig, DomainSetup, Fault, FaultReason, FlushRange,
    GuestMemory, HandleKind, Iommu, IommuConfig, IommuDriver, PageTableInfo, ProbeInfo, Prot,
    Result, Slots, TableMemory,
};
use std::sync::{Arc, Mutex};

#[test]
fn a_driver_is_called_in_order() {
    on_machine(|machine| {
        let bound = machine.bound();
        assert_eq!(bound.iommu.name(), "/iommu@1000");
        let domain = bound.domain();
        domain.attach(&bound.device).unwrap();
        domain.map(0x1000, BUFFER, 0x1000, Prot::READ).unwrap();
        domain.unmap_now(0x1000, 0x1000).unwrap();
        domain.detach(&bound.device).unwrap();
        drop(domain);
        bound.device.remove(None).unwrap();
        assert_eq!(
            bound.diary.calls(),
            [
                "translate [7]",
                "probe /disk@3000 [7]",
                "block [7]",
                "domain_alloc",
                "attach_prepare [7]",
                "attach_commit [7]",
                "flush 0x1000..=0x1fff",
                "block [7]",
                "flush_all",
                "domain_free",
                "block [7]",
                "release [7]",
            ]
        );
    });
}

#[test]
fn a_driver_is_dropped_once_after_its_last_call() {
    on_machine(|machine| {
        let bound = machine.bound();
        let (diary, device) = (bound.diary.clone(), bound.device.clone());
        bound.iommu.unregister(None).unwrap();
        assert_eq!(device.state(), DeviceState::WAITING);
        drop(bound);
        let calls = diary.calls();
        assert_eq!(calls.iter().filter(|call| *call == "drop").count(), 1);
        assert_eq!(calls.last().unwrap(), "drop");
    });
}

#[test]
fn a_registration_that_fails_drops_the_driver() {
    on_machine(|machine| {
        let _first = machine.register("/iommu@1000", machine.driver()).unwrap();
        let second = machine.driver();
        let diary = second.diary.clone();
        let error = machine.register("/iommu@1000", second).unwrap_err();
        assert_eq!(error.code(), Code::EEXIST);
        assert_eq!(diary.calls(), ["drop"]);
    });
}

#[test]
fn what_the_driver_answers_comes_out() {
    on_machine(|machine| {
        for call in ["translate", "probe"] {
            let driver = machine.driver();
            driver.diary.fail(Some(call));
            let iommu = machine.register("/iommu@2000", driver).unwrap();
            let error = machine.device("/gpu@5000").probe().unwrap_err();
            assert_eq!(error.code(), Code::EIO, "{call}");
            iommu.unregister(None).unwrap();
        }
        let bound = machine.bound();
        bound.diary.fail(Some("domain_alloc"));
        let refused = Domain::create(&bound.device, &DomainConfig::paging());
        assert_eq!(refused.unwrap_err().code(), Code::EIO);

        bound.diary.fail(Some("attach_prepare"));
        let domain = bound.domain();
        bound.diary.calls();
        let refused = domain.attach(&bound.device).unwrap_err();
        assert_eq!(refused.code(), Code::EIO);
        assert_eq!(bound.diary.calls(), ["attach_prepare [7]"]);
    });
}

#[test]
fn a_success_is_not_an_error() {
    struct Odd;
    impl iomm::TlbOps for Odd {
        fn flush(&self, _: &iomm::FlushRange) -> iomm::Result<()> {
            Err(Code::from_raw(0).into())
        }
        fn flush_all(&self) -> iomm::Result<()> {
            Ok(())
        }
    }
    on_machine(|machine| {
        let config = iomm::PageTableConfig::new();
        let mut table = iomm::PageTable::with_tlb(&machine.ctx, "arm64-s1", &config, Odd).unwrap();
        table.map(0, 0, 0x1000, Prot::READ).unwrap();
        let error = table.unmap(0, 0x1000).unwrap_err().error;
        assert_eq!(error.code(), Code::EPROTO);
        table.flush_all().unwrap();
    });
}

#[test]
fn unregistering_sends_devices_back_and_ends_domains() {
    on_machine(|machine| {
        let bound = machine.bound();
        let domain = bound.domain();
        domain.attach(&bound.device).unwrap();
        domain.map(0x1000, BUFFER, 0x1000, Prot::READ).unwrap();
        bound.iommu.unregister(None).unwrap();
        bound.iommu.unregister(None).unwrap();
        assert_eq!(bound.device.state(), DeviceState::WAITING);
        let error = domain.map(0x2000, BUFFER, 0x1000, Prot::READ).unwrap_err();
        assert_eq!(error.error.code(), Code::ENODEV);
        assert_eq!(domain.info().unwrap_err().code(), Code::ENODEV);
        assert!(bound.hardware.read(DISK, 0x1000, &mut [0]).is_err());

        let again = machine.register("/iommu@1000", machine.driver()).unwrap();
        machine.ctx.run().unwrap();
        assert_eq!(bound.device.state(), DeviceState::BOUND);
        drop(again);
    });
}

#[test]
fn faults_find_their_handler() {
    on_machine(|machine| {
        let bound = machine.bound();
        let fault = Fault {
            id: DISK,
            pasid: 0,
            iova: 0x1234,
            reason: FaultReason::TRANSLATION,
            access: Prot::WRITE,
        };
        let nobody = bound.iommu.report_fault(&fault).unwrap_err();
        assert_eq!(nobody.code(), Code::ENOENT);

        let told = Arc::new(Mutex::new(Vec::new()));
        let domain = bound.domain();
        let note = told.clone();
        domain
            .set_fault_handler(move |fault| note.lock().unwrap().push(*fault))
            .unwrap();
        domain.attach(&bound.device).unwrap();
        bound.iommu.report_fault(&fault).unwrap();
        assert_eq!(*told.lock().unwrap(), [fault]);

        let second = told.clone();
        let error = domain
            .set_fault_handler(move |_| drop(second.lock()))
            .unwrap_err();
        assert_eq!(error.code(), Code::EEXIST);
        assert_eq!(Arc::strong_count(&told), 2, "the refused one is dropped");

        let stranger = Fault { id: 99, ..fault };
        let error = bound.iommu.report_fault(&stranger).unwrap_err();
        assert_eq!(error.code(), Code::ENOENT);

        bound.device.remove(None).unwrap();
        drop(domain);
        assert_eq!(Arc::strong_count(&told), 1);
    });
}

/// The library takes its own reference on the tables' memory only after the
/// callback that named it.
#[test]
fn a_domain_may_have_memory_of_its_own() {
    struct Own(Driver, GuestMemory);
    impl IommuDriver for Own {
        type Device = Vec<u64>;
        type Domain = ();
        fn translate(&self, cells: &[u32]) -> Result<u64> {
            self.0.translate(cells)
        }
        fn probe(&self, info: &ProbeInfo<'_>) -> Result<Vec<u64>> {
            self.0.probe(info)
        }
        fn domain_alloc(&self, setup: &mut DomainSetup) -> Result<()> {
            self.0.domain_alloc(setup)?;
            let ctx = self.0.hardware.context();
            let range = self.1.base()..self.1.base() + self.1.len();
            setup.memory = Some(TableMemory::arena(ctx, &self.1, range)?);
            Ok(())
        }
        fn attach_commit(
            &self,
            device: &Vec<u64>,
            domain: &(),
            table: &PageTableInfo,
            at: &Slots<'_>,
        ) {
            self.0.attach_commit(device, domain, table, at);
        }
        fn block(&self, device: &Vec<u64>, at: &Slots<'_>) {
            self.0.block(device, at);
        }
        fn flush(&self, domain: &(), range: &FlushRange) -> Result<()> {
            self.0.flush(domain, range)
        }
        fn flush_all(&self, domain: &()) -> Result<()> {
            self.0.flush_all(domain)
        }
    }
    on_machine(|machine| {
        let memory = GuestMemory::new(0x1000_0000, 64 << 10).unwrap();
        let config = IommuConfig {
            node: machine.node("/iommu@1000"),
            name: "own",
            driver: "test",
            format: None,
            pasid_bits: 0,
            identity: false,
        };
        let driver = Own(machine.driver(), memory);
        let _iommu = Iommu::register(&machine.ctx, &config, driver).unwrap();
        let device = machine.device("/disk@3000");
        device.probe().unwrap();
        for _ in 0..2 {
            let domain = Domain::create(&device, &DomainConfig::paging()).unwrap();
            assert_eq!(machine.ctx.live_handles(HandleKind::TABLE_MEMORY), 2);
            domain.map(0x1000, BUFFER, 0x1000, Prot::READ).unwrap();
            assert_eq!(domain.info().unwrap().root_pa, 0x1000_0000);
            drop(domain);
            assert_eq!(machine.ctx.live_handles(HandleKind::TABLE_MEMORY), 1);
        }
    });
}

#[test]
fn the_last_handle_unregisters() {
    on_machine(|machine| {
        let driver = machine.driver();
        let diary = driver.diary.clone();
        drop(machine.register("/iommu@1000", driver).unwrap());
        assert_eq!(diary.calls(), ["drop"]);
        let device = machine.device("/disk@3000");
        assert_eq!(device.probe().unwrap_err().code(), Code::EPROBE_DEFER);
    });
}
