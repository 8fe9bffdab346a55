// SPDX-License-Identifier: MIT OR Apache-2.0
//! The software IOMMU and its built-in driver.
#![cfg(feature = "std")]

mod common;

use common::{BUFFER, DISK, RAM, on_machine};
use iomm::{
    Code, Domain, DomainConfig, FaultReason, GuestMemory, HandleKind, PageTable, PageTableConfig,
    Prot, Soft, SoftConfig, SoftContext, SoftDriver, format,
};
use std::sync::{Arc, Mutex};

const RW: Prot = Prot::READ.union(Prot::WRITE);

#[test]
fn it_walks_what_it_is_told_to() {
    on_machine(|machine| {
        let config = PageTableConfig::new().memory(&machine.tables);
        let mut table = PageTable::create(&machine.ctx, format::ARM64_S1, &config).unwrap();
        table.map(0x1000, BUFFER, 0x1000, RW).unwrap();
        let soft = Soft::create(&machine.ctx, &SoftConfig::new().iotlb_entries(16)).unwrap();
        soft.add_memory(&machine.ram).unwrap();

        let blocked = soft.read(DISK, 0x1000, &mut [0]).unwrap_err();
        assert_eq!(blocked.error.code(), Code::EFAULT);
        assert_eq!(blocked.fault.unwrap().reason, FaultReason::BLOCKED);

        let context = SoftContext::new(format::ARM64_S1, 3, &table.info());
        soft.set_context(DISK, &context).unwrap();
        soft.write(DISK, 0x1ffe, &[1, 2]).unwrap();
        let found = soft.translate(DISK, 0x1ffe, RW).unwrap();
        assert_eq!((found.paddr, found.page_size), (BUFFER + 0xffe, 0x1000));

        // What it has cached stays until it is told otherwise.
        table.unmap(0x1000, 0x1000).unwrap();
        let mut bytes = [0; 2];
        soft.read(DISK, 0x1ffe, &mut bytes).unwrap();
        assert_eq!(bytes, [1, 2]);
        soft.invalidate(3, 0x1000, 0x1fff).unwrap();
        let fault = soft.read(DISK, 0x1ffe, &mut bytes).unwrap_err();
        assert_eq!(fault.fault.unwrap().reason, FaultReason::TRANSLATION);
        let stats = soft.stats().unwrap();
        assert!(stats.iotlb_hits >= 2 && stats.iotlb_misses >= 1);
        assert_eq!((stats.invalidations, stats.faults), (1, 2));

        soft.clear_context(DISK).unwrap();
        soft.clear_context(DISK).unwrap();
        soft.invalidate_all(3).unwrap();
    });
}

/// Registers may be anything: the hardware only fetches from its memory.
#[test]
fn registers_of_nowhere_fault() {
    on_machine(|machine| {
        let table =
            PageTable::create(&machine.ctx, format::ARM64_S1, &PageTableConfig::new()).unwrap();
        let soft = Soft::create(&machine.ctx, &SoftConfig::new()).unwrap();
        let context = SoftContext::new(format::ARM64_S1, 1, &table.info());
        soft.set_context(DISK, &context).unwrap();
        let fault = soft.read(DISK, 0x1000, &mut [0]).unwrap_err().fault;
        assert_eq!(fault.unwrap().reason, FaultReason::WALK);
    });
}

#[test]
fn mistakes_are_errors() {
    on_machine(|machine| {
        let odd = SoftConfig::new().iotlb_entries(3);
        let error = Soft::create(&machine.ctx, &odd).unwrap_err();
        assert_eq!(error.code(), Code::EINVAL);
        let soft = Soft::create(&machine.ctx, &SoftConfig::new()).unwrap();
        soft.add_memory(&machine.ram).unwrap();
        let overlap = GuestMemory::new(RAM, 4096).unwrap();
        let error = soft.add_memory(&overlap).unwrap_err();
        assert_eq!(error.code(), Code::EEXIST);
        let context = SoftContext {
            format: Some("none"),
            tag: 0,
            regs: [0; 8],
        };
        let error = soft.set_context(DISK, &context).unwrap_err();
        assert_eq!(error.code(), Code::ENOENT);
        assert_eq!(soft.invalidate(0, 1, 0).unwrap_err().code(), Code::EINVAL);
        let driver = SoftDriver::new(machine.node("/iommu@1000"), "soft");
        let error = soft.register(&driver).unwrap_err();
        assert_eq!(error.code(), Code::EINVAL);
        assert!(error.message().contains("soft"), "{error}");
    });
}

#[test]
fn the_built_in_driver_serves_devices() {
    on_machine(|machine| {
        let soft = Soft::create(&machine.ctx, &SoftConfig::new()).unwrap();
        soft.add_memory(&machine.ram).unwrap();
        let driver = SoftDriver::new(machine.node("/iommu@1000"), "soft")
            .format(format::ARM64_S1)
            .granule(16 << 10)
            .ias(40)
            .oas(42)
            .memory(&machine.tables);
        let iommu = soft.register(&driver).unwrap();
        assert_eq!(soft.register(&driver).unwrap_err().code(), Code::EBUSY);
        let device = machine.device("/disk@3000");
        device.probe().unwrap();
        let domain = Domain::create(&device, &DomainConfig::paging()).unwrap();
        let info = domain.info().unwrap();
        assert_eq!((info.granule, info.ias, info.oas), (16 << 10, 40, 42));
        let faults = Arc::new(Mutex::new(Vec::new()));
        let told = faults.clone();
        domain
            .set_fault_handler(move |fault| told.lock().unwrap().push(*fault))
            .unwrap();
        domain.attach(&device).unwrap();
        domain.map(0x4000, BUFFER, 0x4000, Prot::READ).unwrap();
        soft.read(DISK, 0x4000, &mut [0; 64]).unwrap();
        let fault = soft.write(DISK, 0x4000, &[0; 64]).unwrap_err().fault;
        assert_eq!(*faults.lock().unwrap(), [fault.unwrap()]);
        assert_eq!(fault.unwrap().reason, FaultReason::PERMISSION);
        assert!(fault.unwrap().to_string().contains("0x4000"));
        drop(iommu);
    });
}

/// The instance may be the last to hold the hardware, and the hardware the
/// last to hold the memory.
#[test]
fn memory_lives_as_long_as_the_hardware() {
    on_machine(|machine| {
        let soft = Soft::create(&machine.ctx, &SoftConfig::new()).unwrap();
        let ram = GuestMemory::new(0x1000_0000, 1 << 20).unwrap();
        soft.add_memory(&ram).unwrap();
        let released = Arc::new(());
        let held = released.clone();
        let raw = Box::leak(Box::new([0u64; 512]));
        let va = raw.as_mut_ptr().cast::<u8>();
        let release = move || {
            // SAFETY: leaked above, and used by nobody any more.
            drop(unsafe { Box::from_raw(va.cast::<[u64; 512]>()) });
            drop(held);
        };
        // A pointer is not Send; this one may be.
        struct Ship<F>(F);
        // SAFETY: the memory belongs to no thread.
        unsafe impl<F> Send for Ship<F> {}
        impl<F: FnOnce()> Ship<F> {
            fn call(self) {
                (self.0)();
            }
        }
        let release = Ship(release);
        // SAFETY: valid until `release`.
        unsafe { soft.add_raw_memory(0x2000_0000, va, 4096, move || release.call()) }.unwrap();

        let driver = SoftDriver::new(machine.node("/iommu@1000"), "soft").memory(&machine.tables);
        let iommu = soft.register(&driver).unwrap();
        drop(soft);
        assert_eq!(machine.ctx.live_handles(HandleKind::SOFT), 1);
        assert_eq!(Arc::strong_count(&released), 2);
        drop(ram);
        iommu.unregister(None).unwrap();
        drop(iommu);
        assert_eq!(machine.ctx.live_handles(HandleKind::SOFT), 0);
        assert_eq!(Arc::strong_count(&released), 1);
    });
}

#[test]
fn an_identity_iommu_walks_pointers() {
    on_machine(|machine| {
        let mut buffer = [0u8; 4];
        let config = PageTableConfig::new();
        let mut table = PageTable::create(&machine.ctx, format::ARM64_S1, &config).unwrap();
        let page = buffer.as_mut_ptr() as u64 & !0xfff;
        table.map(0x1000, page, 0x2000, RW).unwrap();
        // SAFETY: the table maps the buffer, and only that is accessed.
        let soft = unsafe { Soft::create_identity(&machine.ctx, &SoftConfig::new()) }.unwrap();
        let context = SoftContext::new(format::ARM64_S1, 1, &table.info());
        soft.set_context(DISK, &context).unwrap();
        let iova = 0x1000 + (buffer.as_mut_ptr() as u64 - page);
        soft.write(DISK, iova, &[1, 2, 3, 4]).unwrap();
        // SAFETY: the device's write is not one that the compiler sees.
        let seen = unsafe { buffer.as_ptr().cast::<[u8; 4]>().read_volatile() };
        assert_eq!(seen, [1, 2, 3, 4]);
    });
}
