// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who decides what a group's devices reach: users of its default domain, or
//! one owner.

use crate::boundary;
use crate::domain::Domain;
use crate::error::{Code, Error, Result};
use crate::fwspec::ReservedRegion;
use crate::group::Group;
use crate::text;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ffi::c_void;
use core::fmt;
use core::ptr;
use iomm_sys as sys;

/// Ownership: who decides what the DMA of the group's devices reaches.
///
/// ```no_run
/// use iomm::{Device, Domain, DomainConfig, Owner};
///
/// fn hand_on(device: &Device) -> iomm::Result<()> {
///     let group = device.group()?;
///     let in_use = group.use_default()?;
///     assert!(group.claim(&Owner::new()).is_err());
///     drop(in_use);
///
///     let claim = group.claim(&Owner::new())?; // nothing is translated
///     let guest = Domain::create(device, &DomainConfig::paging())?;
///     guest.attach(device)?;
///     drop(claim); // the default domain is attached again
///     Ok(())
/// }
/// ```
impl Group {
    /// What firmware says of the I/O space of all of the group's devices. Those
    /// of kind [`DIRECT`](crate::RegionKind::DIRECT) are mapped in every paging
    /// domain for as long as it is attached; from the others it is the user's
    /// part to keep his mappings away.
    pub fn regions(&self) -> Result<Vec<ReservedRegion>> {
        let ctx = self.context();
        let stride = text::size_of::<sys::iomm_reserved_region>();
        let mut regions: Vec<sys::iomm_reserved_region> = Vec::new();
        loop {
            let mut count = u32::try_from(regions.len()).unwrap_or(u32::MAX);
            let answer = ctx.call(|| {
                let first = regions.as_mut_ptr();
                // SAFETY: the handle is alive, and the array has that many.
                ctx.done(unsafe {
                    sys::iomm_group_regions(self.as_raw(), first, stride, &mut count)
                })
            });
            match answer {
                Ok(()) => {
                    regions.truncate(count as usize);
                    return Ok(regions.iter().map(ReservedRegion::from_c).collect());
                }
                Err(error) if error.code() == Code::EMSGSIZE => {
                    regions.resize_with(count as usize, Default::default);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The group's default domain, if it is one with a page table: what its
    /// devices are attached to when nobody has attached another one.
    /// [`Code::ENOENT`] when it is of another type.
    pub fn default_domain(&self) -> Result<Domain> {
        let ctx = self.context();
        ctx.call(|| {
            let mut raw = ptr::null_mut();
            // SAFETY: the handle is alive.
            ctx.done(unsafe { sys::iomm_group_default_domain(self.as_raw(), &mut raw) })?;
            // SAFETY: on success the reference is ours.
            Ok(unsafe { Domain::from_raw(raw, ctx) })
        })
    }

    /// Counts a user of the default domain: until the guard is dropped nobody
    /// else can claim the group, or attach a domain.
    pub fn use_default(&self) -> Result<DefaultInUse> {
        let ctx = self.context();
        // SAFETY: the handle is alive.
        ctx.call(|| ctx.done(unsafe { sys::iomm_group_use_default(self.as_raw()) }))?;
        Ok(DefaultInUse(self.clone()))
    }

    /// Makes the group the owner's, to hand its devices on. When this returns
    /// everything is blocked, but for what firmware wants mapped; then the owner
    /// attaches what he likes. Claims of one owner nest; with the last one what
    /// is attached is detached, and the default domain is attached again.
    pub fn claim(&self, owner: &Owner) -> Result<GroupClaim> {
        let ctx = self.context();
        // SAFETY: the handle is alive; the owner is only compared.
        ctx.call(|| ctx.done(unsafe { sys::iomm_group_claim(self.as_raw(), owner.address()) }))?;
        Ok(GroupClaim {
            group: self.clone(),
            owner: owner.clone(),
            held: true,
        })
    }
}

/// Whoever claims groups: each is another one, and a clone is the same.
#[derive(Clone)]
pub struct Owner(Arc<u8>);

impl Owner {
    /// Another one.
    pub fn new() -> Owner {
        Owner(Arc::new(0))
    }

    /// It is nobody else's for as long as there is a clone.
    fn address(&self) -> *const c_void {
        Arc::as_ptr(&self.0).cast()
    }
}

impl Default for Owner {
    fn default() -> Owner {
        Owner::new()
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Owner").field(&self.address()).finish()
    }
}

/// Somebody uses a group's default domain: [`Group::use_default`].
#[derive(Debug)]
#[must_use = "it is used for as long as this is there"]
pub struct DefaultInUse(Group);

impl Drop for DefaultInUse {
    fn drop(&mut self) {
        // A group without devices has no users any more, and that is fine.
        // SAFETY: the handle is alive.
        let _ = boundary::call(|| unsafe { sys::iomm_group_unuse_default(self.0.as_raw()) });
    }
}

/// A claim on a group: [`Group::claim`].
///
/// Dropping it inside a callback while another thread is at work on the group
/// would have to wait, which nothing does there: the claim then stays, and with
/// it the owner. Whoever drops one in callbacks calls
/// [`release`](GroupClaim::release) instead, and keeps what that hands back.
#[derive(Debug)]
#[must_use = "the group is claimed for as long as this is there"]
pub struct GroupClaim {
    group: Group,
    owner: Owner,
    held: bool,
}

impl GroupClaim {
    /// The group.
    pub fn group(&self) -> &Group {
        &self.group
    }

    /// Gives the claim back, as dropping it does. One that cannot be given back
    /// here and now is handed back, with the reason: [`Code::EDEADLK`] inside a
    /// callback.
    pub fn release(mut self) -> core::result::Result<(), (GroupClaim, Error)> {
        match self.give_back() {
            // A group without devices has no owner any more.
            Err(error) if error.code() != Code::ENODEV => Err((self, error)),
            _ => {
                self.held = false;
                Ok(())
            }
        }
    }

    fn give_back(&self) -> Result<()> {
        let (ctx, owner) = (self.group.context(), self.owner.address());
        // SAFETY: the handle is alive; the owner is only compared.
        ctx.call(|| ctx.done(unsafe { sys::iomm_group_release(self.group.as_raw(), owner) }))
    }
}

impl Drop for GroupClaim {
    fn drop(&mut self) {
        if self.held && self.give_back().is_err() {
            // The claim may be there still, and nobody else is to be taken for
            // its owner: the address is not used again.
            core::mem::forget(self.owner.clone());
        }
    }
}
