// SPDX-License-Identifier: MIT OR Apache-2.0
//! One type of memory.

use super::allocation::{Allocation, Writable};
use super::descriptor::Kind;
use super::info::{AllocationInfo, Allocations, Stats};
use crate::boundary;
use crate::ctx::Context;
use crate::error::{Code, Result};
use crate::handle::handle;
use core::fmt;
use core::ptr;
use iomm_sys as sys;

handle! {
    /// One type of memory: what a driver or a JIT compiler is given. It holds
    /// its [`Allocator`](super::Allocator), and so does everything that was
    /// allocated of it.
    AllocType, iomm_alloc_type, iomm_alloc_type_get, iomm_alloc_type_put
}

impl AllocType {
    /// What it is for.
    pub fn kind(&self) -> Kind {
        // SAFETY: legal anywhere, and the handle is alive.
        Kind::from_raw(boundary::call(|| unsafe {
            sys::iomm_alloc_type_number(self.as_raw())
        }))
    }

    /// Allocates. What it holds is harmless: instructions that trap in
    /// executable memory, zeroes elsewhere, unless the descriptor says
    /// otherwise. [`Code::ENOSPC`]: there is no room in the type's ranges.
    pub fn alloc(&self, bytes: usize) -> Result<Allocation<Writable>> {
        let ctx = self.context();
        ctx.call(|| {
            let mut address = ptr::null_mut();
            // SAFETY: the handle is alive, and so is what is written to.
            ctx.done(unsafe {
                sys::iomm_alloc_type_alloc(self.as_raw(), bytes as u64, &mut address)
            })?;
            // SAFETY: on success that is memory of so many bytes, and ours.
            Ok(unsafe { Allocation::from_raw(self, address.cast(), bytes) })
        })
    }

    /// Makes what was filled before code for every thread: for types with
    /// [`Flags::LAZY_SYNC`](super::Flags::LAZY_SYNC). One call serves any
    /// number of fills. [`Code::EOPNOTSUPP`]: the backend has no barrier.
    pub fn sync(&self) -> Result<()> {
        let ctx = self.context();
        // SAFETY: the handle is alive.
        ctx.call(|| ctx.done(unsafe { sys::iomm_alloc_type_sync(self.as_raw()) }))
    }

    /// Where the type stands; exact when no other thread is at work.
    pub fn stats(&self) -> Result<Stats> {
        let ctx = self.context();
        let mut stats = Stats::empty();
        // SAFETY: the handle is alive, and the struct as large as it says.
        ctx.call(|| ctx.done(unsafe { sys::iomm_alloc_type_stats(self.as_raw(), &mut stats) }))?;
        Ok(Stats::from_c(&stats))
    }

    /// Goes through the live allocations of the type, upwards. What is neither
    /// allocated nor freed meanwhile is seen once.
    pub fn allocations(&self) -> Allocations<'_> {
        Allocations::new(self)
    }
}

/// The first allocation of a type that starts above an address.
///
/// # Safety
///
/// The type is alive, and of the context.
pub(super) unsafe fn next_above(
    ctx: &Context,
    of: *mut sys::iomm_alloc_type,
    address: u64,
) -> Result<Option<AllocationInfo>> {
    let mut found = AllocationInfo::empty();
    let answer = ctx.call(|| {
        let after = ptr::without_provenance(address as usize);
        // SAFETY: the handle is alive, and the struct as large as it says; the
        // address is only compared.
        ctx.done(unsafe { sys::iomm_alloc_type_next(of, after, &mut found) })
    });
    found_or_none(answer, &found)
}

/// What a search has found.
pub(super) fn found_or_none(
    answer: Result<()>,
    found: &sys::iomm_allocation,
) -> Result<Option<AllocationInfo>> {
    match answer {
        Ok(()) => Ok(Some(AllocationInfo::from_c(found))),
        Err(error) if error.code() == Code::ENOENT => Ok(None),
        Err(error) => Err(error),
    }
}

impl fmt::Debug for AllocType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AllocType")
            .field("kind", &self.kind())
            .finish_non_exhaustive()
    }
}
