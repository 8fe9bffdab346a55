// SPDX-License-Identifier: MIT OR Apache-2.0
//! PCI topologies through the crate.

use iomm::{Code, Context, HandleKind, Pci, PciFunction, PciId, PciKind};

const CARD: PciId = PciId::new(0, 3, 4, 0);

fn machine() -> [PciFunction; 3] {
    let root = PciId::new(0, 0, 1, 0);
    let bridge = PciId::new(0, 1, 0, 0);
    [
        PciFunction::bridge(root, PciKind::ROOT_PORT, 1, 3),
        PciFunction::bridge(bridge, PciKind::PCIE_TO_PCI, 3, 3),
        PciFunction {
            aliases: vec![5 << 3],
            ..PciFunction::new(CARD, PciKind::CONVENTIONAL)
        },
    ]
}

#[test]
fn aliases_and_routes() {
    let ctx = Context::new().unwrap();
    let pci = Pci::new(&ctx, &machine()).unwrap();
    let ids = pci.aliases(CARD).unwrap();
    assert_eq!(ids[0], CARD);
    assert_eq!(ids[1..], [PciId::new(0, 3, 5, 0), PciId::new(0, 3, 0, 0)]);
    assert_eq!(pci.route(0, 0, &[1 << 3, 0, 4 << 3]).unwrap(), CARD);
    let error = pci.route(0, 0, &[2 << 3, 0]).unwrap_err();
    assert_eq!(error.code(), Code::ENOENT);
    assert!(error.to_string().contains("is not there"), "{error}");
    assert_eq!(CARD.to_string(), "0000:03:04.0");
    let other = pci.clone();
    drop(pci);
    assert_eq!(other.aliases(CARD).unwrap().len(), 3);
    assert_eq!(ctx.live_handles(HandleKind::PCI), 1);
    drop(other);
    assert_eq!(ctx.live_handles(HandleKind::PCI), 0);
}

/// More IDs than are asked for at first.
#[test]
fn many_aliases() {
    let ctx = Context::new().unwrap();
    let card = PciFunction {
        device: (0x8086, 0x2954),
        quirks: true,
        ..PciFunction::new(CARD, PciKind::ENDPOINT)
    };
    let ids = Pci::new(&ctx, &[card]).unwrap().aliases(CARD).unwrap();
    assert_eq!(ids.len(), 32 * 5);
}

#[test]
fn what_is_refused() {
    let ctx = Context::new().unwrap();
    let [port, ..] = machine();
    let twice = Pci::new(&ctx, &[port.clone(), port]).unwrap_err();
    assert_eq!(twice.code(), Code::EEXIST);
    assert_eq!(Pci::new(&ctx, &[]).unwrap_err().code(), Code::EINVAL);
    let nowhere = Pci::from_sysfs(&ctx, "/no such place").unwrap_err();
    assert_eq!(nowhere.code(), Code::ENOENT);
    let nul = Pci::from_sysfs(&ctx, "a\0b").unwrap_err();
    assert_eq!(nul.code(), Code::EINVAL);
}
