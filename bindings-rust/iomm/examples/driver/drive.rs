// SPDX-License-Identifier: MIT OR Apache-2.0
//! The job of a device driver.

use crate::machine::{BUFFER_BYTES, DeviceEntry, Machine};
use crate::report::{Attempt, Outcome, expect, heading, hex};
use iomm::{Code, Device, DmaError, Domain, DomainConfig, Gather, Iommu, Prot, Soft};

const IOVA: u64 = 0x1_0000_0000;

pub struct Dma {
    pub hardware: Soft,
    pub instance: Iommu,
    pub id: u64,
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

pub fn drive_first(machine: &Machine) -> Outcome<()> {
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
