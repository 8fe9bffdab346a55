// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bringing devices and IOMMUs together.

use crate::machine::{DeviceEntry, Machine};
use crate::report::{Attempt, Outcome, expect, hex};
use crate::soft_iommu::SoftIommuDriver;
use iomm::{Code, DeviceState, Iommu, IommuConfig, Soft, SoftConfig};
use std::sync::atomic::AtomicU64;

impl Machine {
    pub fn probe_too_early(&mut self) -> Outcome<()> {
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

    pub fn register_iommus(&mut self) -> Outcome<()> {
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
            pasid_bits: 0,
            identity: false,
        };
        let instance = Iommu::register(&self.ctx, &config, driver).attempt(&iommu.path)?;
        iommu.parts = Some((hardware, instance));
        println!("arrives  {}, with a driver written in Rust", iommu.path);
        Ok(())
    }

    /// Every IOMMU has arrived: who waited in vain?
    pub fn find_left_over(&self) {
        for entry in &self.devices {
            if entry.bound.is_none() && !entry.never {
                if let Err(error) = entry.device.probe() {
                    println!("failed   {}\n         {error}", entry.name);
                }
            }
        }
    }

    pub fn draw(&self) {
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
