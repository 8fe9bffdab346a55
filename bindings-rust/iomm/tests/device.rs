// SPDX-License-Identifier: MIT OR Apache-2.0
//! Devices: presence, guards, release actions.
#![cfg(feature = "std")]

mod common;

use common::{Machine, context, on_machine};
use iomm::{
    Bus, Code, Device, DeviceConfig, DeviceState, HandleKind, Pci, PciFunction, PciId, PciKind,
};
use std::mem;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

const SHORT: Option<Duration> = Some(Duration::from_millis(5));

#[test]
fn a_device_waits_and_is_bound() {
    on_machine(|machine| {
        let device = machine.device("/net@4000");
        assert_eq!(device.name(), "/net@4000");
        assert_eq!(device.state(), DeviceState::NEW);
        let error = device.probe().unwrap_err();
        assert_eq!(error.code(), Code::EPROBE_DEFER);
        assert!(error.message().contains("/iommu@1000"), "{error}");
        assert_eq!(device.state(), DeviceState::WAITING);
        assert_eq!(device.ids().unwrap_err().code(), Code::ENODEV);

        let _iommu = machine.register("/iommu@1000", machine.driver()).unwrap();
        machine.ctx.run().unwrap();
        assert_eq!(device.state(), DeviceState::BOUND);
        device.probe().unwrap();
        let ids = device.ids().unwrap();
        assert_eq!(ids.iter().map(|id| id.id).collect::<Vec<_>>(), [8, 9]);
        assert!(ids.iter().all(|id| id.iommu == machine.node("/iommu@1000")));
        assert_eq!(device.group().unwrap().number(), 0);
    });
}

#[test]
fn pci_functions_go_through_the_map() {
    on_machine(|machine| {
        let _iommu = machine.register("/iommu@1000", machine.driver()).unwrap();
        let host = machine.node("/pcie@10000000");
        let bus = Bus::pci(&machine.firmware, host, "pci0").unwrap();
        let config = DeviceConfig::new("00:02.0").requester_id(0x10);
        let device = Device::create(&bus, &config).unwrap();
        device.probe().unwrap();
        assert_eq!(device.ids().unwrap()[0].id, 0x110);
    });
}

/// A function behind a conventional bridge has the bridge's ID, too.
#[test]
fn pci_aliases_go_through_the_map() {
    on_machine(|machine| {
        let _iommu = machine.register("/iommu@1000", machine.driver()).unwrap();
        let host = machine.node("/pcie@10000000");
        let bridge = PciFunction::bridge(PciId::new(0, 0, 1, 0), PciKind::CONVENTIONAL, 1, 1);
        let pci = Pci::new(&machine.ctx, &[bridge]).unwrap();
        let bus = Bus::pci_in(&machine.firmware, host, (&pci, 0), "pci0").unwrap();
        let config = DeviceConfig::new("01:02.0").requester_id(0x110);
        let device = Device::create(&bus, &config).unwrap();
        device.probe().unwrap();
        let ids = device.ids().unwrap();
        assert_eq!(
            ids.iter().map(|id| id.id).collect::<Vec<_>>(),
            [0x210, 0x108]
        );
    });
}

#[test]
fn devices_are_found_by_name() {
    on_machine(|machine| {
        let device = machine.device("/disk@3000");
        assert_eq!(Device::find(&machine.ctx, "/disk@3000").unwrap(), device);
        let missing = Device::find(&machine.ctx, "/net@4000").unwrap_err();
        assert_eq!(missing.code(), Code::ENOENT);
        let config = DeviceConfig::new("/disk@3000").node(machine.node("/net@4000"));
        let twice = Device::create(&machine.platform, &config).unwrap_err();
        assert_eq!(twice.code(), Code::EEXIST);
        assert!(twice.message().contains("/disk@3000"), "{twice}");
    });
}

#[test]
fn a_device_without_an_iommu_says_so() {
    on_machine(|machine| {
        let error = machine.device("/plain@6000").probe().unwrap_err();
        assert_eq!(error.code(), Code::ENODEV);
        assert!(error.message().contains("/plain@6000"), "{error}");
        let config = DeviceConfig::new("no address");
        let error = Device::create(&machine.platform, &config).unwrap_err();
        assert_eq!(error.code(), Code::EINVAL);
    });
}

#[test]
fn a_removed_device_answers_enodev() {
    on_machine(|machine| {
        let bound = machine.bound();
        let domain = bound.domain();
        domain.attach(&bound.device).unwrap();
        bound.device.remove(None).unwrap();
        bound.device.remove(None).unwrap();
        assert_eq!(bound.device.state(), DeviceState::REMOVED);
        assert_eq!(bound.device.name(), "/disk@3000");
        let codes = [
            bound.device.probe().unwrap_err(),
            bound.device.enter().unwrap_err(),
            bound.device.ids().unwrap_err(),
            bound.device.group().unwrap_err(),
            domain.attach(&bound.device).unwrap_err(),
            domain.detach(&bound.device).unwrap_err(),
        ];
        for error in codes {
            assert_eq!(error.code(), Code::ENODEV, "{error}");
        }
        // The name is free again.
        let _device = machine.device("/disk@3000");
    });
}

#[test]
fn guards_nest_and_hold_up_the_removal() {
    on_machine(|machine| {
        let device = machine.device("/disk@3000");
        let outer = device.enter().unwrap();
        let inner = device.enter().unwrap();
        assert_eq!(device.remove(SHORT).unwrap_err().code(), Code::EDEADLK);
        drop(outer);
        assert_eq!(device.remove(SHORT).unwrap_err().code(), Code::EDEADLK);
        drop(inner);
        device.remove(SHORT).unwrap();
    });
}

#[test]
fn removal_waits_for_a_guard_of_another_thread() {
    on_machine(|machine| {
        let device = machine.device("/disk@3000");
        let (entered, wait) = mpsc::channel();
        let (leave, told) = mpsc::channel::<()>();
        thread::scope(|scope| {
            let inside = device.clone();
            scope.spawn(move || {
                let _guard = inside.enter().unwrap();
                entered.send(()).unwrap();
                told.recv().unwrap();
            });
            wait.recv().unwrap();
            let error = device.remove(SHORT).unwrap_err();
            assert_eq!(error.code(), Code::ETIMEDOUT);
            // It stays closed to others meanwhile.
            assert_eq!(device.enter().unwrap_err().code(), Code::ENODEV);
            leave.send(()).unwrap();
            device.remove(None).unwrap();
        });
    });
}

#[test]
fn a_guard_too_many_is_refused() {
    on_machine(|machine| {
        let devices: Vec<Device> = (0..=iomm_sys::IOMM_DEVICE_GUARDS_PER_THREAD)
            .map(|n| {
                let name = format!("device {n}");
                let config = DeviceConfig::new(&name).node(machine.node("/disk@3000"));
                Device::create(&machine.platform, &config).unwrap()
            })
            .collect();
        let mut guards: Vec<_> = devices.iter().map(Device::enter).collect();
        let last = guards.pop().unwrap();
        assert_eq!(last.unwrap_err().code(), Code::ENOSPC);
        assert!(guards.iter().all(Result::is_ok));
    });
}

#[test]
fn a_forgotten_guard_only_leaks() {
    let (ctx, released) = context();
    let machine = Machine::new(&ctx);
    let device = machine.device("/disk@3000");
    let removed = thread::scope(|scope| {
        let inside = device.clone();
        scope
            .spawn(move || mem::forget(inside.enter().unwrap()))
            .join()
            .unwrap();
        device.remove(SHORT)
    });
    assert_eq!(removed.unwrap_err().code(), Code::ETIMEDOUT);
    assert_eq!(ctx.close(SHORT).unwrap_err().code(), Code::ETIMEDOUT);
    drop((device, machine, ctx));
    assert_eq!(
        *released.lock().unwrap(),
        None,
        "the device is held for ever"
    );
}

#[test]
fn release_actions_run_once_in_reverse() {
    on_machine(|machine| {
        let order = Arc::new(Mutex::new(Vec::new()));
        let bound = machine.bound();
        for n in 0..3 {
            let order = order.clone();
            bound
                .device
                .add_release(move || order.lock().unwrap().push(n))
                .unwrap();
        }
        bound.diary.calls();
        bound.device.remove(None).unwrap();
        bound.device.remove(None).unwrap();
        assert_eq!(*order.lock().unwrap(), [2, 1, 0]);
        assert_eq!(Arc::strong_count(&order), 1);

        let late = order.clone();
        let error = bound
            .device
            .add_release(move || late.lock().unwrap().push(9))
            .unwrap_err();
        assert_eq!(error.code(), Code::ENODEV);
        assert_eq!(order.lock().unwrap().last(), Some(&9), "run all the same");
    });
}

#[test]
fn a_release_action_may_drop_and_call() {
    on_machine(|machine| {
        let bound = machine.bound();
        let domain = bound.domain();
        domain.attach(&bound.device).unwrap();
        let (own, hardware) = (bound.device.clone(), bound.hardware.clone());
        let answers = Arc::new(Mutex::new(Vec::new()));
        let noted = answers.clone();
        bound
            .device
            .add_release(move || {
                let mut noted = noted.lock().unwrap();
                noted.push(own.enter().map(drop).map_err(|e| e.code()));
                noted.push(own.context().run().map_err(|e| e.code()));
                drop((own, hardware, domain));
            })
            .unwrap();
        bound.device.remove(None).unwrap();
        let answers = answers.lock().unwrap();
        assert_eq!(*answers, [Err(Code::ENODEV), Err(Code::EDEADLK)]);
    });
}

#[test]
fn the_last_handle_removes_the_device() {
    on_machine(|machine| {
        let device = machine.device("/disk@3000");
        let done = Arc::new(Mutex::new(false));
        let told = done.clone();
        device
            .add_release(move || *told.lock().unwrap() = true)
            .unwrap();
        drop(device);
        assert!(*done.lock().unwrap());
        assert_eq!(machine.ctx.live_handles(HandleKind::DEVICE), 0);
    });
}
