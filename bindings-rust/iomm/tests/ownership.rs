// SPDX-License-Identifier: MIT OR Apache-2.0
//! Groups: default domains, owners, reserved regions; and domains at PASIDs.
#![cfg(feature = "std")]

use iomm::{
    Bus, Code, Context, Device, DeviceConfig, Domain, DomainConfig, DomainType, GuestMemory, Iommu,
    Owner, Prot, RegionKind, Soft, SoftConfig, SoftDriver, StaticFirmware, StaticNode, TableMemory,
};

const RAM: u64 = 0x4000_0000;
const BYTES: u64 = 1 << 20;
const REGION: u64 = RAM + 0x8_0000;
const RW: Prot = Prot::READ.union(Prot::WRITE);

struct Machine {
    ctx: Context,
    hardware: Soft,
    iommu: Iommu,
    disk: Device,
}

/// A disk with ID 7, eight bits of PASIDs, and a page that firmware wants
/// mapped.
fn machine(default_domain: DomainType) -> Machine {
    let ctx = Context::new().unwrap();
    let ram = GuestMemory::new(RAM, BYTES).unwrap();
    let hardware = Soft::create(&ctx, &SoftConfig::new()).unwrap();
    hardware.add_memory(&ram).unwrap();
    let tables = TableMemory::arena(&ctx, &ram, RAM..RAM + BYTES / 2).unwrap();

    let mut tree = StaticFirmware::new();
    let smmu = tree.node(StaticNode::iommu("smmu", 1));
    let disk = tree.node(StaticNode {
        pasid_bits: 8,
        ..StaticNode::device("disk")
    });
    tree.map(disk, smmu, &[7]).region(
        disk,
        RegionKind::DIRECT,
        REGION..=REGION + 0xfff,
        Some(REGION),
        RW,
    );
    let firmware = tree.build(&ctx).unwrap();
    let driver = SoftDriver::new(firmware.find("smmu").unwrap(), "smmu")
        .memory(&tables)
        .default_domain(default_domain);
    let iommu = hardware.register(&driver).unwrap();
    let bus = Bus::platform(&firmware, "platform").unwrap();
    let node = firmware.find("disk").unwrap();
    let disk = Device::create(&bus, &DeviceConfig::new("disk").node(node)).unwrap();
    disk.probe().unwrap();
    Machine {
        ctx,
        hardware,
        iommu,
        disk,
    }
}

impl Machine {
    fn reads(&self, pasid: u32, iova: u64) -> bool {
        let mut byte = [0];
        self.hardware.read((7, pasid), iova, &mut byte).is_ok()
    }
}

#[test]
fn an_owner_takes_the_default_domain_away() {
    let m = machine(DomainType::PAGING);
    let group = m.disk.group().unwrap();
    assert_eq!(group.info().unwrap().default_type, DomainType::PAGING);
    let default = group.default_domain().unwrap();
    default.map(0x1000, RAM, 0x1000, RW).unwrap();
    assert!(m.reads(0, 0x1000) && m.reads(0, REGION));

    let in_use = group.use_default().unwrap();
    let owner = Owner::new();
    assert_eq!(group.claim(&owner).unwrap_err().code(), Code::EBUSY);
    drop(in_use);
    let claim = group.claim(&owner).unwrap();
    assert!(group.info().unwrap().claimed);
    assert!(!m.reads(0, 0x1000) && m.reads(0, REGION));
    assert_eq!(group.claim(&Owner::new()).unwrap_err().code(), Code::EBUSY);
    let nested = group.claim(&owner).unwrap();
    assert_eq!(nested.group().number(), group.number());
    drop(nested);
    assert!(!m.reads(0, 0x1000));

    let guest = Domain::create(&m.disk, &DomainConfig::paging()).unwrap();
    guest.map(0x2000, RAM, 0x1000, RW).unwrap();
    guest.attach(&m.disk).unwrap();
    assert!(m.reads(0, 0x2000) && m.reads(0, REGION));
    let refused = guest.unmap_now(REGION, 0x1000).unwrap_err();
    assert_eq!(refused.error.code(), Code::EBUSY);
    claim.release().unwrap();
    assert!(m.reads(0, 0x1000) && !m.reads(0, 0x2000) && m.reads(0, REGION));
    assert!(!group.info().unwrap().claimed);
}

#[test]
fn regions_are_listed() {
    let m = machine(DomainType::ANY);
    let regions = m.disk.group().unwrap().regions().unwrap();
    assert_eq!(regions.len(), 1);
    assert_eq!(regions[0].kind, RegionKind::DIRECT);
    assert_eq!(
        (regions[0].first, regions[0].last),
        (REGION, REGION + 0xfff)
    );
    let error = m.disk.group().unwrap().default_domain().unwrap_err();
    assert_eq!(error.code(), Code::ENOENT);
}

#[test]
fn addresses_may_go_through() {
    let m = machine(DomainType::IDENTITY);
    assert!(m.reads(0, RAM) && !m.reads(0, 0));
    let blocked = Domain::create(&m.disk, &DomainConfig::blocked()).unwrap();
    blocked.attach(&m.disk).unwrap();
    assert!(!m.reads(0, RAM) && m.reads(0, REGION));
    let paging = Domain::create(&m.disk, &DomainConfig::paging()).unwrap();
    paging.map(0, RAM, 0x1000, RW).unwrap();
    paging.replace(&m.disk).unwrap();
    assert!(m.reads(0, 0) && m.reads(0, REGION));
    paging.detach(&m.disk).unwrap();
    assert_eq!(blocked.replace(&m.disk).unwrap_err().code(), Code::ENOENT);
    let through = Domain::create(&m.disk, &DomainConfig::identity()).unwrap();
    through.attach(&m.disk).unwrap();
    assert!(m.reads(0, RAM));
}

#[test]
fn a_pasid_has_a_domain_of_its_own() {
    let m = machine(DomainType::ANY);
    let domain = Domain::create(&m.disk, &DomainConfig::paging()).unwrap();
    domain.map(0x1000, RAM, 0x1000, RW).unwrap();
    domain.attach_pasid(&m.disk, 5).unwrap();
    assert!(m.reads(5, 0x1000) && !m.reads(0, 0x1000) && !m.reads(6, 0x1000));
    let mut byte = [0];
    let error = m.hardware.read((7, 5), 0x2000, &mut byte).unwrap_err();
    assert_eq!(error.fault.unwrap().pasid, 5);
    for pasid in [0, 256] {
        let error = domain.attach_pasid(&m.disk, pasid).unwrap_err();
        assert_eq!(error.code(), Code::EINVAL);
    }
    let error = domain.attach_pasid(&m.disk, 5).unwrap_err();
    assert_eq!(error.code(), Code::EBUSY);
    domain.detach_pasid(&m.disk, 5).unwrap();
    assert!(!m.reads(5, 0x1000));
    let error = domain.detach_pasid(&m.disk, 5).unwrap_err();
    assert_eq!(error.code(), Code::ENOENT);
}

/// Guards may be dropped when there is nothing to give back any more.
#[test]
fn guards_outlive_the_devices() {
    let m = machine(DomainType::PAGING);
    let group = m.disk.group().unwrap();
    let in_use = group.use_default().unwrap();
    m.iommu.unregister(None).unwrap();
    drop(in_use);
    assert!(group.info().unwrap().dead);
    assert_eq!(group.use_default().unwrap_err().code(), Code::ENODEV);

    let m = machine(DomainType::PAGING);
    let group = m.disk.group().unwrap();
    let claim = group.claim(&Owner::new()).unwrap();
    m.disk.remove(None).unwrap();
    claim.release().unwrap();
    assert!(group.info().unwrap().dead);
    drop(m.ctx);
}
