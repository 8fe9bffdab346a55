// SPDX-License-Identifier: MIT OR Apache-2.0
//! Groups of several devices.
#![cfg(feature = "std")]

mod common;

use common::{BUFFER, DISK, on_machine};
use iomm::{Code, Device, DeviceConfig, Prot};
use std::slice;

const RW: Prot = Prot::READ.union(Prot::WRITE);

#[test]
fn devices_with_one_id_share_a_group() {
    on_machine(|machine| {
        let bound = machine.bound();
        let group = bound.device.group().unwrap();
        let info = group.info().unwrap();
        assert_eq!((info.number, info.devices), (group.number(), 1));
        assert!(!info.dead && !info.attached && !info.claimed && !info.in_use);

        let twin = DeviceConfig::new("twin").node(machine.node("/disk@3000"));
        let twin = Device::create(&machine.platform, &twin).unwrap();
        twin.probe().unwrap();
        assert_eq!(twin.group().unwrap(), group);
        assert_eq!(
            group.devices().unwrap(),
            [bound.device.clone(), twin.clone()]
        );
        assert_eq!(group.device(2).unwrap_err().code(), Code::ENOENT);

        // What is attached is attached to both, and stays when one leaves.
        let domain = bound.domain();
        domain.map(0x10000, BUFFER, 0x1000, RW).unwrap();
        domain.attach(&twin).unwrap();
        assert!(group.info().unwrap().attached);
        let error = domain.attach(&bound.device).unwrap_err();
        assert_eq!(error.code(), Code::EBUSY);
        twin.remove(None).unwrap();
        assert_eq!(
            bound.diary.calls().last().unwrap(),
            "release [7]",
            "the ID is not blocked: another device has it"
        );
        bound.hardware.write(DISK, 0x10000, b"bytes").unwrap();
        assert_eq!(group.devices().unwrap(), slice::from_ref(&bound.device));

        drop(twin);
        bound.device.remove(None).unwrap();
        let info = group.info().unwrap();
        assert!(info.dead && !info.attached);
        assert_eq!(info.devices, 0);
    });
}
