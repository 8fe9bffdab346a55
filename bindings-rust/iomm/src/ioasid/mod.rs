// SPDX-License-Identifier: MIT OR Apache-2.0
//! I/O address-space IDs (PASIDs): spaces, and who shares them.

mod allocator;
mod event;
mod id;
mod pasid;
mod set;

pub use allocator::{IoasidAllocator, IoasidAllocatorHandle, IoasidHost};
pub use event::{
    IoasidEvent, IoasidEventKind, IoasidHold, IoasidOrder, IoasidSubscriber, IoasidSubscription,
};
pub use id::{Ioasid, IoasidInfo, IoasidState};
pub use pasid::{Pasid, PasidDriver};
pub use set::{IoasidSet, IoasidSetConfig, IoasidSetInfo};

use crate::ctx::Context;
use crate::error::{Code, Error, Result};
use crate::handle::handle;
use crate::text;
use core::fmt;
use core::ops::RangeInclusive;
use core::ptr;
use iomm_sys as sys;

handle! {
    /// A space in which several parties take numbers, each through an
    /// [`IoasidSet`] of its own: the PASIDs of a machine.
    ///
    /// 0 and all ones are never handed out.
    ///
    /// ```
    /// use iomm::{Context, IoasidSet, IoasidSetConfig, IoasidSpace};
    ///
    /// let ctx = Context::new()?;
    /// let pasids = IoasidSpace::create(&ctx, 1..=0xf_ffff)?;
    /// let set = IoasidSet::create(&pasids, &IoasidSetConfig::new())?;
    ///
    /// let id = set.alloc(1..=0xff, "an address space")?;
    /// let length = set.find_with(id, |space| space.map_or(0, |space| space.len()))?;
    /// assert_eq!(length, 16);
    /// # Ok::<(), iomm::Error>(())
    /// ```
    IoasidSpace, iomm_ioasid_space, iomm_ioasid_space_get, iomm_ioasid_space_put
}

/// What a space holds at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IoasidSpaceInfo {
    /// The numbers that there are.
    pub range: RangeInclusive<u32>,
    /// Those that cannot be handed out: allocated, pending, or on their way
    /// back.
    pub taken: u32,
    /// Those that no quota reserves, taken ones included.
    pub unreserved: u32,
    /// Sets that still have a say.
    pub sets: u32,
    /// Memory in use.
    pub bytes: u64,
}

impl IoasidSpace {
    /// Makes a space with the numbers of a range, both ends included; a start
    /// of 0 means 1. It hands out the lowest that is free, unless a custom
    /// allocator is [registered](Self::register_allocator).
    pub fn create(ctx: &Context, range: RangeInclusive<u32>) -> Result<IoasidSpace> {
        let (min, max) = ends(&range)?;
        if max == 0 {
            return Err(invalid("a space that ends with 0 has no IDs"));
        }
        let config = sys::iomm_ioasid_space_config {
            size: text::size_of::<sys::iomm_ioasid_space_config>(),
            flags: 0,
            min,
            max,
        };
        ctx.call(|| {
            let mut raw = ptr::null_mut();
            // SAFETY: the context is alive, and the config during the call.
            ctx.done(unsafe { sys::iomm_ioasid_space_create(ctx.as_raw(), &config, &mut raw) })?;
            // SAFETY: on success the reference is ours.
            Ok(unsafe { IoasidSpace::from_raw(raw, ctx) })
        })
    }

    /// What the space holds at the moment.
    pub fn info(&self) -> Result<IoasidSpaceInfo> {
        let ctx = self.context();
        let mut c = sys::iomm_ioasid_space_info {
            size: text::size_of::<sys::iomm_ioasid_space_info>(),
            ..Default::default()
        };
        // SAFETY: the handle is alive, and the struct as large as it says.
        ctx.call(|| ctx.done(unsafe { sys::iomm_ioasid_space_info(self.as_raw(), &mut c) }))?;
        Ok(IoasidSpaceInfo {
            range: c.min..=c.max,
            taken: c.taken,
            unreserved: c.unreserved,
            sets: c.sets,
            bytes: c.bytes,
        })
    }

    /// What there is to know of an ID, whose set nobody has to have.
    /// [`Code::ENOENT`] when it is none.
    pub fn id_info(&self, id: u32) -> Result<IoasidInfo> {
        // SAFETY: the space is alive, and no set is any.
        unsafe { id::info(self, ptr::null_mut(), id) }
    }
}

impl fmt::Debug for IoasidSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IoasidSpace").finish_non_exhaustive()
    }
}

fn invalid(message: &str) -> Error {
    Error::new(Code::EINVAL, message)
}

/// An empty range has ends too, which the library refuses, but for one that was
/// iterated.
fn ends(range: &RangeInclusive<u32>) -> Result<(u32, u32)> {
    if range.is_empty() && range.start() <= range.end() {
        return Err(invalid("the range of IDs has been iterated to its end"));
    }
    Ok((*range.start(), *range.end()))
}
