// SPDX-License-Identifier: MIT OR Apache-2.0
//! What firmware says about devices: from a tree, from tables, from Linux.
#![cfg(feature = "std")]

mod common;

use common::on_machine;
use iomm::{
    Code, Context, Firmware, FwspecFlags, HandleKind, LinuxFlags, NodeFlags, Place, Prot,
    RegionKind, StaticFirmware, StaticNode,
};

#[test]
fn a_tree_says_who_is_where() {
    on_machine(|machine| {
        let firmware = &machine.firmware;
        let spec = firmware.lookup(machine.node("/disk@3000"), &[]).unwrap();
        let iommus: Vec<_> = spec.iommus().collect();
        assert!(!iommus.is_empty());
        assert_eq!(spec.iommus().len(), iommus.len());
        assert_eq!(firmware.path(iommus[0].iommu).unwrap(), "/iommu@1000");
        assert_eq!(iommus[0].cells().len(), 1);
        assert_eq!(
            firmware.place(iommus[0].place).unwrap(),
            "/disk@3000: iommus[0]"
        );
        assert_eq!(spec.regions().len(), 0);
        assert_eq!(spec.dma_ranges().len(), 0);
        assert_eq!(spec.limits().dma, None);
        assert_eq!(machine.ctx.live_handles(HandleKind::FWSPEC), 1);

        let again = spec.clone();
        drop(spec);
        assert_eq!(again.iommus().count(), iommus.len());
        assert!(format!("{again:?}").contains("iommus"));
    });
}

#[test]
fn who_is_nowhere_is_an_error() {
    on_machine(|machine| {
        let firmware = &machine.firmware;
        let root = machine.node("/");
        let error = firmware.lookup(root, &[]).unwrap_err();
        assert_eq!(error.code(), Code::ENODEV);
        assert!(error.to_string().contains("no IOMMU is described"));
        let error = firmware.lookup(root, &[1, 2]).unwrap_err();
        assert!(error.to_string().contains("has no iommu-map"));
        let nowhere = Place::from_raw(u64::MAX);
        assert_eq!(firmware.place(nowhere).unwrap_err().code(), Code::EINVAL);
    });
}

/// A GPU behind two IOMMUs, with something of everything, and a host bridge.
fn machine() -> StaticFirmware {
    let mut machine = StaticFirmware::new();
    let smmu = machine.node(StaticNode {
        compatible: Some("arm,smmu-v3".into()),
        reg: (0x9050000, 0x20000),
        ..StaticNode::iommu("smmu", 1)
    });
    let dart = machine.node(StaticNode::iommu("dart", 2));
    let gpu = machine.node(StaticNode {
        flags: NodeFlags::COHERENT,
        limits: FwspecFlags::STALL,
        pasid_bits: 16,
        address_bits: Some(40),
        numa_node: Some(0),
        ..StaticNode::device("gpu")
    });
    let host = machine.node(StaticNode::pci_host("host"));
    machine
        .map(gpu, smmu, &[0x10])
        .map(gpu, dart, &[1, 2])
        .map_inputs(host, 0x100..=0x1ff, smmu, &[0x1000])
        .region(
            gpu,
            RegionKind::DIRECT,
            0x9000_0000..=0x907f_ffff,
            Some(0x9000_0000),
            Prot::READ | Prot::WRITE,
        )
        .region(
            host,
            RegionKind::MSI,
            0xfee0_0000..=0xfeef_ffff,
            None,
            Prot::empty(),
        )
        .dma_range(gpu, 0..=u64::MAX, 0)
        .dma_range(gpu, 0x1000..=0x1fff, 0x8000);
    machine
}

#[test]
fn tables_say_the_same_as_a_tree() {
    let ctx = Context::new().unwrap();
    let firmware = machine().build(&ctx).unwrap();
    let smmu = firmware.find("smmu").unwrap();
    assert!(firmware.compatible(smmu, "arm,smmu-v3").unwrap());
    assert_eq!(firmware.node_info(smmu).unwrap().reg_bytes, 0x20000);

    let gpu = firmware.lookup(firmware.find("gpu").unwrap(), &[]).unwrap();
    let cells: Vec<_> = gpu.iommus().map(|s| s.cells().to_vec()).collect();
    assert_eq!(cells, [vec![0x10], vec![1, 2]]);
    let region = gpu.regions().next().unwrap();
    assert_eq!(region.kind, RegionKind::DIRECT);
    assert_eq!((region.first, region.last), (0x9000_0000, 0x907f_ffff));
    assert_eq!(region.paddr, Some(0x9000_0000));
    assert_eq!(region.prot, Prot::READ | Prot::WRITE);
    assert_eq!(
        firmware.place(region.place).unwrap(),
        "static table: regions[0]"
    );
    let range = gpu.dma_ranges().nth(1).unwrap();
    assert_eq!(
        (range.first, range.last, range.paddr),
        (0x1000, 0x1fff, 0x8000)
    );
    let limits = gpu.limits();
    assert_eq!(limits.flags, FwspecFlags::COHERENT | FwspecFlags::STALL);
    assert_eq!(limits.pasid_bits, 16);
    assert_eq!(limits.address_bits, Some(40));
    assert_eq!(limits.numa_node, Some(0));
    assert_eq!(limits.dma, Some(0..=u64::MAX));

    let host = firmware.find("host").unwrap();
    let spec = firmware.lookup(host, &[0x100, 0x1ff, 0x100]).unwrap();
    let cells: Vec<_> = spec.iommus().map(|s| s.cells().to_vec()).collect();
    assert_eq!(cells, [vec![0x1000], vec![0x10ff]]);
    assert_eq!(spec.regions().next().unwrap().paddr, None);
    assert_eq!(spec.limits().numa_node, None);
    let error = firmware.lookup(host, &[0x100, 0x200]).unwrap_err();
    assert_eq!(error.code(), Code::ENODEV);
}

#[test]
fn tables_that_contradict_themselves_are_refused() {
    let ctx = Context::new().unwrap();
    let empty = StaticFirmware::new().build(&ctx).unwrap_err();
    assert_eq!(empty.code(), Code::EINVAL);

    let mut twice = StaticFirmware::new();
    twice.node(StaticNode::device("one"));
    twice.node(StaticNode::device("one"));
    let error = twice.build(&ctx).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("nodes[1]: its name is that of nodes[0]")
    );

    let mut long = StaticFirmware::new();
    let iommu = long.node(StaticNode::iommu("iommu", 8));
    let device = long.node(StaticNode::device("device"));
    long.map(device, iommu, &[0; 9]);
    let error = long.build(&ctx).unwrap_err();
    assert!(error.to_string().contains("a specifier of 9 cells"));

    let mut nul = StaticFirmware::new();
    nul.node(StaticNode::device("a\0b"));
    assert_eq!(nul.build(&ctx).unwrap_err().code(), Code::EINVAL);
}

#[test]
fn what_linux_shows_is_read() {
    let ctx = Context::new().unwrap();
    let root = std::env::temp_dir().join(format!("iomm-rust-{}", std::process::id()));
    let base = root.join("sys/firmware/devicetree/base");
    std::fs::create_dir_all(base.join("dev")).unwrap();
    std::fs::create_dir_all(base.join("iommu")).unwrap();
    let cell = |value: u32| value.to_be_bytes();
    std::fs::write(base.join("iommu/phandle"), cell(1)).unwrap();
    std::fs::write(base.join("iommu/#iommu-cells"), cell(1)).unwrap();
    std::fs::write(base.join("dev/iommus"), [cell(1), cell(7)].concat()).unwrap();

    let firmware = Firmware::from_linux(&ctx, &root, LinuxFlags::empty()).unwrap();
    let spec = firmware
        .lookup(firmware.find("/dev").unwrap(), &[])
        .unwrap();
    assert_eq!(spec.iommus().next().unwrap().cells(), [7]);

    let error = Firmware::from_linux(&ctx, &root, LinuxFlags::ACPI).unwrap_err();
    assert_eq!(error.code(), Code::ENOENT);
    std::fs::remove_dir_all(&root).unwrap();
    let error = Firmware::from_linux(&ctx, &root, LinuxFlags::empty()).unwrap_err();
    assert_eq!(error.code(), Code::ENOENT);
    let error = Firmware::from_linux(&ctx, "a\0b", LinuxFlags::empty()).unwrap_err();
    assert_eq!(error.code(), Code::EINVAL);
}
