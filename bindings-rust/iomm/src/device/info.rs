// SPDX-License-Identifier: MIT OR Apache-2.0
//! All that is known of a device.

use super::{Device, DeviceState};
use crate::domain::DomainType;
use crate::error::Result;
use crate::text;
use core::ops::RangeInclusive;
use iomm_sys as sys;

/// What is known of a device. Of what its creator says and what firmware says
/// the tighter holds; of coherence and node what its creator says. Firmware is
/// heard when the device is bound.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceInfo {
    /// Where it stands.
    pub state: DeviceState,
    /// Was [`Device::set_gone`] called?
    pub gone: bool,
    /// Does its DMA snoop the CPU's caches?
    pub coherent: bool,
    /// IDs at its IOMMUs.
    pub nr_ids: u32,
    /// Highest I/O address that a domain may reach.
    pub dma_mask: u64,
    /// What of that the device can use.
    pub dma: RangeInclusive<u64>,
    /// Width of its PASIDs; 0 when it has none.
    pub pasid_bits: u32,
    /// The NUMA node to which it is nearest, if that is known.
    pub numa_node: Option<u32>,
    /// What its group should have by default, as its creator says.
    pub default_domain: DomainType,
    /// Its group's number, if it is bound.
    pub group: Option<u32>,
}

impl Device {
    /// All that is known of the device, in one step; a snapshot.
    pub fn info(&self) -> Result<DeviceInfo> {
        let ctx = self.context();
        let mut c = sys::iomm_device_info {
            size: text::size_of::<sys::iomm_device_info>(),
            ..Default::default()
        };
        // SAFETY: the handle is alive, and so is what is written to.
        ctx.call(|| ctx.done(unsafe { sys::iomm_device_info(self.as_raw(), &mut c) }))?;
        let has = |flag: u32| c.flags & flag != 0;
        Ok(DeviceInfo {
            state: DeviceState::from_raw(c.state),
            gone: has(sys::IOMM_DEVICE_INFO_GONE),
            coherent: has(sys::IOMM_DEVICE_INFO_COHERENT),
            nr_ids: c.nr_ids,
            dma_mask: c.dma_mask,
            dma: c.dma_first..=c.dma_last,
            pasid_bits: c.pasid_bits,
            numa_node: has(sys::IOMM_DEVICE_INFO_NUMA_NODE).then_some(c.numa_node),
            default_domain: DomainType::from_raw(c.default_domain),
            group: has(sys::IOMM_DEVICE_INFO_BOUND).then_some(c.group),
        })
    }
}
