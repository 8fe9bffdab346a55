// SPDX-License-Identifier: MIT OR Apache-2.0
//! Groups: devices that the IOMMU cannot tell apart.

use crate::boundary;
use crate::handle::handle;
use core::fmt;
use iomm_sys as sys;

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
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Group").field(&self.number()).finish()
    }
}
