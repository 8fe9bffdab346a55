// SPDX-License-Identifier: MIT OR Apache-2.0
//! A card is pulled out while threads use it: what its driver has of it is
//! revoked, and nobody touches what is not there any more.
//!
//! ```text
//! hotplug
//! ```
//!
//! Read `Driver` first. The card and its IOMMU are played by software.

use iomm::{
    Bus, Code, Context, Device, DeviceConfig, Domain, DomainConfig, GuestMemory, LogLevel, Prot,
    Resource, ResourceGuard, Soft, SoftConfig, SoftDriver, StaticFirmware, StaticNode, TableMemory,
};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

// -------------------------------------------------------------- the driver

/// Where the card writes its answers.
const IOVA: u64 = 0x10000;

/// Drives one card. `T` is what a kind of card adds to what all have.
struct Driver<T: Send + 'static> {
    registers: Resource<Registers>,
    own: Resource<T>,
    /// The removal detaches it by itself.
    _domain: Domain,
}

impl<T: Send + 'static> Driver<T> {
    fn probe(device: &Device, slot: &Arc<Slot>, buffer: u64, own: T) -> iomm::Result<Driver<T>> {
        device.probe()?;
        let domain = Domain::create(device, &DomainConfig::paging())?;
        domain.attach(device)?;
        domain.map(IOVA, buffer, 4096, Prot::READ | Prot::WRITE)?;

        // While `bound` lives the device stays, so what is mapped here is
        // tied to it in time.
        let bound = device.enter()?;
        let registers = bound.manage(Registers::map(slot))?;
        registers.access(&bound)?.write(CONTROL, RUNNING);
        Ok(Driver {
            registers,
            own: bound.manage(own)?,
            _domain: domain,
        })
    }

    /// With the card's registers and the driver's own data, if the card is
    /// there; it is not taken away meanwhile.
    fn with<R>(&self, f: impl FnOnce(&Registers, &T) -> R) -> iomm::Result<R> {
        let registers = self.registers.try_access()?;
        let own = self.own.access(ResourceGuard::bound(&registers))?;
        Ok(f(&registers, own))
    }
}

/// A mapping of the card's registers.
struct Registers {
    slot: Arc<Slot>,
}

const CONTROL: usize = 0;
const DOORBELL: usize = 4;
const RUNNING: u8 = 1;

impl Registers {
    fn map(slot: &Arc<Slot>) -> Registers {
        Registers { slot: slot.clone() }
    }

    fn write(&self, at: usize, value: u8) {
        self.slot.write(at, value);
    }
}

impl Drop for Registers {
    /// Runs when the device is removed and nobody is inside, with its IOMMU
    /// still there: the card is stopped, and the registers are unmapped.
    fn drop(&mut self) {
        self.write(CONTROL, 0);
        self.slot.unmap();
    }
}

/// A kind of card whose driver counts.
#[derive(Default)]
struct Counter {
    rings: AtomicU32,
}

/// What a thread does with the card, until it is told why not.
fn ring(driver: &Driver<Counter>) -> iomm::Error {
    loop {
        let rung = driver.with(|registers, own| {
            registers.write(DOORBELL, 1);
            own.rings.fetch_add(1, Ordering::Relaxed);
        });
        if let Err(error) = rung {
            return error;
        }
    }
}

// ------------------------------------------------------------- the machine

const CARD: u16 = 0x0100; // 01:00.0
const BASE: u64 = 0x4000_0000; // of the machine's memory
const BUFFER: u64 = BASE + 0x10_0000; // page tables lie below

/// Where the card is, or was.
struct Slot {
    /// The card's registers; `None` when they are not mapped.
    card: Mutex<Option<Vec<u8>>>,
    iommu: Soft,
}

impl Slot {
    fn write(&self, at: usize, value: u8) {
        let mut card = self.card.lock().unwrap();
        let registers = card.as_mut().expect("the registers are mapped");
        registers[at] = value;
        if at == DOORBELL && registers[CONTROL] == RUNNING {
            // The card answers by DMA.
            let answer = self.iommu.write(u64::from(CARD), IOVA, b"done");
            answer.expect("a card that runs has a domain");
        }
    }

    fn unmap(&self) {
        *self.card.lock().unwrap() = None;
    }
}

fn expect(truth: bool, otherwise: &str) -> Outcome<()> {
    truth.then_some(()).ok_or_else(|| otherwise.into())
}

/// Three threads ring the card's bell, and the fourth pulls it out.
fn pull_out(device: &Device, driver: &Driver<Counter>) -> Outcome<()> {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..3).map(|_| scope.spawn(|| ring(driver))).collect();
        while driver.with(|_, own| own.rings.load(Ordering::Relaxed))? < 1000 {
            thread::yield_now();
        }
        // As whoever notices says it: from here on nobody enters.
        device.set_gone();
        // Waits for those who are inside, and no longer.
        device.remove(None)?;
        println!("pulled   {}, with three threads at it", device.name());
        for thread in threads {
            let error = thread.join().expect("no thread panics");
            expect(error.code() == Code::ENODEV, "a thread is told otherwise")?;
        }
        Ok(())
    })
}

fn run(ctx: &Context) -> Outcome<()> {
    let mut machine = StaticFirmware::new();
    let smmu = machine.node(StaticNode::iommu("smmu", 1));
    let host = machine.node(StaticNode::pci_host("host"));
    machine.map_inputs(host, 0..=0xffff, smmu, &[0]);
    let firmware = machine.build(ctx)?;

    let memory = GuestMemory::new(BASE, 2 << 20)?;
    let tables = TableMemory::arena(ctx, &memory, BASE..BUFFER)?;
    let iommu = Soft::create(ctx, &SoftConfig::new())?;
    iommu.add_memory(&memory)?;
    let config = SoftDriver::new(firmware.find("smmu")?, "smmu").memory(&tables);
    let _instance = iommu.register(&config)?;

    let bus = Bus::pci(&firmware, firmware.find("host")?, "pci0")?;
    let device = Device::create(&bus, &DeviceConfig::new("card").requester_id(CARD))?;
    let slot = Arc::new(Slot {
        card: Mutex::new(Some(vec![0; 8])),
        iommu: iommu.clone(),
    });
    let driver = Driver::probe(&device, &slot, BUFFER, Counter::default())?;
    println!("plugged  {}, and its driver runs", device.name());
    pull_out(&device, &driver)?;

    let mut answer = [0; 4];
    memory.read(BUFFER, &mut answer)?;
    expect(&answer == b"done", "the card never answered")?;
    expect(slot.card.lock().unwrap().is_none(), "it is mapped still")?;
    println!("revoked  its registers are unmapped, though the driver has their handle");
    let Err(error) = driver.with(|_, _| ()) else {
        return Err("the registers of a card that is gone were used".into());
    };
    println!("ENODEV   {error}");
    expect(
        iommu.write(u64::from(CARD), IOVA, b"late").is_err(),
        "a card that is gone does DMA",
    )?;
    println!("blocked  its DMA");
    Ok(())
}

fn main() -> ExitCode {
    let ctx = Context::builder()
        .log_level(LogLevel::ERROR)
        .on_released(|live_handles| println!("live handles: {live_handles}"))
        .build();
    match ctx.map_err(Into::into).and_then(|ctx| run(&ctx)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("hotplug: {sentence}");
            ExitCode::FAILURE
        }
    }
}
