// SPDX-License-Identifier: MIT OR Apache-2.0
//! What changes a table. Who may do so differs, by who serialises the calls:
//! the owner of an exclusive table through `&mut`, everybody through a handle
//! of a shared one. What is done is the same, and written here once.

/// Gives a type the methods that put nothing out of use.
macro_rules! changes {
    ($type:ty, ($($receiver:tt)+) $this:ident) => {
        impl $type {
            /// Maps `bytes` at `iova` to the physical memory at `paddr`, with
            /// the largest leaves that fit. What is already mapped is never
            /// replaced ([`Code::EEXIST`](crate::Code::EEXIST)). Walkers find
            /// it when this returns; where addresses wait in a gather, or share
            /// a leaf with one that does, from its flush on.
            ///
            /// Where a table is needed close to one that was emptied and waits
            /// in a gather, or a leaf in its place, walkers are made to forget
            /// that first: this may call [`TlbOps`](crate::TlbOps), and fail as that does.
            pub fn map(
                $($receiver)+,
                iova: u64,
                paddr: u64,
                bytes: u64,
                prot: $crate::Prot,
            ) -> core::result::Result<(), $crate::Partial> {
                $this.map_with(iova, paddr, bytes, prot, $crate::MapOptions::new())
            }

            /// As [`map`](Self::map), with options.
            pub fn map_with(
                $($receiver)+,
                iova: u64,
                paddr: u64,
                bytes: u64,
                prot: $crate::Prot,
                options: $crate::MapOptions,
            ) -> core::result::Result<(), $crate::Partial> {
                let (table, flags) = ($this.as_raw(), options.to_c()?);
                $crate::Partial::count($this.context(), |done| {
                    // SAFETY: the handle is alive, and the table ours alone,
                    // or shared; no memory at `paddr` is touched.
                    unsafe {
                        iomm_sys::iomm_pgtable_map(
                            table, iova, paddr, bytes, prot.bits(), flags, done,
                        )
                    }
                })?;
                Ok(())
            }

            /// Maps pieces of memory one after the other from `iova` on, in
            /// one walk; those that go on from one another as one piece. As
            /// [`map_with`](Self::map_with) in all else, but for
            /// [repeating](crate::MapOptions::repeat), which is not for them
            /// ([`Code::EINVAL`](crate::Code::EINVAL)).
            pub fn map_segments(
                $($receiver)+,
                iova: u64,
                segments: &[$crate::Segment],
                prot: $crate::Prot,
                options: $crate::MapOptions,
            ) -> core::result::Result<(), $crate::Partial> {
                let (table, flags) = ($this.as_raw(), options.to_c()?);
                let count = u32::try_from(segments.len())
                    .map_err(|_| $crate::pgtable::extents::too_many(segments))?;
                $crate::Partial::count($this.context(), |done| {
                    // SAFETY: as in `map_with`; there are so many segments,
                    // whose layout is C's, and none of them is kept.
                    unsafe {
                        iomm_sys::iomm_pgtable_map_segments(
                            table,
                            iova,
                            segments.as_ptr().cast(),
                            count,
                            $crate::text::size_of::<$crate::Segment>(),
                            prot.bits(),
                            flags,
                            done,
                        )
                    }
                })?;
                Ok(())
            }

            /// Splits the leaves and contiguous runs in a range until none is
            /// larger than `page_size`, one of the table's page sizes. What is
            /// mapped stays as it is; a leaf that reaches out of the range is
            /// split as a whole.
            pub fn split(
                $($receiver)+,
                iova: u64,
                bytes: u64,
                page_size: u64,
            ) -> $crate::Result<()> {
                let (table, ctx) = ($this.as_raw(), $this.context());
                ctx.call(|| {
                    // SAFETY: the handle is alive, and the table ours alone,
                    // or shared.
                    ctx.done(unsafe {
                        iomm_sys::iomm_pgtable_split(table, iova, bytes, page_size)
                    })
                })
            }

            /// Takes all the tables that mapping anything in a range can need,
            /// for [`commit`](Self::commit).
            pub fn reserve(
                $($receiver)+,
                iova: u64,
                bytes: u64,
            ) -> $crate::Result<$crate::Reservation> {
                // SAFETY: the table is ours alone, or shared.
                unsafe { $crate::Reservation::new(&*$this, iova, bytes) }
            }

            /// As [`map_with`](Self::map_with) inside a range that was
            /// reserved in this table, without allocating: the tables that it
            /// needs come from the reservation. It may call
            /// [`TlbOps`](crate::TlbOps), as [`map`](Self::map) does. The
            /// whole range can be committed once, in one call or in pieces;
            /// what was unmapped again since can not
            /// ([`Code::ENOSPC`](crate::Code::ENOSPC)).
            pub fn commit(
                $($receiver)+,
                reservation: &mut $crate::Reservation,
                iova: u64,
                paddr: u64,
                bytes: u64,
                prot: $crate::Prot,
                options: $crate::MapOptions,
            ) -> core::result::Result<(), $crate::Partial> {
                let flags = options.to_c()?;
                let reservation = reservation.of(&*$this)?;
                $crate::Partial::count($this.context(), |done| {
                    // SAFETY: the reservation is alive and ours alone; the
                    // table that it is of is this one, which is ours alone
                    // too, or shared. No memory at `paddr` is touched.
                    unsafe {
                        iomm_sys::iomm_reservation_commit(
                            reservation, iova, paddr, bytes, prot.bits(), flags, done,
                        )
                    }
                })?;
                Ok(())
            }

            /// Invalidates the whole address space and, when that succeeds,
            /// frees what is in quarantine.
            pub fn flush_all($($receiver)+) -> $crate::Result<()> {
                let (table, ctx) = ($this.as_raw(), $this.context());
                // SAFETY: the handle is alive, and the table ours alone, or
                // shared.
                ctx.call(|| ctx.done(unsafe { iomm_sys::iomm_pgtable_flush_all(table) }))
            }

            /// After a reset of the hardware: makes every table visible to
            /// walkers once more, invalidates everything, and tells what
            /// hardware must be told again.
            pub fn restore($($receiver)+) -> $crate::Result<$crate::PageTableInfo> {
                let (table, ctx) = ($this.as_raw(), $this.context());
                let mut info = $crate::PageTableInfo::empty();
                ctx.call(|| {
                    // SAFETY: the handle is alive, the table ours alone, or
                    // shared, and the struct as large as it says.
                    ctx.done(unsafe { iomm_sys::iomm_pgtable_restore(table, &mut info) })
                })?;
                Ok($crate::PageTableInfo::from_c(&info))
            }

            /// Gives the memory of tables back that are kept for the next
            /// need. Answers how many bytes.
            pub fn trim($($receiver)+) -> $crate::Result<u64> {
                let (table, ctx) = ($this.as_raw(), $this.context());
                // SAFETY: the handle is alive, and the table ours alone, or
                // shared.
                ctx.call(|| Ok(unsafe { iomm_sys::iomm_pgtable_trim(table) }))
            }
        }
    };
}

/// Gives a type the methods that leave something to be invalidated: in a
/// gather that is an argument, or is the type's own. `$with` is the table and
/// the raw gather.
macro_rules! gathered {
    (
        $type:ty,
        ($($receiver:tt)+) ($($gather:ident: $of:ty)?) => $with:expr
    ) => {
        impl $type {
            /// Unmaps what is mapped in a range; holes are skipped. A leaf
            /// that reaches out of the range is split first. The memory may be
            /// used for something else once the gather has been flushed with
            /// success. Answers how many bytes were mapped there.
            pub fn unmap(
                $($receiver)+,
                iova: u64,
                bytes: u64,
                $($gather: $of,)?
            ) -> core::result::Result<u64, $crate::Partial> {
                let (table, gather) = $with;
                $crate::Partial::count(table.context(), |done| {
                    // SAFETY: handle and gather are alive, and both ours
                    // alone, or the table shared.
                    unsafe {
                        iomm_sys::iomm_pgtable_unmap(
                            table.as_raw(), iova, bytes, &mut gather.0, done,
                        )
                    }
                })
            }

            /// As [`unmap`](Self::unmap), and tells what was mapped there, in
            /// ascending order. After an error, exactly what `extents` was
            /// told is unmapped.
            pub fn unmap_extents(
                $($receiver)+,
                iova: u64,
                bytes: u64,
                extents: &mut impl Extend<$crate::Extent>,
                $($gather: $of,)?
            ) -> core::result::Result<u64, $crate::Partial> {
                let (table, gather) = $with;
                // SAFETY: the table is ours alone, or shared.
                unsafe { $crate::pgtable::extents::unmap(table, gather, iova, bytes, extents) }
            }

            /// Gives what is mapped in a range another protection; holes are
            /// skipped. Devices may use the old one until the gather has been
            /// flushed. A change of the memory type makes device accesses
            /// fault for a moment. Answers how many bytes have it now.
            pub fn protect(
                $($receiver)+,
                iova: u64,
                bytes: u64,
                prot: $crate::Prot,
                $($gather: $of,)?
            ) -> core::result::Result<u64, $crate::Partial> {
                let (table, gather) = $with;
                $crate::Partial::count(table.context(), |done| {
                    // SAFETY: as in `unmap`.
                    unsafe {
                        iomm_sys::iomm_pgtable_protect(
                            table.as_raw(), iova, bytes, prot.bits(), &mut gather.0, done,
                        )
                    }
                })
            }

            /// Makes the largest leaves and contiguous runs in a range out of
            /// smaller ones that together say the same. What is mapped stays
            /// as it is.
            pub fn merge(
                $($receiver)+,
                iova: u64,
                bytes: u64,
                $($gather: $of,)?
            ) -> $crate::Result<()> {
                let (table, gather) = $with;
                let ctx = table.context();
                ctx.call(|| {
                    // SAFETY: as in `unmap`.
                    ctx.done(unsafe {
                        iomm_sys::iomm_pgtable_merge(
                            table.as_raw(), iova, bytes, &mut gather.0,
                        )
                    })
                })
            }

            /// Finds out what the hardware has written to, and starts anew:
            /// sets a bit for each dirty page of the range, counted in
            /// smallest pages from the lowest bit of the first word on, and
            /// leaves the others alone; after an error too, for what is clean
            /// in the table now. Until the gather has been flushed, writes may
            /// go unnoticed.
            ///
            /// A leaf or a contiguous run is dirty as a whole: split what
            /// should be told more exactly.
            pub fn read_and_clear_dirty(
                $($receiver)+,
                iova: u64,
                bytes: u64,
                bitmap: &mut [u64],
                $($gather: $of,)?
            ) -> $crate::Result<()> {
                let (table, gather) = $with;
                let ctx = table.context();
                ctx.call(|| {
                    // SAFETY: as in `unmap`; the bitmap has so many words.
                    ctx.done(unsafe {
                        iomm_sys::iomm_pgtable_read_and_clear_dirty(
                            table.as_raw(),
                            iova,
                            bytes,
                            0,
                            bitmap.as_mut_ptr(),
                            $crate::text::room(bitmap),
                            &mut gather.0,
                        )
                    })
                })
            }
        }
    };
}

pub(super) use {changes, gathered};
