// SPDX-License-Identifier: MIT OR Apache-2.0
//! Groups: devices that the IOMMU cannot tell apart.

use crate::boundary;
use crate::device::Device;
use crate::domain::DomainType;
use crate::error::{Code, Result};
use crate::handle::handle;
use crate::text;
use alloc::vec::Vec;
use core::fmt;
use core::ptr;
use iomm_sys as sys;

/// What a group is at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupInfo {
    /// As [`Group::number()`].
    pub number: u32,
    /// How many devices are in it.
    pub devices: u32,
    /// Reserved regions of all of them.
    pub regions: u32,
    /// What is attached when nobody attaches anything.
    pub default_type: DomainType,
    /// Somebody owns it, and nobody else may attach anything.
    pub claimed: bool,
    /// A user's domain is attached.
    pub attached: bool,
    /// Its default domain is in use.
    pub in_use: bool,
    /// It has no devices any more.
    pub dead: bool,
}

handle! {
    /// Devices that share whatever domain is attached, since the IOMMU cannot
    /// tell them apart.
    Group, iomm_group, iomm_group_get, iomm_group_put
}

impl Group {
    /// The group's number: counts up from 0 in each context, and is not used
    /// again.
    pub fn number(&self) -> u32 {
        let mut number = 0;
        // SAFETY: the handle is alive, and so is what is written to.
        let answer =
            boundary::call(|| unsafe { sys::iomm_group_number(self.as_raw(), &mut number) });
        assert_eq!(answer, 0, "a live group has a number");
        number
    }

    /// What the group is at the moment. Another thread may change it at once.
    pub fn info(&self) -> Result<GroupInfo> {
        let ctx = self.context();
        let mut c = sys::iomm_group_info {
            size: text::size_of::<sys::iomm_group_info>(),
            ..Default::default()
        };
        // SAFETY: the handle is alive, and the struct as large as it says.
        ctx.call(|| ctx.done(unsafe { sys::iomm_group_info(self.as_raw(), &mut c) }))?;
        Ok(GroupInfo {
            number: c.number,
            devices: c.nr_devices,
            regions: c.nr_regions,
            default_type: DomainType::from_raw(c.default_type),
            claimed: c.flags & sys::IOMM_GROUP_CLAIMED != 0,
            attached: c.flags & sys::IOMM_GROUP_ATTACHED != 0,
            in_use: c.flags & sys::IOMM_GROUP_IN_USE != 0,
            dead: c.flags & sys::IOMM_GROUP_DEAD != 0,
        })
    }

    /// One of the group's devices, counted from 0 in the order in which they
    /// came. [`Code::ENOENT`] when there are not that many.
    pub fn device(&self, index: u32) -> Result<Device> {
        let ctx = self.context();
        ctx.call(|| {
            let mut raw = ptr::null_mut();
            // SAFETY: the handle is alive.
            ctx.done(unsafe { sys::iomm_group_device(self.as_raw(), index, &mut raw) })?;
            // SAFETY: on success the reference is ours.
            Ok(unsafe { Device::from_raw(raw, ctx) })
        })
    }

    /// All devices of the group. One that joins or leaves meanwhile may be
    /// among them or not, and so may its neighbours be.
    pub fn devices(&self) -> Result<Vec<Device>> {
        let mut devices = Vec::new();
        for index in 0.. {
            match self.device(index) {
                Ok(device) => devices.push(device),
                Err(e) if e.code() == Code::ENOENT => break,
                Err(e) => return Err(e),
            }
        }
        Ok(devices)
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Group").field(&self.number()).finish()
    }
}
