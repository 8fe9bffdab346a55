// SPDX-License-Identifier: MIT OR Apache-2.0
//! Dumps: as text for a reader, or as bytes that can be loaded again.

use super::view::{TableView, Visitor};
use crate::ctx::Context;
use crate::error::Result;
use crate::text;
use core::ffi::{c_int, c_void};
use core::fmt;
use core::ops::ControlFlow;
use core::ptr;
use core::slice;
use iomm_sys as sys;

impl TableView {
    /// The table as text: a line for each table, and for each stretch of like
    /// leaves. What others change meanwhile in a shared table is in it as it
    /// was before or after.
    ///
    /// ```
    /// # use iomm::{Context, PageTable, PageTableConfig, Prot, format};
    /// # let ctx = Context::new()?;
    /// # let config = PageTableConfig::new();
    /// # let mut table = PageTable::create(&ctx, format::ARM64_S1, &config)?;
    /// table.map(0x1000, 0x8000_0000, 0x2000, Prot::READ)?;
    /// print!("{}", table.dump_text());
    /// # Ok::<(), iomm::Error>(())
    /// ```
    pub fn dump_text(&self) -> impl fmt::Display {
        TextDump(self)
    }

    /// The table, its registers included, as bytes for [`load`](Self::load),
    /// the same on every host: handed to `write` piece by piece, until it
    /// breaks.
    ///
    /// ```
    /// # use iomm::{Context, PageTable, PageTableConfig, Prot, TableView, format};
    /// # use std::ops::ControlFlow;
    /// # let ctx = Context::new()?;
    /// # let config = PageTableConfig::new();
    /// # let mut table = PageTable::create(&ctx, format::ARM64_S1, &config)?;
    /// table.map(0x1000, 0x8000_0000, 0x2000, Prot::READ)?;
    /// let mut dump = Vec::new();
    /// let _ = table.dump_binary(|piece| {
    ///     dump.extend_from_slice(piece);
    ///     ControlFlow::<()>::Continue(())
    /// })?;
    ///
    /// let copy = TableView::load(&ctx, &dump)?;
    /// assert_eq!(copy.translate(0x1234)?, table.translate(0x1234)?);
    /// # Ok::<(), iomm::Error>(())
    /// ```
    pub fn dump_binary<B, F>(&self, write: F) -> Result<ControlFlow<B>>
    where
        F: FnMut(&[u8]) -> ControlFlow<B>,
    {
        self.dump(sys::IOMM_DUMP_BINARY, write)
    }

    /// Makes a table out of a [binary dump](Self::dump_binary), which anybody
    /// may have written. Its tables have the addresses that they had.
    pub fn load(ctx: &Context, dump: &[u8]) -> Result<TableView> {
        ctx.call(|| {
            let mut raw = ptr::null_mut();
            // SAFETY: the context is alive, and so many bytes can be read
            // during the call, which keeps nothing of them.
            ctx.done(unsafe {
                sys::iomm_pgtable_load(
                    ctx.as_raw(),
                    dump.as_ptr().cast(),
                    dump.len() as u64,
                    &mut raw,
                )
            })?;
            // SAFETY: on success the reference is ours.
            Ok(unsafe { TableView::from_raw(raw, ctx) })
        })
    }

    fn dump<B, F>(&self, form: u32, write: F) -> Result<ControlFlow<B>>
    where
        F: FnMut(&[u8]) -> ControlFlow<B>,
    {
        let mut visitor = Visitor::new(write);
        let data = ptr::from_mut(&mut visitor).cast();
        let step = Some(write_piece::<B, F> as _);
        let answer = self.context().call(|| {
            // SAFETY: the handle is alive, and the table is shared, or changed
            // by nobody while we borrow it; `write_piece` gets the visitor
            // that it is made for.
            Ok(unsafe { sys::iomm_pgtable_dump(self.as_raw(), form, step, data) })
        })?;
        visitor.finish(self.context(), answer)
    }
}

unsafe extern "C" fn write_piece<B, F>(data: *mut c_void, piece: *const c_void, bytes: u64) -> c_int
where
    F: FnMut(&[u8]) -> ControlFlow<B>,
{
    // SAFETY: C hands us the visitor, which is ours alone during the call, and
    // so many bytes, valid as long.
    let (visitor, piece) = unsafe {
        (
            &mut *data.cast::<Visitor<B, F>>(),
            slice::from_raw_parts(piece.cast::<u8>(), bytes as usize),
        )
    };
    visitor.step(|write| write(piece))
}

struct TextDump<'t>(&'t TableView);

impl fmt::Display for TextDump<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dumped = self.0.dump(sys::IOMM_DUMP_TEXT, |lines| {
            match f.write_str(text::valid_part(lines)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => ControlFlow::Break(error),
            }
        });
        match dumped {
            Ok(ControlFlow::Continue(())) => Ok(()),
            Ok(ControlFlow::Break(error)) => Err(error),
            Err(_) => Err(fmt::Error),
        }
    }
}
