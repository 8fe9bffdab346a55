// SPDX-License-Identifier: MIT OR Apache-2.0
//! Page-table formats, which a context knows by name.

use crate::boundary;
use crate::ctx::Context;
use crate::error::Result;
use crate::handle::handle;
use crate::prot::Prot;
use crate::text;
use core::fmt;
use core::ptr;
use iomm_sys as sys;

/// VMSAv8-64 stage 1, as CPUs, SMMUv3 and others walk it.
pub const ARM64_S1: &str = "arm64-s1";
/// VMSAv8-64 stage 2: from a guest's physical addresses to the host's.
pub const ARM64_S2: &str = "arm64-s2";

/// What a format can do at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FormatInfo {
    /// Table granules: a bit for each, in bytes.
    pub granules: u64,
    /// Widest input address, bits.
    pub max_ias: u32,
    /// Widest output address, bits.
    pub max_oas: u32,
    /// The protections that can be expressed.
    pub prot: Prot,
    /// How many entries of [`PageTableInfo::regs`](crate::PageTableInfo::regs)
    /// are in use.
    pub nr_regs: u32,
}

handle! {
    /// A page-table format, pinned.
    ///
    /// ```
    /// use iomm::{Context, Format, format};
    ///
    /// let ctx = Context::new()?;
    /// let info = Format::request(&ctx, format::ARM64_S1)?.info();
    /// assert_ne!(info.granules & (16 << 10), 0);
    /// # Ok::<(), iomm::Error>(())
    /// ```
    Format, iomm_format, iomm_format_get, iomm_format_put
}

impl Format {
    /// Asks for a format by its name. [`Code::ENOENT`](crate::Code::ENOENT)
    /// when nobody registered it.
    pub fn request(ctx: &Context, name: &str) -> Result<Format> {
        let name = text::c_string("name", name)?;
        ctx.call(|| {
            let mut raw = ptr::null_mut();
            // SAFETY: the context is alive, and the name during the call.
            ctx.done(unsafe {
                sys::iomm_format_request(ctx.as_raw(), name.as_ptr(), 0, 0, &mut raw)
            })?;
            // SAFETY: on success the reference is ours.
            Ok(unsafe { Format::from_raw(raw, ctx) })
        })
    }

    /// What the format can do.
    pub fn info(&self) -> FormatInfo {
        let mut info = sys::iomm_format_info {
            size: text::size_of::<sys::iomm_format_info>(),
            ..Default::default()
        };
        // SAFETY: the handle is alive, and the struct as large as it says.
        let answer = boundary::call(|| unsafe { sys::iomm_format_info(self.as_raw(), &mut info) });
        assert_eq!(answer, 0, "a live format can be asked");
        FormatInfo {
            granules: info.granules,
            max_ias: info.max_ias,
            max_oas: info.max_oas,
            prot: Prot::from_bits_retain(info.prot),
            nr_regs: info.nr_regs,
        }
    }
}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Format").field(&self.info()).finish()
    }
}
