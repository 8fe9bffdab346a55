// SPDX-License-Identifier: MIT OR Apache-2.0
//! A first driver: one PCI function of QEMU's virt machine does DMA.
//!
//!     first build/data/qemu-virt-smmuv3.dtb
use iomm::{
    Bus, Context, Device, DeviceConfig, Domain, DomainConfig, Firmware, GuestMemory, NodeFlags,
    Prot, Soft, SoftConfig, SoftDriver, TableMemory,
};
use std::error::Error;

const RID: u16 = 0x0008; // 00:01.0
const IOVA: u64 = 0x10000;
const BASE: u64 = 0x4000_0000; // of the machine's memory
const BUFFER: u64 = BASE + 0x10_0000; // page tables lie below

/// The driver's job: an address space, a buffer in it, and DMA.
fn drive(device: &Device, hardware: &Soft, memory: &GuestMemory) -> Result<(), Box<dyn Error>> {
    device.probe()?;
    let domain = Domain::create(device, &DomainConfig::paging())?;
    domain.attach(device)?;
    domain.map(IOVA, BUFFER, 4096, Prot::READ | Prot::WRITE | Prot::CACHE)?;

    hardware.write(u64::from(RID), IOVA + 16, b"hello")?;
    let mut seen = [0; 5];
    memory.read(BUFFER + 16, &mut seen)?;
    println!("the device wrote {:?}", std::str::from_utf8(&seen)?);

    // Unmapped and invalidated: only now is the buffer free again.
    domain.unmap_now(IOVA, 4096)?;
    device.remove(None)?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: first FILE.dtb")?;
    let ctx = Context::new()?;
    let tree = std::fs::read(&path).map_err(|error| format!("{path}: {error}"))?;
    let firmware = Firmware::from_fdt(&ctx, &tree)?;
    let node = firmware.nodes(NodeFlags::IOMMU).next().ok_or("no IOMMU")?;
    let host = firmware.nodes(NodeFlags::PCI_HOST).next().ok_or("no PCI")?;

    // The IOMMU at that node: a software one, with 2 MiB of memory.
    let memory = GuestMemory::new(BASE, 2 << 20)?;
    let tables = TableMemory::arena(&ctx, &memory, BASE..BUFFER)?;
    let soft = Soft::create(&ctx, &SoftConfig::new())?;
    soft.add_memory(&memory)?;
    let _iommu = soft.register(&SoftDriver::new(node, "smmu").memory(&tables))?;

    let pci = Bus::pci(&firmware, host, "pci0")?;
    let device = Device::create(&pci, &DeviceConfig::new("nic").requester_id(RID))?;
    drive(&device, &soft, &memory)
}
