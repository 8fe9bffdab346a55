// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the tree says: IOMMUs and devices.

use crate::machine::{DeviceEntry, IommuNode, Machine};
use crate::report::{Attempt, Outcome, hex};
use iomm::{Bus, Device, DeviceConfig, Node, NodeFlags};

impl Machine {
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

    pub fn find_iommus(&mut self) -> Outcome<()> {
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

    pub fn find_devices(&mut self) -> Outcome<()> {
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
}
