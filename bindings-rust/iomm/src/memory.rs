// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory that devices and walkers see: owned, and shared with C.

use crate::error::{Code, Error, Result};
use alloc::alloc::{alloc_zeroed, dealloc};
use alloc::boxed::Box;
use alloc::format;
use alloc::sync::Arc;
use core::alloc::Layout;
use core::fmt;
use core::ops::Range;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU8, AtomicU64, Ordering};

const PAGE: u64 = 4096;
/// A table of any format is aligned to its size, and the largest granule is
/// 64 KiB.
const ALIGN: u64 = 64 << 10;

/// A piece of physical memory, as a guest or a device has it: zeroed at first,
/// and alive as long as a handle, a [`Soft`](crate::Soft) or a
/// [`TableMemory`](crate::TableMemory) uses it.
///
/// Others write it at any time: devices, through DMA. So there is no reference
/// to its content; [`read`](GuestMemory::read) and
/// [`write`](GuestMemory::write) copy byte by byte, and bytes that somebody
/// else writes meanwhile are the old or the new ones.
///
/// ```
/// use iomm::GuestMemory;
///
/// let ram = GuestMemory::new(0x4000_0000, 1 << 20)?;
/// ram.write(0x4000_1000, b"bytes")?;
/// let mut read = [0; 5];
/// ram.read(0x4000_1000, &mut read)?;
/// assert_eq!(&read, b"bytes");
/// # Ok::<(), iomm::Error>(())
/// ```
#[derive(Clone)]
pub struct GuestMemory {
    owned: Arc<Owned>,
}

struct Owned {
    base: u64,
    start: NonNull<u8>,
    layout: Layout,
    /// Pages that hold page tables, a bit for each.
    tables: Box<[AtomicU64]>,
}

// SAFETY: the memory is owned, and only touched through atomics and by C, on
// whose side it is the memory of a device.
unsafe impl Send for Owned {}
// SAFETY: as above.
unsafe impl Sync for Owned {}

impl GuestMemory {
    /// So many bytes of memory at a physical address. Both are multiples of
    /// 4096.
    pub fn new(base: u64, bytes: u64) -> Result<GuestMemory> {
        if bytes == 0 || base % PAGE != 0 || bytes % PAGE != 0 {
            return Err(Error::new(
                Code::EINVAL,
                format!(
                    "memory of {bytes:#x} bytes at {base:#x}: both must be multiples of 4 KiB, \
                     and not empty"
                ),
            ));
        }
        let layout = usize::try_from(bytes)
            .ok()
            .filter(|_| base.checked_add(bytes - 1).is_some())
            .and_then(|bytes| Layout::from_size_align(bytes, ALIGN as usize).ok())
            .ok_or_else(|| {
                Error::new(
                    Code::EINVAL,
                    format!("memory of {bytes:#x} bytes at {base:#x} does not fit"),
                )
            })?;
        // SAFETY: the layout is not empty.
        let start = NonNull::new(unsafe { alloc_zeroed(layout) }).ok_or_else(|| {
            Error::new(
                Code::ENOMEM,
                format!("no memory for {bytes:#x} bytes of memory"),
            )
        })?;
        let tables = (0..(bytes / PAGE).div_ceil(64))
            .map(|_| AtomicU64::new(0))
            .collect();
        Ok(GuestMemory {
            owned: Arc::new(Owned {
                base,
                start,
                layout,
                tables,
            }),
        })
    }

    /// Its physical address.
    pub fn base(&self) -> u64 {
        self.owned.base
    }

    /// Its length in bytes.
    #[allow(clippy::len_without_is_empty)] // it never is
    pub fn len(&self) -> u64 {
        self.owned.layout.size() as u64
    }

    /// Copies bytes out.
    pub fn read(&self, paddr: u64, buf: &mut [u8]) -> Result<()> {
        let bytes = self.bytes(paddr, buf.len())?;
        for (to, from) in buf.iter_mut().zip(bytes) {
            *to = from.load(Ordering::Relaxed);
        }
        Ok(())
    }

    /// Copies bytes in. [`Code::EACCES`] where page tables lie: they are their
    /// provider's.
    pub fn write(&self, paddr: u64, buf: &[u8]) -> Result<()> {
        let bytes = self.bytes(paddr, buf.len())?;
        if self.holds_tables(paddr, buf.len()) {
            return Err(Error::new(
                Code::EACCES,
                format!("page tables lie in the {} bytes at {paddr:#x}", buf.len()),
            ));
        }
        for (to, from) in bytes.iter().zip(buf) {
            to.store(*from, Ordering::Relaxed);
        }
        Ok(())
    }

    fn bytes(&self, paddr: u64, len: usize) -> Result<&[AtomicU8]> {
        let offset = self.offset(paddr, len as u64)?;
        // SAFETY: offset and length lie in the allocation, which lives as long
        // as `self`; an AtomicU8 is a byte, any value of which is valid. What
        // C and its devices do there is the device's side of DMA.
        Ok(unsafe {
            core::slice::from_raw_parts(self.owned.start.as_ptr().add(offset).cast(), len)
        })
    }

    fn offset(&self, paddr: u64, bytes: u64) -> Result<usize> {
        paddr
            .checked_sub(self.base())
            .filter(|offset| *offset <= self.len() && bytes <= self.len() - offset)
            .map(|offset| offset as usize)
            .ok_or_else(|| {
                Error::new(
                    Code::EINVAL,
                    format!(
                        "{bytes} bytes at {paddr:#x} do not lie in the memory of {:#x} bytes at \
                         {:#x}",
                        self.len(),
                        self.base()
                    ),
                )
            })
    }

    /// Where the memory is in this process. It is valid as long as a handle
    /// is.
    pub(crate) fn as_ptr(&self, paddr: u64, bytes: u64) -> Result<*mut u8> {
        let offset = self.offset(paddr, bytes)?;
        // SAFETY: the offset lies in the allocation.
        Ok(unsafe { self.owned.start.as_ptr().add(offset) })
    }

    fn pages(&self, paddr: u64, bytes: u64) -> Range<u64> {
        let offset = paddr - self.base();
        offset / PAGE..(offset + bytes).div_ceil(PAGE)
    }

    fn holds_tables(&self, paddr: u64, len: usize) -> bool {
        self.pages(paddr, len as u64).any(|page| {
            let word = &self.owned.tables[page as usize / 64];
            word.load(Ordering::Relaxed) >> (page % 64) & 1 != 0
        })
    }

    /// Sets a range, which lies in the memory, aside for tables, so that no
    /// two providers hand out the same one.
    pub(crate) fn reserve(&self, paddr: u64, bytes: u64) -> Result<Reserved> {
        let mut reserved = Reserved {
            memory: self.clone(),
            pages: paddr..paddr,
        };
        let pages = self.pages(paddr, bytes);
        reserved.pages = pages.start..pages.start;
        for page in pages {
            let word = &self.owned.tables[page as usize / 64];
            if word.fetch_or(1 << (page % 64), Ordering::Relaxed) >> (page % 64) & 1 != 0 {
                // What is reserved so far goes with `reserved`.
                return Err(Error::new(
                    Code::EBUSY,
                    format!("another provider's tables lie in the {bytes:#x} bytes at {paddr:#x}"),
                ));
            }
            reserved.pages.end = page + 1;
        }
        Ok(reserved)
    }
}

impl fmt::Debug for GuestMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuestMemory")
            .field("base", &format_args!("{:#x}", self.base()))
            .field("len", &format_args!("{:#x}", self.len()))
            .finish()
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout, and this was the last handle.
        unsafe { dealloc(self.start.as_ptr(), self.layout) };
    }
}

/// A range that is set aside for tables, for as long as this lives.
pub(crate) struct Reserved {
    memory: GuestMemory,
    pages: Range<u64>,
}

impl Drop for Reserved {
    fn drop(&mut self) {
        for page in self.pages.clone() {
            let word = &self.memory.owned.tables[page as usize / 64];
            word.fetch_and(!(1 << (page % 64)), Ordering::Relaxed);
        }
    }
}
