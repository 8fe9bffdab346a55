// SPDX-License-Identifier: MIT OR Apache-2.0
//! The machine: what there is of it, and what has been made of that.

use crate::drive::Dma;
use crate::report::{Attempt, Outcome};
use iomm::{
    Bus, Context, Device, DeviceId, Fault, Firmware, GuestMemory, Iommu, Node, NodeFlags, Soft,
    TableMemory,
};
use std::sync::{Arc, Mutex};

/// How much of the machine's memory is backed here.
pub const RAM_BYTES: u64 = 32 << 20;
/// How much of that is for page tables.
pub const TABLE_BYTES: u64 = 8 << 20;
/// One page of the largest granule.
pub const BUFFER_BYTES: u64 = 64 << 10;

pub struct IommuNode {
    pub node: Node,
    pub path: String,
    pub enabled: bool,
    pub granule: u64,
    /// The hardware and its instance, once they are there.
    pub parts: Option<(Soft, Iommu)>,
}

pub struct DeviceEntry {
    pub device: Device,
    pub name: String,
    /// Its IDs and its group, once it is bound.
    pub bound: Option<(Vec<DeviceId>, u32)>,
    /// Probed, and told that there will be no IOMMU for it.
    pub never: bool,
}

pub struct Machine {
    pub ctx: Context,
    pub firmware: Firmware,
    pub ram: GuestMemory,
    pub tables: TableMemory,
    pub granule: u64,
    pub iommus: Vec<IommuNode>,
    pub devices: Vec<DeviceEntry>,
    pub buses: Vec<Bus>,
    /// What the fault handler was told.
    pub faults: Arc<Mutex<Vec<Fault>>>,
}

impl Machine {
    pub fn new(ctx: &Context, firmware: Firmware, granule: u64) -> Outcome<Machine> {
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

    pub fn path(&self, node: Node) -> Outcome<String> {
        self.firmware.path(node).attempt("a node has no path")
    }

    /// The device itself: what it does, it does through its IOMMU.
    pub fn dma_of(&self, entry: &DeviceEntry) -> Outcome<Dma> {
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

    pub fn buffer(&self, n: u64) -> u64 {
        self.ram.base() + TABLE_BYTES + n * BUFFER_BYTES
    }
}
