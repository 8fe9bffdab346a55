// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is there: statistics, and allocations as a walk sees them.

use super::alloc_type::{AllocType, next_above};
use super::descriptor::{Access, Kind};
use crate::error::Result;
use crate::text;
use core::iter::FusedIterator;
use iomm_sys as sys;

/// What an allocator found where it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AllocatorInfo {
    /// Memory that is not writable where it is used is written through a
    /// second mapping.
    pub alias: bool,
    /// ... or made writable, and not executable, for the time that takes.
    pub protect: bool,
    /// There is a barrier over all processors.
    pub barrier: bool,
    /// This is a process, such as a child after fork, in which nothing works.
    pub dead: bool,
    /// Smallest unit of protection, bytes.
    pub page: u64,
    /// Large page, bytes; 0: there is no such thing.
    pub huge: u64,
}

impl AllocatorInfo {
    pub(super) fn empty() -> sys::iomm_allocator_info {
        sys::iomm_allocator_info {
            size: text::size_of::<sys::iomm_allocator_info>(),
            ..Default::default()
        }
    }

    pub(super) fn from_c(info: &sys::iomm_allocator_info) -> AllocatorInfo {
        AllocatorInfo {
            alias: info.flags & sys::IOMM_ALLOCATOR_ALIAS != 0,
            protect: info.flags & sys::IOMM_ALLOCATOR_PROTECT != 0,
            barrier: info.flags & sys::IOMM_ALLOCATOR_BARRIER != 0,
            dead: info.flags & sys::IOMM_ALLOCATOR_DEAD != 0,
            page: info.page,
            huge: info.huge,
        }
    }
}

/// Where a type stands. What is of the pool, and not of the type alone, is so
/// for all types that share it. All but the counts are bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Live allocations of this type.
    pub allocations: u64,
    /// In them, rounded as the alignment says.
    pub asked: u64,
    /// What the pool has of the backend.
    pub granted: u64,
    /// Those of it that are in no allocation of any type.
    pub wasted: u64,
    /// Grants of the pool.
    pub grants: u64,
    /// What fits without a new grant.
    pub largest_hole: u64,
    /// Freed, and waiting for a barrier.
    pub waiting: u64,
    /// Granted, and in large pages.
    pub huge: u64,
    /// The books that the pool keeps.
    pub book: u64,
}

impl Stats {
    pub(super) fn empty() -> sys::iomm_alloc_stats {
        sys::iomm_alloc_stats {
            size: text::size_of::<sys::iomm_alloc_stats>(),
            ..Default::default()
        }
    }

    pub(super) fn from_c(stats: &sys::iomm_alloc_stats) -> Stats {
        Stats {
            allocations: stats.allocations,
            asked: stats.asked,
            granted: stats.granted,
            wasted: stats.wasted,
            grants: stats.grants,
            largest_hole: stats.largest_hole,
            waiting: stats.waiting,
            huge: stats.huge,
            book: stats.book,
        }
    }
}

/// An allocation as a walk or a profiler sees it. It may be gone by the time
/// this is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AllocationInfo {
    /// The type that it was allocated as.
    pub kind: Kind,
    /// What it allows now.
    pub access: Access,
    /// It has been sealed.
    pub sealed: bool,
    /// Its grant has large pages.
    pub huge: bool,
    /// Where it starts.
    pub address: u64,
    /// Rounded up as the alignment says.
    pub bytes: u64,
    /// Where its grant starts.
    pub grant: u64,
    /// And how long that is.
    pub grant_bytes: u64,
}

impl AllocationInfo {
    pub(super) fn empty() -> sys::iomm_allocation {
        sys::iomm_allocation {
            size: text::size_of::<sys::iomm_allocation>(),
            ..Default::default()
        }
    }

    pub(super) fn from_c(found: &sys::iomm_allocation) -> AllocationInfo {
        AllocationInfo {
            kind: Kind::from_raw(found.type_),
            access: Access::from_bits_retain(found.prot),
            sealed: found.flags & sys::IOMM_ALLOCATION_SEALED != 0,
            huge: found.flags & sys::IOMM_ALLOCATION_HUGE != 0,
            address: found.address as u64,
            bytes: found.bytes,
            grant: found.grant as u64,
            grant_bytes: found.grant_bytes,
        }
    }
}

/// Goes through the live allocations of a type, upwards: see
/// [`AllocType::allocations`].
#[derive(Debug)]
pub struct Allocations<'t> {
    of: &'t AllocType,
    /// Where the last one started; `None` when there are no more.
    after: Option<u64>,
}

impl<'t> Allocations<'t> {
    pub(super) fn new(of: &'t AllocType) -> Allocations<'t> {
        Allocations { of, after: Some(0) }
    }
}

impl Iterator for Allocations<'_> {
    type Item = Result<AllocationInfo>;

    /// What cannot be read ends the walk.
    fn next(&mut self) -> Option<Result<AllocationInfo>> {
        let after = self.after?;
        // SAFETY: the handle is alive.
        let found = unsafe { next_above(self.of.context(), self.of.as_raw(), after) }.transpose();
        self.after = match &found {
            Some(Ok(info)) => Some(info.address),
            _ => None,
        };
        found
    }
}

impl FusedIterator for Allocations<'_> {}
