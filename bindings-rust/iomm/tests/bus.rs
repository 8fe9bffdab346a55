// SPDX-License-Identifier: MIT OR Apache-2.0
//! Buses of the program's, devices that describe themselves, data that is kept
//! with a device, and devices that go by surprise.
#![cfg(feature = "std")]

mod common;

use common::{Machine, on_machine, panics};
use iomm::{
    Bus, BusDriver, Code, DataKey, Device, DeviceConfig, DeviceDescription, DeviceState,
    DomainType, Error, Node, Prot, RegionKind, Result,
};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// Counts those that are there.
#[derive(Clone)]
struct Counted(Arc<AtomicU32>, u32);

impl Counted {
    fn new(count: &Arc<AtomicU32>, value: u32) -> Counted {
        count.fetch_add(1, Ordering::Relaxed);
        Counted(count.clone(), value)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Fabric {
    bridge: Node,
    ids: Mutex<Vec<u64>>,
    fail: Mutex<Option<&'static str>>,
    _alive: Counted,
}

impl Fabric {
    fn say(&self, name: &str) -> Result<()> {
        match *self.fail.lock().unwrap() {
            Some("panic") => panic!("{name} panics"),
            Some(fail) if fail == name => Err(Error::new(Code::EIO, "told to fail")),
            _ => Ok(()),
        }
    }
}

/// The bus itself is C's.
struct Shared(Arc<Fabric>);

impl BusDriver for Shared {
    fn check_address(&self, _: u64) -> Result<()> {
        self.0.say("check_address")
    }

    fn node(&self, _: u64) -> Result<Node> {
        self.0.say("node").map(|()| self.0.bridge)
    }

    fn inputs(&self, address: u64) -> Result<Vec<u64>> {
        self.0.say("inputs")?;
        let ids = self.0.ids.lock().unwrap();
        Ok(ids.iter().map(|id| address + id).collect())
    }
}

fn fabric(machine: &Machine, count: &Arc<AtomicU32>) -> (Arc<Fabric>, Bus) {
    let fabric = Arc::new(Fabric {
        bridge: machine.node("/pcie@10000000"),
        ids: Mutex::new(vec![0]),
        fail: Mutex::new(None),
        _alive: Counted::new(count, 0),
    });
    let bus = Bus::register(&machine.firmware, "fabric", Shared(fabric.clone())).unwrap();
    (fabric, bus)
}

#[test]
fn a_bus_of_ones_own() {
    let count = Arc::default();
    on_machine(|machine| {
        let _iommu = machine.register("/iommu@1000", machine.driver()).unwrap();
        let (fabric, bus) = fabric(machine, &count);
        assert_eq!(bus.name(), "fabric");
        // More than C asks for at first, too.
        for n in [1, 8, 9, 100] {
            *fabric.ids.lock().unwrap() = (0..n).collect();
            let device = Device::create(&bus, &DeviceConfig::new("dev").address(0x20)).unwrap();
            device.probe().unwrap();
            let ids: Vec<_> = device.ids().unwrap().iter().map(|id| id.id).collect();
            assert_eq!(ids, (0x120..0x120 + n).collect::<Vec<_>>());
            assert_eq!(device.info().unwrap().nr_ids, n as u32);
        }
        drop((fabric, bus));
        assert_eq!(count.load(Ordering::Relaxed), 0);
    });
}

#[test]
fn answers_that_fail_and_panic() {
    let count = Arc::default();
    on_machine(|machine| {
        let (fabric, bus) = fabric(machine, &count);
        let create = || Device::create(&bus, &DeviceConfig::new("dev").address(0x20));
        let fail = |what| *fabric.fail.lock().unwrap() = what;
        fail(Some("check_address"));
        assert_eq!(create().unwrap_err().code(), Code::EIO);
        fail(None);
        let device = create().unwrap();
        for what in ["node", "inputs"] {
            fail(Some(what));
            let error = device.probe().unwrap_err();
            assert_eq!(error.code(), Code::EIO);
            assert!(error.message().contains("bus fabric"), "{error}");
        }
        fail(Some("panic"));
        assert_eq!(panics(|| device.probe()), "node panics");
        fabric.fail.clear_poison();
        fail(None);
        assert_eq!(device.probe().unwrap_err().code(), Code::EPROBE_DEFER);
    });
    assert_eq!(count.load(Ordering::Relaxed), 0);
}

fn described(machine: &Machine) -> DeviceDescription {
    DeviceDescription::new()
        .specifier(machine.node("/iommu@1000"), &[8])
        .specifier(machine.node("/iommu@1000"), &[9])
        .region(
            RegionKind::DIRECT,
            0x9000_0000..=0x9000_ffff,
            None,
            Prot::READ,
        )
        .dma_range(0x1000..=0xffff_ffff, 0)
}

#[test]
fn a_device_describes_itself() {
    on_machine(|machine| {
        let _iommu = machine.register("/iommu@1000", machine.driver()).unwrap();
        let bus = Bus::manual(&machine.ctx, "manual").unwrap();
        let description = described(machine);
        let config = DeviceConfig::new("own")
            .description(&description)
            .dma_mask((1 << 40) - 1)
            .pasid_bits(8)
            .numa_node(1)
            .coherent(true)
            .default_domain(DomainType::BLOCKED);
        let device = Device::create(&bus, &config).unwrap();
        let info = device.info().unwrap();
        assert_eq!(info.state, DeviceState::NEW);
        assert_eq!(info.dma_mask, (1 << 40) - 1);
        assert_eq!(info.group, None);
        device.probe().unwrap();
        let info = device.info().unwrap();
        assert_eq!(info.dma_mask, 0xffff_ffff);
        assert_eq!(info.dma, 0x1000..=0xffff_ffff);
        assert_eq!(info.pasid_bits, 8);
        assert_eq!(info.numa_node, Some(1));
        assert_eq!(info.default_domain, DomainType::BLOCKED);
        assert_eq!(info.group, Some(device.group().unwrap().number()));
        assert!(info.coherent && !info.gone);
        // As what the tree describes in the same words.
        let ids = device.ids().unwrap();
        device.remove(None).unwrap();
        let net = machine.device("/net@4000");
        net.probe().unwrap();
        assert_eq!(ids, net.ids().unwrap());
    });
}

#[test]
fn a_description_that_cannot_be() {
    on_machine(|machine| {
        let bus = Bus::manual(&machine.ctx, "manual").unwrap();
        let refused = |description: Option<DeviceDescription>| {
            let mut config = DeviceConfig::new("own");
            if let Some(description) = &description {
                config = config.description(description);
            }
            let error = Device::create(&bus, &config).unwrap_err();
            assert_eq!(error.code(), Code::EINVAL);
            error.message().to_string()
        };
        assert!(refused(None).contains("IOMM_DEVICE_SPECIFIERS"));
        assert!(refused(Some(DeviceDescription::new())).contains("and none"));
        let too_long = described(machine).specifier(Node::from_raw(1), &[0; 9]);
        assert!(refused(Some(too_long)).contains("specifiers[2]: 9 cells"));
        let backwards = described(machine).dma_range(RangeOf(5, 4).into(), 0);
        assert!(refused(Some(backwards)).contains("dma_ranges[1]"));
    });
}

/// Ranges that end before they start, which clippy has us not write.
struct RangeOf(u64, u64);

impl From<RangeOf> for std::ops::RangeInclusive<u64> {
    fn from(RangeOf(first, last): RangeOf) -> Self {
        first..=last
    }
}

static NUMBER: DataKey<Counted> = DataKey::new();
static OTHER: DataKey<Counted> = DataKey::new();
static TEXT: DataKey<String> = DataKey::new();

#[test]
fn data_stays_until_the_last_handle_goes() {
    on_machine(|machine| {
        let count = Arc::default();
        let device = machine.device("/net@4000");
        assert!(device.data(&NUMBER).is_none());
        device.set_data(&NUMBER, Counted::new(&count, 1)).unwrap();
        device.set_data(&OTHER, Counted::new(&count, 2)).unwrap();
        device.set_data(&TEXT, "text".into()).unwrap();
        let error = device
            .set_data(&NUMBER, Counted::new(&count, 3))
            .unwrap_err();
        assert_eq!(error.code(), Code::EEXIST);
        assert_eq!(count.load(Ordering::Relaxed), 2);
        assert_eq!(device.data(&NUMBER).unwrap().1, 1);
        assert_eq!(device.data(&OTHER).unwrap().1, 2);
        assert_eq!(device.data(&TEXT).unwrap(), "text");
        device.remove(None).unwrap();
        thread::scope(|scope| {
            scope.spawn(|| assert_eq!(device.data(&NUMBER).unwrap().1, 1));
        });
        let again = device.clone();
        drop(device);
        assert_eq!(again.data(&OTHER).unwrap().1, 2);
        assert_eq!(count.load(Ordering::Relaxed), 2);
        drop(again);
        assert_eq!(count.load(Ordering::Relaxed), 0);
    });
}

#[test]
fn a_device_goes_by_surprise() {
    on_machine(|machine| {
        let _iommu = machine.register("/iommu@1000", machine.driver()).unwrap();
        let device = machine.device("/net@4000");
        device.probe().unwrap();
        let guard = device.enter().unwrap();
        thread::scope(|scope| {
            scope.spawn(|| device.set_gone());
        });
        assert!(device.is_gone());
        assert_eq!(device.enter().unwrap_err().code(), Code::ENODEV);
        machine.ctx.run().unwrap();
        assert_eq!(device.state(), DeviceState::BOUND);
        drop(guard);
        machine.ctx.run().unwrap();
        assert_eq!(device.state(), DeviceState::REMOVED);
        assert!(device.info().unwrap().gone);
    });
}
