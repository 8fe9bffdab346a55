// SPDX-License-Identifier: MIT OR Apache-2.0
//! Stretches: of what is mapped, and of memory that is to be mapped.

use super::info::Partial;
use super::view::TableView;
use crate::error::{Code, Error, Result};
use crate::gather::RawGather;
use crate::prot::Prot;
use crate::text;
use core::iter::FusedIterator;
use core::mem::{offset_of, size_of};
use iomm_sys as sys;

/// A stretch of what is mapped: output addresses and protection go on from its
/// first byte to its last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[repr(C)]
pub struct Extent {
    /// First I/O address.
    pub iova: u64,
    /// Length.
    pub bytes: u64,
    /// Output address of the first byte.
    pub paddr: u64,
    /// What the mapping allows.
    pub prot: Prot,
    reserved: u32,
}

/// A piece of memory of a scatter list. Its address and its length are multiples
/// of the table's smallest page size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Segment {
    /// Where it is.
    pub paddr: u64,
    /// Its length, not 0.
    pub bytes: u64,
}

// C reads and fills arrays of them in place.
const _: () = {
    assert!(size_of::<Extent>() == size_of::<sys::iomm_extent>());
    assert!(offset_of!(Extent, bytes) == offset_of!(sys::iomm_extent, bytes));
    assert!(offset_of!(Extent, paddr) == offset_of!(sys::iomm_extent, paddr));
    assert!(offset_of!(Extent, prot) == offset_of!(sys::iomm_extent, prot));
    assert!(size_of::<Segment>() == size_of::<sys::iomm_segment>());
    assert!(offset_of!(Segment, bytes) == offset_of!(sys::iomm_segment, bytes));
};

const BATCH: usize = 16;

/// Goes through what is mapped in a range; see [`TableView::extents`].
///
/// A few are read at a time. In a shared table, what others change meanwhile
/// is seen as it was before or after; an exclusive one nobody changes:
///
/// ```compile_fail,E0502
/// fn clear(table: &mut iomm::PageTable) -> iomm::Result<()> {
///     for extent in table.extents(0, 1 << 39)? {
///         table.unmap(extent.iova, extent.bytes)?;
///     }
///     Ok(())
/// }
/// ```
///
/// ```
/// fn clear(table: &iomm::SharedPageTable) -> iomm::Result<()> {
///     for extent in table.extents(0, 1 << 39)? {
///         table.unmap_now(extent.iova, extent.bytes)?;
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct Extents<'t> {
    table: &'t TableView,
    batch: [Extent; BATCH],
    /// The next of the batch, and how many are in it.
    next: usize,
    count: usize,
    /// What has not been read.
    rest: Rest,
}

impl<'t> Extents<'t> {
    pub(super) fn new(table: &'t TableView, iova: u64, bytes: u64) -> Result<Extents<'t>> {
        let mut extents = Extents {
            table,
            batch: [Extent::default(); BATCH],
            next: 0,
            count: 0,
            rest: Rest { iova, bytes },
        };
        extents.fill()?;
        Ok(extents)
    }

    fn fill(&mut self) -> Result<()> {
        let Rest { iova, bytes } = self.rest;
        self.count = self.table.read_extents(iova, bytes, &mut self.batch)?;
        self.next = 0;
        match self.batch[..self.count].last() {
            Some(last) if self.count == BATCH => self.rest.skip(last),
            _ => self.rest.bytes = 0,
        }
        Ok(())
    }
}

impl Iterator for Extents<'_> {
    type Item = Extent;

    fn next(&mut self) -> Option<Extent> {
        if self.next == self.count && self.rest.bytes > 0 {
            self.fill()
                .expect("part of a range that was fine is fine too");
        }
        let extent = self.batch[..self.count].get(self.next)?;
        self.next += 1;
        Some(*extent)
    }
}

impl FusedIterator for Extents<'_> {}

/// The end of a range.
#[derive(Debug)]
struct Rest {
    iova: u64,
    bytes: u64,
}

impl Rest {
    /// Goes on behind an extent that lies in it. The end may be that of the
    /// address space, behind which there is no address.
    fn skip(&mut self, extent: &Extent) {
        let next = extent.iova.wrapping_add(extent.bytes);
        self.bytes = self.bytes.wrapping_sub(next.wrapping_sub(self.iova));
        self.iova = next;
    }
}

/// Unmaps a range into `gather`, and tells `into` what was mapped there, after
/// an error too.
///
/// # Safety
///
/// The table is the caller's alone, or shared.
pub(super) unsafe fn unmap(
    table: &TableView,
    gather: &mut RawGather,
    iova: u64,
    bytes: u64,
    into: &mut impl Extend<Extent>,
) -> core::result::Result<u64, Partial> {
    let ctx = table.context();
    let mut rest = Rest { iova, bytes };
    let mut done = 0;
    loop {
        let mut batch = [Extent::default(); BATCH];
        let mut count = 0;
        let answer = ctx.call(|| {
            count = text::room(&batch);
            // SAFETY: handle and gather are alive, the table as the caller
            // promises; there is room for `count` extents, whose layout is
            // C's.
            ctx.done(unsafe {
                sys::iomm_pgtable_unmap_extents(
                    table.as_raw(),
                    rest.iova,
                    rest.bytes,
                    &mut gather.0,
                    batch.as_mut_ptr().cast(),
                    text::size_of::<Extent>(),
                    &mut count,
                )
            })
        });
        let found = &batch[..count as usize];
        done += found.iter().map(|extent| extent.bytes).sum::<u64>();
        into.extend(found.iter().copied());
        match (answer, found.last()) {
            (Ok(()), _) => return Ok(done),
            (Err(error), Some(last)) if error.code() == Code::EMSGSIZE => rest.skip(last),
            (Err(error), _) => return Err(Partial { error, done }),
        }
    }
}

/// Of more segments than C can be told of.
pub(super) fn too_many(segments: &[Segment]) -> Error {
    Error::new(
        Code::EINVAL,
        alloc::format!("{} segments are too many for one call", segments.len()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_ends_with_the_address_space() {
        let mut rest = Rest {
            iova: 0u64.wrapping_sub(0x4000),
            bytes: 0x4000,
        };
        let extent = |iova, bytes| Extent {
            iova,
            bytes,
            ..Extent::default()
        };
        rest.skip(&extent(0u64.wrapping_sub(0x3000), 0x1000));
        assert_eq!((rest.iova, rest.bytes), (0u64.wrapping_sub(0x2000), 0x2000));
        rest.skip(&extent(0u64.wrapping_sub(0x1000), 0x1000));
        assert_eq!((rest.iova, rest.bytes), (0, 0));
    }
}
