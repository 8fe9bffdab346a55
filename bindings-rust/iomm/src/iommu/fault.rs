// SPDX-License-Identifier: MIT OR Apache-2.0
//! DMA that was not translated.

use crate::handle::numbers;
use crate::prot::Prot;
use crate::text;
use core::fmt;
use iomm_sys as sys;

numbers! {
    /// Why an access was not translated.
    FaultReason {
        /// Nothing is mapped there.
        TRANSLATION = IOMM_FAULT_TRANSLATION, "nothing is mapped there";
        /// The mapping does not allow it.
        PERMISSION = IOMM_FAULT_PERMISSION, "the mapping does not allow it";
        /// The output address is too wide, or no memory.
        ADDRESS = IOMM_FAULT_ADDRESS, "the output address is no memory";
        /// The descriptor's access flag is clear.
        ACCESS_FLAG = IOMM_FAULT_ACCESS_FLAG, "the access flag is clear";
        /// A table could not be fetched.
        WALK = IOMM_FAULT_WALK, "a table could not be fetched";
        /// No translation is set up for the ID.
        BLOCKED = IOMM_FAULT_BLOCKED, "the device is blocked";
    }
}

/// A DMA that was not translated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The device's ID at the instance.
    pub id: u64,
    /// Whose address it was; 0: the device's own.
    pub pasid: u32,
    /// First address that was not translated.
    pub iova: u64,
    /// Why.
    pub reason: FaultReason,
    /// What was tried: [`Prot::READ`], [`Prot::WRITE`].
    pub access: Prot,
}

impl Fault {
    /// A struct for C to fill.
    pub(crate) fn empty() -> sys::iomm_fault {
        sys::iomm_fault {
            size: text::size_of::<sys::iomm_fault>(),
            ..Default::default()
        }
    }

    pub(crate) fn from_c(fault: &sys::iomm_fault) -> Fault {
        Fault {
            id: fault.id,
            pasid: fault.pasid,
            iova: fault.iova,
            reason: FaultReason::from_raw(fault.reason),
            access: Prot::from_bits_retain(fault.access),
        }
    }

    pub(crate) fn to_c(self) -> sys::iomm_fault {
        sys::iomm_fault {
            id: self.id,
            pasid: self.pasid,
            iova: self.iova,
            reason: self.reason.raw(),
            access: self.access.bits(),
            ..Fault::empty()
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let access = if self.access.contains(Prot::WRITE) {
            "write to"
        } else {
            "read from"
        };
        write!(f, "{access} {:#x} by ID {:#x}", self.iova, self.id)?;
        if self.pasid != 0 {
            write!(f, ", PASID {}", self.pasid)?;
        }
        write!(f, ": {}", self.reason)
    }
}
