// SPDX-License-Identifier: MIT OR Apache-2.0
//! A small machine for the tests: a tree, memory, and an IOMMU whose driver is
//! written in Rust, remembers its calls, and misbehaves on demand.
#![allow(dead_code)]

pub mod allocators;
pub mod fdt;

use fdt::Node as Tree;
use iomm::{
    Bus, Code, Context, Device, DeviceConfig, Domain, DomainConfig, DomainSetup, Error, Firmware,
    FlushRange, GuestMemory, Iommu, IommuConfig, IommuDriver, LogLevel, Node, PageTableInfo,
    ProbeInfo, Prot, Result, Slots, Soft, SoftConfig, SoftContext, TableMemory, TlbOps, format,
};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

pub const RAM: u64 = 0x4000_0000;
pub const TABLE_BYTES: u64 = 1 << 20;
/// First byte behind the page tables.
pub const BUFFER: u64 = RAM + TABLE_BYTES;

pub const RW: Prot = Prot::READ.union(Prot::WRITE);

/// One IOMMU with two platform devices and a PCI host, another with a device
/// of its own, and a device that no IOMMU translates.
pub fn tree() -> Vec<u8> {
    Tree::new("")
        .cells("#address-cells", &[2])
        .cells("#size-cells", &[2])
        .child(
            Tree::new("memory@40000000")
                .string("device_type", "memory")
                .cells("reg", &[0, 0x4000_0000, 0, 0x1000_0000]),
        )
        .child(iommu("iommu@1000", 0x1000, 1))
        .child(iommu("iommu@2000", 0x2000, 2))
        .child(Tree::new("disk@3000").cells("iommus", &[1, 7]))
        .child(Tree::new("net@4000").cells("iommus", &[1, 8, 1, 9]))
        .child(Tree::new("gpu@5000").cells("iommus", &[2, 5]))
        .child(Tree::new("plain@6000"))
        .child(
            Tree::new("pcie@10000000")
                .string("device_type", "pci")
                .cells("iommu-map", &[0, 1, 0x100, 0x200]),
        )
        .flatten()
}

fn iommu(name: &str, base: u32, phandle: u32) -> Tree {
    Tree::new(name)
        .string("compatible", "test,iommu")
        .cells("reg", &[0, base, 0, 0x1000])
        .cells("#iommu-cells", &[1])
        .cells("phandle", &[phandle])
}

/// What a context said as it went: the handles that were left.
pub type Released = Arc<Mutex<Option<u32>>>;

pub fn context() -> (Context, Released) {
    let released = Released::default();
    let told = released.clone();
    let ctx = Context::builder()
        .log_level(LogLevel::ERROR)
        .on_released(move |live| *told.lock().unwrap() = Some(live))
        .build()
        .unwrap();
    (ctx, released)
}

pub struct Machine {
    pub ctx: Context,
    pub firmware: Firmware,
    pub platform: Bus,
    pub ram: GuestMemory,
    pub tables: TableMemory,
}

impl Machine {
    pub fn new(ctx: &Context) -> Machine {
        let firmware = Firmware::from_fdt(ctx, &tree()).unwrap();
        let platform = Bus::platform(&firmware, "platform").unwrap();
        let ram = GuestMemory::new(RAM, 4 << 20).unwrap();
        let tables = TableMemory::arena(ctx, &ram, RAM..RAM + TABLE_BYTES).unwrap();
        Machine {
            ctx: ctx.clone(),
            firmware,
            platform,
            ram,
            tables,
        }
    }

    pub fn node(&self, path: &str) -> Node {
        self.firmware.find(path).unwrap()
    }

    /// Adds the device of a path.
    pub fn device(&self, path: &str) -> Device {
        let config = DeviceConfig::new(path).node(self.node(path));
        Device::create(&self.platform, &config).unwrap()
    }

    /// A driver for hardware of its own, which has the machine's memory.
    pub fn driver(&self) -> Driver {
        let hardware = Soft::create(&self.ctx, &SoftConfig::new()).unwrap();
        hardware.add_memory(&self.ram).unwrap();
        Driver {
            hardware,
            tables: self.tables.clone(),
            diary: Diary::default(),
        }
    }

    pub fn register(&self, path: &str, driver: Driver) -> Result<Iommu> {
        let config = IommuConfig {
            node: self.node(path),
            name: path,
            driver: "test",
            format: None,
            pasid_bits: 0,
            identity: false,
        };
        Iommu::register(&self.ctx, &config, driver)
    }

    /// `/disk@3000` bound to `/iommu@1000`.
    pub fn bound(&self) -> Bound {
        let driver = self.driver();
        let hardware = driver.hardware.clone();
        let diary = driver.diary.clone();
        let iommu = self.register("/iommu@1000", driver).unwrap();
        let device = self.device("/disk@3000");
        device.probe().unwrap();
        Bound {
            hardware,
            iommu,
            device,
            diary,
        }
    }
}

pub struct Bound {
    pub hardware: Soft,
    pub iommu: Iommu,
    pub device: Device,
    pub diary: Diary,
}

/// The ID of `/disk@3000`.
pub const DISK: u64 = 7;

impl Bound {
    pub fn domain(&self) -> Domain {
        Domain::create(&self.device, &DomainConfig::paging()).unwrap()
    }
}

/// Runs a test on a machine, and sees that nothing of it is left.
#[track_caller]
pub fn on_machine(test: impl FnOnce(&Machine)) {
    let (ctx, released) = context();
    {
        let machine = Machine::new(&ctx);
        test(&machine);
        machine.ctx.close(None).unwrap();
    }
    assert_eq!(*released.lock().unwrap(), None, "the context goes last");
    drop(ctx);
    assert_eq!(*released.lock().unwrap(), Some(0), "handles were lost");
}

/// What a driver did, and what it shall do wrong.
#[derive(Clone, Default)]
pub struct Diary(Arc<Mutex<Pages>>);

#[derive(Default)]
struct Pages {
    calls: Vec<String>,
    fail: Option<&'static str>,
    panic: Option<&'static str>,
    hold: Option<(&'static str, Sender<()>, Receiver<()>)>,
}

impl Diary {
    /// The calls since this was asked last.
    pub fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().calls)
    }

    /// The next calls of this name fail.
    pub fn fail(&self, name: Option<&'static str>) {
        self.0.lock().unwrap().fail = name;
    }

    /// The next call of this name panics.
    pub fn panic(&self, name: &'static str) {
        self.0.lock().unwrap().panic = Some(name);
    }

    /// The next call of this name tells the receiver that it is there, and
    /// stays until the sender says so.
    pub fn hold(&self, name: &'static str) -> (Sender<()>, Receiver<()>) {
        let (there, wait) = channel();
        let (go_on, told) = channel();
        self.0.lock().unwrap().hold = Some((name, there, told));
        (go_on, wait)
    }

    fn note(&self, name: &str, what: std::fmt::Arguments<'_>) -> Result<()> {
        let mut pages = self.0.lock().unwrap();
        pages.calls.push(format!("{name}{what}"));
        if pages.panic.take_if(|panic| *panic == name).is_some() {
            drop(pages);
            panic!("{name} panics");
        }
        if let Some((_, there, told)) = pages.hold.take_if(|hold| hold.0 == name) {
            drop(pages);
            there.send(()).unwrap();
            told.recv().unwrap();
            return Ok(());
        }
        if pages.fail == Some(name) {
            return Err(Error::new(Code::EIO, "told to fail"));
        }
        Ok(())
    }
}

pub struct Driver {
    pub hardware: Soft,
    pub tables: TableMemory,
    pub diary: Diary,
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.diary.note("drop", format_args!(""));
    }
}

impl IommuDriver for Driver {
    type Device = Vec<u64>;
    type Domain = ();

    fn translate(&self, cells: &[u32]) -> Result<u64> {
        self.diary.note("translate", format_args!(" {cells:?}"))?;
        Ok(cells[0].into())
    }

    fn probe(&self, info: &ProbeInfo<'_>) -> Result<Vec<u64>> {
        self.diary
            .note("probe", format_args!(" {} {:?}", info.name, info.ids))?;
        Ok(info.ids.to_vec())
    }

    fn release(&self, ids: Vec<u64>) {
        let _ = self.diary.note("release", format_args!(" {ids:?}"));
    }

    fn domain_alloc(&self, setup: &mut DomainSetup) -> Result<()> {
        self.diary.note("domain_alloc", format_args!(""))?;
        setup.format = format::ARM64_S1.into();
        setup.memory = Some(self.tables.clone());
        Ok(())
    }

    fn domain_free(&self, (): ()) {
        let _ = self.diary.note("domain_free", format_args!(""));
    }

    fn attach_prepare(
        &self,
        _: &Vec<u64>,
        (): &(),
        _: &PageTableInfo,
        at: &Slots<'_>,
    ) -> Result<()> {
        self.diary
            .note("attach_prepare", format_args!(" {:?}", at.ids))
    }

    fn attach_commit(&self, _: &Vec<u64>, (): &(), table: &PageTableInfo, at: &Slots<'_>) {
        let _ = self
            .diary
            .note("attach_commit", format_args!(" {:?}", at.ids));
        let context = SoftContext::new(format::ARM64_S1, 1, table);
        for id in at.ids {
            self.hardware.set_context(*id, &context).unwrap();
        }
    }

    fn block(&self, _: &Vec<u64>, at: &Slots<'_>) {
        let _ = self.diary.note("block", format_args!(" {:?}", at.ids));
        for id in at.ids {
            self.hardware.clear_context(*id).unwrap();
        }
    }

    fn flush(&self, (): &(), range: &FlushRange) -> Result<()> {
        self.diary.note(
            "flush",
            format_args!(" {:#x}..={:#x}", range.iova, range.last),
        )?;
        self.hardware.invalidate(1, range.iova, range.last)
    }

    fn flush_all(&self, (): &()) -> Result<()> {
        self.diary.note("flush_all", format_args!(""))?;
        self.hardware.invalidate_all(1)
    }
}

/// Writes down what is to be flushed, and fails on demand.
#[derive(Clone, Default)]
pub struct Tlb(Arc<Mutex<(Vec<String>, bool)>>);

impl Tlb {
    fn note(&self, call: String) -> Result<()> {
        let mut tlb = self.0.lock().unwrap();
        tlb.0.push(call);
        if tlb.1 {
            return Err(Code::EIO.into());
        }
        Ok(())
    }

    /// The calls since this was asked last.
    pub fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().0)
    }

    pub fn fail(&self, fail: bool) {
        self.0.lock().unwrap().1 = fail;
    }

    /// Is no table left that calls it?
    pub fn is_alone(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

impl TlbOps for Tlb {
    fn flush(&self, range: &FlushRange) -> Result<()> {
        self.note(format!(
            "{:#x}..={:#x} of {:#x}{}",
            range.iova,
            range.last,
            range.page_size,
            if range.tables { ", tables" } else { "" }
        ))
    }

    fn flush_all(&self) -> Result<()> {
        self.note("all".into())
    }
}

/// The message of a panic.
pub fn message(payload: Box<dyn std::any::Any + Send>) -> String {
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => payload.downcast_ref::<&str>().unwrap().to_string(),
    }
}

/// Runs `f`, which is to panic, and gives the panic's message.
#[track_caller]
pub fn panics<R>(f: impl FnOnce() -> R) -> String {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)) {
        Ok(_) => panic!("it should have panicked"),
        Err(payload) => message(payload),
    }
}
