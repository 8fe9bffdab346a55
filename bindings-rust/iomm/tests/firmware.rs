// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the tree says, and the buses and formats.
#![cfg(feature = "std")]

mod common;

use common::on_machine;
use iomm::{Bus, Code, Context, Firmware, Format, Node, NodeFlags, Prot, format};

#[test]
fn nodes_are_found_by_what_they_are() {
    on_machine(|machine| {
        let paths = |flags| -> Vec<String> {
            let firmware = &machine.firmware;
            firmware
                .nodes(flags)
                .map(|node| firmware.path(node).unwrap())
                .collect()
        };
        assert_eq!(paths(NodeFlags::IOMMU), ["/iommu@1000", "/iommu@2000"]);
        assert_eq!(
            paths(NodeFlags::CLIENT),
            ["/disk@3000", "/net@4000", "/gpu@5000"]
        );
        assert_eq!(
            paths(NodeFlags::PCI_HOST | NodeFlags::MAPPED),
            ["/pcie@10000000"]
        );
        assert_eq!(paths(NodeFlags::empty()).len(), 9);
        assert!(paths(NodeFlags::IOMMU | NodeFlags::MEMORY).is_empty());
    });
}

#[test]
fn nodes_have_properties() {
    on_machine(|machine| {
        let node = machine.node("/iommu@1000");
        let info = machine.firmware.node_info(node).unwrap();
        assert!(info.flags.contains(NodeFlags::IOMMU | NodeFlags::AVAILABLE));
        assert_eq!(info.iommu_cells, 1);
        assert_eq!((info.reg_base, info.reg_bytes), (0x1000, 0x1000));
        assert!(machine.firmware.compatible(node, "test,iommu").unwrap());
        assert!(!machine.firmware.compatible(node, "test").unwrap());
    });
}

#[test]
fn what_is_not_there_is_an_error() {
    on_machine(|machine| {
        let firmware = &machine.firmware;
        assert_eq!(firmware.find("/nowhere").unwrap_err().code(), Code::ENOENT);
        let stranger = Node::from_raw(u64::MAX);
        assert_eq!(
            firmware.node_info(stranger).unwrap_err().code(),
            Code::EINVAL
        );
        assert_eq!(firmware.path(stranger).unwrap_err().code(), Code::EINVAL);
        let disk = machine.node("/disk@3000");
        assert_eq!(
            Bus::pci(firmware, disk, "pci0").unwrap_err().code(),
            Code::EINVAL
        );
    });
}

#[test]
fn flags_that_nobody_knows_are_a_mistake_of_the_caller() {
    on_machine(|machine| {
        let flags = NodeFlags::from_bits_retain(1 << 31);
        common::panics(|| machine.firmware.nodes(flags).count());
    });
}

#[test]
fn buses_have_names() {
    on_machine(|machine| {
        assert_eq!(machine.platform.name(), "platform");
        let long = "p".repeat(300);
        let bus = Bus::pci(&machine.firmware, machine.node("/pcie@10000000"), &long).unwrap();
        assert_eq!(bus.name(), long);
    });
}

#[test]
fn a_format_says_what_it_can() {
    on_machine(|machine| {
        let format = Format::request(&machine.ctx, format::ARM64_S1).unwrap();
        let info = format.info();
        assert_eq!(info.granules, 4 << 10 | 16 << 10 | 64 << 10);
        assert!(info.prot.contains(Prot::READ | Prot::WRITE));
        assert!(info.max_ias >= 48 && info.max_oas >= 48);
        assert_eq!(info.nr_regs, 3);
    });
}

fn table(name: &str) -> Vec<u8> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/acpi/");
    std::fs::read(format!("{root}{name}")).unwrap()
}

#[test]
fn acpi_tables_are_a_source_too() {
    let ctx = Context::new().unwrap();
    let (iort, viot) = (
        table("virt-virtio-iommu.iort.aml"),
        table("virt-virtio-iommu.viot.aml"),
    );
    let firmware = Firmware::from_acpi(&ctx, &[&iort, &viot], None).unwrap();
    let paths: Vec<String> = firmware
        .nodes(NodeFlags::empty())
        .map(|node| firmware.path(node).unwrap())
        .collect();
    assert_eq!(paths, ["PCI segment 0", "VIOT: virtio-iommu 0000:00:07.0"]);
    let host = firmware.find("PCI segment 0").unwrap();
    let bus = Bus::pci(&firmware, host, "pci0").unwrap();
    assert_eq!(bus.name(), "pci0");
    // Nothing of the tables is needed any more.
    drop((iort, viot));
    assert!(
        firmware
            .node_info(host)
            .unwrap()
            .flags
            .contains(NodeFlags::PCI_HOST | NodeFlags::MAPPED | NodeFlags::COHERENT)
    );
}

#[test]
fn bad_acpi_tables_are_refused() {
    let ctx = Context::new().unwrap();
    let mut iort = table("virt-smmuv3.iort.aml");
    let refused = |tables: &[&[u8]]| Firmware::from_acpi(&ctx, tables, None).err().unwrap();
    assert_eq!(refused(&[&iort, &iort]).code(), Code::EINVAL);
    assert_eq!(refused(&[&iort[..40]]).code(), Code::EINVAL);
    assert_eq!(refused(&[&[]]).code(), Code::EINVAL);
    iort[60] ^= 1;
    let error = refused(&[&iort]);
    assert_eq!(error.code(), Code::EINVAL);
    assert!(error.to_string().contains("IORT+0x9"), "{error}");
    assert!(Firmware::from_acpi(&ctx, &[], None).is_ok());
}
