// SPDX-License-Identifier: MIT OR Apache-2.0
//! The main job, in Rust: find the IOMMUs and devices of a device tree, bring
//! them together, and do DMA through a page table.
//!
//! ```text
//! driver [--granule 4k|16k|64k] FILE.dtb
//! ```
//!
//! The IOMMUs are played by the software IOMMU, one for each node, of which
//! only the hardware is used: its driver is written here, in Rust. Everything
//! is what a driver on real hardware does too. Read `run` first.

use iomm::{
    Bus, Code, Context, Device, DeviceConfig, DeviceId, DeviceState, DmaError, Domain,
    DomainConfig, DomainSetup, Error, Fault, Firmware, FlushRange, Gather, GuestMemory, Iommu,
    IommuConfig, IommuDriver, LogLevel, Node, NodeFlags, PageTableInfo, ProbeInfo, Prot, Soft,
    SoftConfig, SoftContext, TableMemory, format,
};
use std::fmt::Display;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// How much of the machine's memory is backed here.
const RAM_BYTES: u64 = 32 << 20;
/// How much of that is for page tables.
const TABLE_BYTES: u64 = 8 << 20;
/// One page of the largest granule.
const BUFFER_BYTES: u64 = 64 << 10;
const IOVA: u64 = 0x1_0000_0000;

// ----------------------------------------------------- the driver of an IOMMU

/// Drives the software IOMMU: programs its contexts, and invalidates what it
/// has cached.
struct SoftIommuDriver {
    hardware: Soft,
    /// Where the hardware finds tables.
    tables: TableMemory,
    /// When nobody asks for another.
    granule: u64,
    last_tag: AtomicU64,
}

/// What the IOTLB entries of a domain are tagged with.
struct Tag(u64);

impl IommuDriver for SoftIommuDriver {
    /// The IDs of the device.
    type Device = Vec<u64>;
    type Domain = Tag;

    /// A specifier of one cell is the ID; of none, the IOMMU knows but one.
    fn translate(&self, cells: &[u32]) -> iomm::Result<u64> {
        match *cells {
            [] => Ok(0),
            [id] => Ok(id.into()),
            _ => Err(Error::new(
                Code::EINVAL,
                "the software IOMMU takes specifiers of one cell",
            )),
        }
    }

    fn probe(&self, info: &ProbeInfo<'_>) -> iomm::Result<Vec<u64>> {
        Ok(info.ids.to_vec())
    }

    fn domain_alloc(&self, setup: &mut DomainSetup) -> iomm::Result<Tag> {
        setup.format = format::ARM64_S1.into();
        if setup.granule == 0 {
            setup.granule = self.granule;
        }
        setup.memory = Some(self.tables.clone());
        // This process's memory is coherent with itself.
        setup.coherent = true;
        Ok(Tag(self.last_tag.fetch_add(1, Ordering::Relaxed) + 1))
    }

    fn attach_commit(&self, ids: &Vec<u64>, domain: &Tag, table: &PageTableInfo) {
        let context = SoftContext::new(format::ARM64_S1, domain.0, table);
        for &id in ids {
            self.hardware
                .set_context(id, &context)
                .expect("the hardware takes a table that was made for it");
        }
    }

    fn block(&self, ids: &Vec<u64>) {
        for &id in ids {
            self.hardware
                .clear_context(id)
                .expect("the hardware can block any ID");
        }
    }

    fn flush(&self, domain: &Tag, range: &FlushRange) -> iomm::Result<()> {
        self.hardware.invalidate(domain.0, range.iova, range.last)
    }

    fn flush_all(&self, domain: &Tag) -> iomm::Result<()> {
        self.hardware.invalidate_all(domain.0)
    }
}

// ------------------------------------------------------------------- errors

/// What goes to standard error, after the name of the file.
type Sentence = String;
type Outcome<T> = Result<T, Sentence>;

/// Says what was attempted; the library's sentence says what was wrong.
trait Attempt<T> {
    fn attempt(self, what: impl Display) -> Outcome<T>;
}

impl<T, E: Into<Error>> Attempt<T> for Result<T, E> {
    fn attempt(self, what: impl Display) -> Outcome<T> {
        self.map_err(|error| format!("{what}: {}", error.into()))
    }
}

fn expect(holds: bool, what: &str) -> Outcome<()> {
    if holds {
        return Ok(());
    }
    Err(format!("this should not happen: {what}"))
}

fn heading(text: &str) {
    println!("\n== {text}");
}

// -------------------------------------------------------------- the machine

struct IommuNode {
    node: Node,
    path: String,
    enabled: bool,
    granule: u64,
    /// The hardware and its instance, once they are there.
    parts: Option<(Soft, Iommu)>,
}

struct DeviceEntry {
    device: Device,
    name: String,
    /// Its IDs and its group, once it is bound.
    bound: Option<(Vec<DeviceId>, u32)>,
    /// Probed, and told that there will be no IOMMU for it.
    never: bool,
}

struct Machine {
    ctx: Context,
    firmware: Firmware,
    ram: GuestMemory,
    tables: TableMemory,
    granule: u64,
    iommus: Vec<IommuNode>,
    devices: Vec<DeviceEntry>,
    buses: Vec<Bus>,
    /// What the fault handler was told.
    faults: Arc<Mutex<Vec<Fault>>>,
}

impl Machine {
    fn new(ctx: &Context, firmware: Firmware, granule: u64) -> Outcome<Machine> {
        let mut base = 0x4000_0000;
        if let Some(node) = firmware.nodes(NodeFlags::MEMORY).next() {
            base = firmware
                .node_info(node)
                .attempt("cannot read a node")?
                .reg_base;
        }
        let ram = GuestMemory::new(base, RAM_BYTES).attempt("no memory")?;
        // Page tables lie in the machine's memory, where its IOMMUs look.
        let tables = TableMemory::arena(ctx, &ram, base..base + TABLE_BYTES)
            .attempt("no memory for page tables")?;
        println!(
            "memory   {base:#x}, {} MiB of it in use here, page tables in the first {}",
            RAM_BYTES >> 20,
            TABLE_BYTES >> 20
        );
        Ok(Machine {
            ctx: ctx.clone(),
            firmware,
            ram,
            tables,
            granule,
            iommus: Vec::new(),
            devices: Vec::new(),
            buses: Vec::new(),
            faults: Arc::default(),
        })
    }

    fn path(&self, node: Node) -> Outcome<String> {
        self.firmware.path(node).attempt("a node has no path")
    }

    /// A DART has no format of its own here yet.
    fn is_dart(&self, node: Node) -> Outcome<bool> {
        for name in ["apple,t8103-dart", "apple,t6000-dart", "apple,t8110-dart"] {
            if self
                .firmware
                .compatible(node, name)
                .attempt("cannot read a node")?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    // What there is

    fn find_iommus(&mut self) -> Outcome<()> {
        let mut darts = 0;
        for node in self.firmware.nodes(NodeFlags::IOMMU) {
            let info = self
                .firmware
                .node_info(node)
                .attempt("cannot read a node")?;
            let path = self.path(node)?;
            let enabled = info.flags.contains(NodeFlags::AVAILABLE);
            let dart = self.is_dart(node)?;
            darts += u32::from(dart);
            println!(
                "iommu    {path} at {}, #iommu-cells {}{}",
                hex(info.reg_base),
                info.iommu_cells,
                if enabled { "" } else { ", disabled" }
            );
            self.iommus.push(IommuNode {
                node,
                path,
                enabled,
                granule: if dart { 16 << 10 } else { 4 << 10 },
                parts: None,
            });
        }
        if !self.iommus.is_empty() {
            println!("note     the software IOMMU plays every one of them, in this process");
        }
        if darts > 0 {
            println!(
                "         {darts} are DARTs: until their format exists, it serves them with \
                 arm64-s1 at 16K"
            );
        }
        if self.iommus.is_empty() {
            return Err(
                "the tree has no IOMMU (no node has #iommu-cells): its devices do direct DMA, \
                 and there is nothing to show"
                    .into(),
            );
        }
        Ok(())
    }

    fn find_devices(&mut self) -> Outcome<()> {
        let platform = Bus::platform(&self.firmware, "platform").attempt("no platform bus")?;
        println!("bus      platform");
        let firmware = self.firmware.clone();
        for node in firmware.nodes(NodeFlags::CLIENT) {
            let path = self.path(node)?;
            let info = firmware.node_info(node).attempt("cannot read a node")?;
            let host = info.flags.contains(NodeFlags::PCI_HOST);
            println!("device   {path}{}", if host { " (a PCI host)" } else { "" });
            self.add_device(&platform, DeviceConfig::new(&path).node(node))?;
        }
        self.buses.push(platform);
        for (n, node) in firmware.nodes(NodeFlags::PCI_HOST).enumerate() {
            let path = self.path(node)?;
            let bus = Bus::pci(&firmware, node, &format!("pci{n}")).attempt(&path)?;
            println!(
                "bus      {}, behind {path}; what is plugged in is not in the tree:\n         \
                 say 00:01.0, 01:00.0 and 02:00.0",
                bus.name()
            );
            self.add_functions(&bus)?;
            self.buses.push(bus);
        }
        Ok(())
    }

    /// A tree does not say which functions are plugged in: these are.
    fn add_functions(&mut self, bus: &Bus) -> Outcome<()> {
        for id in [0x0008u16, 0x0100, 0x0200] {
            let name = format!(
                "{}/{:02x}:{:02x}.{}",
                bus.name(),
                id >> 8,
                id >> 3 & 31,
                id & 7
            );
            self.add_device(bus, DeviceConfig::new(&name).requester_id(id))?;
        }
        Ok(())
    }

    fn add_device(&mut self, bus: &Bus, config: DeviceConfig<'_>) -> Outcome<()> {
        let device = Device::create(bus, &config).attempt("cannot add a device")?;
        self.devices.push(DeviceEntry {
            name: device.name(),
            device,
            bound: None,
            never: false,
        });
        Ok(())
    }

    // Bringing devices and IOMMUs together

    fn probe_too_early(&mut self) -> Outcome<()> {
        let mut waiting = 0;
        for entry in &mut self.devices {
            match entry.device.probe() {
                Ok(()) => return expect(false, "a device is bound before any IOMMU is there"),
                Err(error) if error.code() == Code::EPROBE_DEFER => {
                    if waiting == 0 {
                        println!("not yet  {error}");
                    }
                    waiting += 1;
                }
                Err(error) => {
                    entry.never = true;
                    println!("never    {}\n         {error}", entry.name);
                }
            }
        }
        println!(
            "{waiting} of {} devices wait for their IOMMU",
            self.devices.len()
        );
        Ok(())
    }

    fn register_iommus(&mut self) -> Outcome<()> {
        for n in 0..self.iommus.len() {
            if !self.iommus[n].enabled {
                continue;
            }
            self.register_iommu(n)?;
            // What waited for it is probed in here.
            self.ctx.run().attempt("cannot run the context")?;
            for entry in &mut self.devices {
                look_at(entry)?;
            }
        }
        Ok(())
    }

    fn register_iommu(&mut self, n: usize) -> Outcome<()> {
        let iommu = &mut self.iommus[n];
        let hardware = Soft::create(&self.ctx, &SoftConfig::new()).attempt(&iommu.path)?;
        hardware.add_memory(&self.ram).attempt(&iommu.path)?;
        let driver = SoftIommuDriver {
            hardware: hardware.clone(),
            tables: self.tables.clone(),
            granule: iommu.granule,
            last_tag: AtomicU64::new(0),
        };
        let config = IommuConfig {
            node: iommu.node,
            name: &iommu.path,
            driver: "soft-rust",
            format: None,
        };
        let instance = Iommu::register(&self.ctx, &config, driver).attempt(&iommu.path)?;
        iommu.parts = Some((hardware, instance));
        println!("arrives  {}, with a driver written in Rust", iommu.path);
        Ok(())
    }

    /// Every IOMMU has arrived: who waited in vain?
    fn find_left_over(&self) {
        for entry in &self.devices {
            if entry.bound.is_none() && !entry.never {
                if let Err(error) = entry.device.probe() {
                    println!("failed   {}\n         {error}", entry.name);
                }
            }
        }
    }

    fn draw(&self) {
        for iommu in &self.iommus {
            println!("{}", iommu.path);
            let mut nobody = true;
            for entry in &self.devices {
                let Some((ids, group)) = &entry.bound else {
                    continue;
                };
                let ids: Vec<String> = ids
                    .iter()
                    .filter(|id| id.iommu == iommu.node)
                    .map(|id| hex(id.id))
                    .collect();
                if !ids.is_empty() {
                    nobody = false;
                    println!(
                        "   +-- {:<40} group {group:<3}ID {}",
                        entry.name,
                        ids.join(", ")
                    );
                }
            }
            if nobody {
                println!("   ({})", if iommu.enabled { "nobody" } else { "disabled" });
            }
        }
    }

    /// The device itself: what it does, it does through its IOMMU.
    fn dma_of(&self, entry: &DeviceEntry) -> Outcome<Dma> {
        let (ids, _) = entry.bound.as_ref().ok_or("the device is not bound")?;
        let (hardware, instance) = self
            .iommus
            .iter()
            .find(|iommu| iommu.node == ids[0].iommu)
            .and_then(|iommu| iommu.parts.clone())
            .ok_or("the device's IOMMU is not there")?;
        Ok(Dma {
            hardware,
            instance,
            id: ids[0].id,
        })
    }

    fn buffer(&self, n: u64) -> u64 {
        self.ram.base() + TABLE_BYTES + n * BUFFER_BYTES
    }
}

fn look_at(entry: &mut DeviceEntry) -> Outcome<()> {
    if entry.bound.is_some() || entry.device.state() != DeviceState::BOUND {
        return Ok(());
    }
    let ids = entry.device.ids().attempt(&entry.name)?;
    let group = entry.device.group().attempt(&entry.name)?;
    entry.bound = Some((ids, group.number()));
    println!("         {} is bound", entry.name);
    Ok(())
}

/// As C writes it: zero without a prefix.
fn hex(number: u64) -> String {
    match number {
        0 => "0".into(),
        _ => format!("{number:#x}"),
    }
}

// ------------------------------------------------ the job of a device driver

struct Dma {
    hardware: Soft,
    instance: Iommu,
    id: u64,
}

impl Dma {
    fn read(&self, iova: u64, buf: &mut [u8]) -> Result<(), DmaError> {
        self.tell(self.hardware.read(self.id, iova, buf))
    }

    fn write(&self, iova: u64, buf: &[u8]) -> Result<(), DmaError> {
        self.tell(self.hardware.write(self.id, iova, buf))
    }

    /// What the interrupt handler of an IOMMU's driver does.
    fn tell(&self, result: Result<(), DmaError>) -> Result<(), DmaError> {
        if let Err(DmaError {
            fault: Some(fault), ..
        }) = &result
        {
            // Nobody to tell: the device is blocked.
            let _ = self.instance.report_fault(fault);
        }
        result
    }
}

fn make_domain(machine: &Machine, device: &Device) -> Outcome<Domain> {
    let config = DomainConfig::paging().granule(machine.granule);
    let domain = Domain::create(device, &config).attempt("cannot make a domain")?;
    let faults = machine.faults.clone();
    domain
        .set_fault_handler(move |fault| faults.lock().unwrap().push(*fault))
        .attempt("cannot handle faults")?;
    domain.attach(device).attempt("cannot attach the domain")?;
    let info = domain.info().attempt("domain")?;
    println!(
        "domain   arm64-s1, granule {}K, {} bits in, {} bits out, first table at {:#x}",
        info.granule >> 10,
        info.ias,
        info.oas,
        info.root_pa
    );
    Ok(domain)
}

fn map(domain: &Domain, paddr: u64, prot: Prot) -> Outcome<()> {
    domain
        .map(IOVA, paddr, BUFFER_BYTES, prot | Prot::CACHE)
        .attempt("cannot map a buffer")?;
    println!(
        "map      I/O {IOVA:#x} -> {paddr:#x}, {} KiB",
        BUFFER_BYTES >> 10
    );
    Ok(())
}

fn do_dma(machine: &Machine, dma: &Dma) -> Outcome<()> {
    let sent: Vec<u8> = (0..20000u32).map(|n| (n * 7 + n / 256) as u8).collect();
    let mut seen = vec![0; sent.len()];
    let offset = 5000; // crosses pages, and aligns badly

    dma.write(IOVA + offset, &sent)
        .attempt("the device cannot write")?;
    machine
        .ram
        .read(machine.buffer(0) + offset, &mut seen)
        .attempt("buffer")?;
    expect(
        seen == sent,
        "the device wrote something else, or elsewhere",
    )?;
    println!(
        "dma      the device wrote {} bytes: they are in the buffer",
        sent.len()
    );

    seen.fill(0);
    dma.read(IOVA + offset, &mut seen)
        .attempt("the device cannot read")?;
    expect(seen == sent, "the device read something else")?;
    println!(
        "dma      the device read {} bytes back: the same",
        seen.len()
    );
    Ok(())
}

fn do_fault(machine: &Machine, dma: &Dma, iova: u64) -> Outcome<()> {
    machine.faults.lock().unwrap().clear();
    let Err(stray) = dma.write(iova, &[0]) else {
        return expect(false, "a stray DMA was let through");
    };
    println!("fault    {stray}");
    let faults = machine.faults.lock().unwrap();
    let [fault] = faults[..] else {
        return expect(false, "the handler did not hear of it");
    };
    expect(fault.iova == iova, "the handler heard of something else")?;
    println!(
        "         the driver's handler was told: ID {}, address {:#x}, reason {}",
        hex(fault.id),
        fault.iova,
        fault.reason.raw()
    );
    Ok(())
}

fn unmap_and_reuse(machine: &Machine, domain: &Domain, dma: &Dma) -> Outcome<()> {
    let mut gather = Gather::new();
    let bytes = domain
        .unmap(IOVA, BUFFER_BYTES, &mut gather)
        .attempt("cannot unmap")?;
    println!(
        "unmap    {} KiB; {} KiB of address space wait for one flush",
        bytes >> 10,
        gather.pending() >> 10
    );
    gather.flush().attempt("cannot flush")?;
    println!("flush    done: the buffer and its I/O address are free");
    do_fault(machine, dma, IOVA)?;

    let second = machine.buffer(1);
    machine.ram.write(second, &[42]).attempt("buffer")?;
    map(domain, second, Prot::READ)?;
    let mut byte = [0];
    dma.read(IOVA, &mut byte)
        .attempt("the device cannot read the second buffer")?;
    expect(byte == [42], "the device read the first buffer still")?;
    println!("reuse    the same I/O address shows another buffer, read-only");
    do_fault(machine, dma, IOVA)
}

fn remove_attached(domain: &Domain, entry: &DeviceEntry, dma: &Dma) -> Outcome<()> {
    entry
        .device
        .remove(None)
        .attempt("cannot remove the device")?;
    println!("remove   {}, with the domain attached", entry.name);
    expect(
        dma.read(IOVA, &mut [0]).is_err(),
        "a removed device does DMA",
    )?;
    println!("         its DMA is blocked");
    let Err(error) = entry.device.enter() else {
        return expect(false, "a removed device was entered");
    };
    expect(
        error.code() == Code::ENODEV,
        "a removed device answers something else",
    )?;
    println!("ENODEV   on entering it: {error}");
    expect(
        domain
            .attach(&entry.device)
            .is_err_and(|e| e.code() == Code::ENODEV),
        "a removed device was attached to",
    )
}

fn drive_first(machine: &Machine) -> Outcome<()> {
    let Some(entry) = machine.devices.iter().find(|entry| entry.bound.is_some()) else {
        return Err(
            "no device is behind an IOMMU that is enabled: there is nothing to drive".into(),
        );
    };
    heading(&format!("Driving {}", entry.name));
    let domain = make_domain(machine, &entry.device)?;
    let dma = machine.dma_of(entry)?;
    map(&domain, machine.buffer(0), Prot::READ | Prot::WRITE)?;
    do_dma(machine, &dma)?;
    do_fault(machine, &dma, IOVA + BUFFER_BYTES)?;
    unmap_and_reuse(machine, &domain, &dma)?;
    remove_attached(&domain, entry, &dma)
}

// --------------------------------------------------------------------- main

struct Arguments {
    file: String,
    /// 0: what the IOMMU likes.
    granule: u64,
}

const USAGE: &str = "\
usage: driver [--granule 4k|16k|64k] FILE.dtb
FILE.dtb is a flattened device tree: dtc makes one from its text,
and a Linux machine has its own in /sys/firmware/fdt.";

fn read_arguments() -> Result<Arguments, String> {
    let mut file = None;
    let mut granule = 0;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--granule" => {
                let wish = arguments.next().ok_or(USAGE)?;
                granule = match wish.as_str() {
                    "4k" => 4 << 10,
                    "16k" => 16 << 10,
                    "64k" => 64 << 10,
                    _ => {
                        return Err(format!(
                            "driver: there is no granule {wish}: take 4k, 16k or 64k"
                        ));
                    }
                };
            }
            option if option.starts_with('-') => {
                return Err(format!("driver: unknown option {option}\n{USAGE}"));
            }
            _ if file.is_some() => return Err(USAGE.into()),
            _ => file = Some(argument),
        }
    }
    let file = file.ok_or(USAGE)?;
    Ok(Arguments { file, granule })
}

fn run(arguments: &Arguments, released: Arc<AtomicBool>) -> Outcome<()> {
    // The context tells its maker when it goes, and what its books show then.
    let ctx = Context::builder()
        .log_level(LogLevel::ERROR)
        .on_released(move |live_handles| {
            released.store(true, Ordering::Relaxed);
            println!("live handles: {live_handles}");
        })
        .build()
        .attempt("no context")?;
    let blob = std::fs::read(&arguments.file).map_err(|error| error.to_string())?;
    let firmware = Firmware::from_fdt(&ctx, &blob).attempt("cannot read the device tree")?;

    heading("What the tree says");
    let mut machine = Machine::new(&ctx, firmware, arguments.granule)?;
    machine.find_iommus()?;
    machine.find_devices()?;

    heading("Devices come first, their IOMMUs later");
    machine.probe_too_early()?;
    machine.register_iommus()?;
    machine.find_left_over();

    heading("Who is behind what");
    machine.draw();

    drive_first(&machine)?;

    heading("The end");
    // Removes the devices and unregisters the IOMMUs that are left.
    ctx.close(None).attempt("cannot close")
    // Everything is dropped here, the context last.
}

fn main() -> ExitCode {
    let arguments = match read_arguments() {
        Ok(arguments) => arguments,
        Err(sentence) => {
            eprintln!("{sentence}");
            return ExitCode::from(2);
        }
    };
    let released = Arc::new(AtomicBool::new(false));
    let outcome = run(&arguments, released.clone()).and_then(|()| {
        if released.load(Ordering::Relaxed) {
            return Ok(());
        }
        Err("the context is still held: a handle was not dropped".into())
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("driver: {}: {sentence}", arguments.file);
            ExitCode::FAILURE
        }
    }
}
