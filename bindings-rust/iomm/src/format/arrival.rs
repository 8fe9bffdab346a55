// SPDX-License-Identifier: MIT OR Apache-2.0
//! Formats that come later: announcing them, and being told.

use crate::boundary::{Hook, callback, give_back};
use crate::ctx::Context;
use crate::error::{BROKEN, Code, Result};
use crate::text;
use alloc::boxed::Box;
use core::ffi::{c_char, c_int, c_void};
use core::fmt;
use core::mem::ManuallyDrop;
use core::ptr;
use core::time::Duration;
use iomm_sys as sys;

/// Says that a format will come by itself: until it is there, or `timeout` has
/// passed, who asks for it is told to come back, or waits.
///
/// ```
/// use iomm::{Code, Context, Format, format};
///
/// let ctx = Context::new()?;
/// let code = |name| Format::request(&ctx, name).unwrap_err().code();
/// assert_eq!(code("mine"), Code::ENOENT);
/// format::announce(&ctx, "mine", None)?;
/// assert_eq!(code("mine"), Code::EPROBE_DEFER);
/// format::seal(&ctx)?;
/// assert_eq!(code("mine"), Code::ENOENT);
/// # Ok::<(), iomm::Error>(())
/// ```
pub fn announce(ctx: &Context, name: &str, timeout: Option<Duration>) -> Result<()> {
    let name = text::c_string("name", name)?;
    let timeout = text::timeout(timeout);
    ctx.call(|| {
        // SAFETY: the context is alive, and the name during the call; there is
        // no loader, and so no data.
        ctx.done(unsafe {
            sys::iomm_format_announce(
                ctx.as_raw(),
                name.as_ptr(),
                timeout,
                ptr::null(),
                ptr::null_mut(),
                None,
            )
        })
    })
}

/// Announces a format with a loader, which is called when somebody asks for it:
/// on the thread of a request that waits, or in [`Context::run`]. It registers
/// the format before it returns, or says why there will be none;
/// [`Code::EPROBE_DEFER`]: it has sent for it, and somebody else will register
/// it. It is dropped when it is not needed any more.
pub fn announce_loaded<F>(
    ctx: &Context,
    name: &str,
    timeout: Option<Duration>,
    loader: F,
) -> Result<()>
where
    F: FnOnce(&Context, &str) -> Result<()> + Send + 'static,
{
    let name = text::c_string("name", name)?;
    let timeout = text::timeout(timeout);
    let ops = sys::iomm_format_loader {
        size: text::size_of::<sys::iomm_format_loader>(),
        flags: 0,
        load: Some(load::<F>),
    };
    ctx.call(|| {
        let data = Box::into_raw(Box::new(Some(loader)));
        // SAFETY: the context is alive, and name and hooks during the call,
        // which copies them. The data is the loader's, which is Send, and
        // `release` takes it back, once, also on failure.
        ctx.done(unsafe {
            sys::iomm_format_announce(
                ctx.as_raw(),
                name.as_ptr(),
                timeout,
                &ops,
                data.cast(),
                Some(release::<Option<F>>),
            )
        })
    })
}

/// Says that no more formats will come: those that were announced are waited for
/// no longer.
pub fn seal(ctx: &Context) -> Result<()> {
    // SAFETY: the context is alive.
    ctx.call(|| ctx.done(unsafe { sys::iomm_formats_seal(ctx.as_raw()) }))
}

/// Has `f` called for each name for which [`Format::request`](super::Format::request)
/// answers something else than [`Code::EPROBE_DEFER`] from now on: with `None`,
/// the format is there, or with what a request answers. It is called without
/// locks, from any thread, several at once, until the subscription is dropped or
/// the context is closed; a call that is under way then comes to its end.
///
/// What happened before is not told: subscribe first, then ask.
pub fn subscribe<F>(ctx: &Context, f: F) -> Result<FormatSubscription>
where
    F: Fn(&str, Option<Code>) + Send + Sync + 'static,
{
    ctx.call(|| {
        // Not the closure itself: one without captures has no address of its
        // own, by which C tells subscriptions apart.
        let data: *mut Subscribed<F> = Box::into_raw(Box::new(Subscribed { f, _place: 0 }));
        // SAFETY: the context is alive; the data is the closure's, and `release`
        // takes it back, once, also on failure.
        ctx.done(unsafe {
            sys::iomm_format_subscribe(
                ctx.as_raw(),
                Some(notify::<F>),
                data.cast(),
                Some(release::<Subscribed<F>>),
            )
        })?;
        Ok(FormatSubscription {
            ctx: ctx.clone(),
            notify: notify::<F>,
            data: data.cast(),
        })
    })
}

/// A subscription to the arrivals of formats, by [`subscribe`]. Dropping it ends
/// it.
#[must_use = "dropped, it ends"]
pub struct FormatSubscription {
    ctx: Context,
    notify: unsafe extern "C" fn(*mut c_void, *const c_char, c_int),
    /// A name for the subscription: what is there may be gone.
    data: *mut c_void,
}

// SAFETY: the data is not touched through this; the closure is Send and Sync.
unsafe impl Send for FormatSubscription {}
// SAFETY: as above.
unsafe impl Sync for FormatSubscription {}

impl FormatSubscription {
    /// Leaves the subscription to the context, until that is closed.
    pub fn detach(self) {
        let this = ManuallyDrop::new(self);
        // SAFETY: it is not used any more, and not dropped.
        drop(unsafe { ptr::read(&this.ctx) });
    }
}

impl Drop for FormatSubscription {
    fn drop(&mut self) {
        let (ctx, notify, data) = (self.ctx.as_raw(), self.notify, self.data);
        // SAFETY: a reference on the context is taken, for the case that this
        // has to wait for the end of a hook.
        let ctx = unsafe { sys::iomm_ctx_get(ctx) };
        give_back(move || {
            // SAFETY: the context is alive, and the reference ours. One that
            // was closed has ended the subscription, and says so.
            unsafe {
                let _ = sys::iomm_format_unsubscribe(ctx, Some(notify), data);
                sys::iomm_ctx_put(ctx);
            }
        });
    }
}

impl fmt::Debug for FormatSubscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FormatSubscription").finish_non_exhaustive()
    }
}

struct Subscribed<F> {
    f: F,
    /// So that it has a size, and an address of its own.
    _place: u8,
}

unsafe extern "C" fn notify<F: Fn(&str, Option<Code>)>(
    data: *mut c_void,
    name: *const c_char,
    result: c_int,
) {
    // SAFETY: the closure lives until it is released, after its last call; the
    // name is valid during this one.
    let (subscribed, name) = unsafe { (&*data.cast::<Subscribed<F>>(), text::borrow(name)) };
    let answer = (result != 0).then(|| Code::from_raw(-result));
    callback(Hook::Plain, (), || (subscribed.f)(name, answer));
}

unsafe extern "C" fn load<F>(
    data: *mut c_void,
    ctx: *mut sys::iomm_ctx,
    name: *const c_char,
) -> c_int
where
    F: FnOnce(&Context, &str) -> Result<()>,
{
    callback(Hook::Plain, BROKEN, || {
        // SAFETY: C calls this once at most, and nobody else looks at the data
        // before it is released; the name is valid during the call. The context
        // is alive, and a reference is taken.
        let (loader, name, ctx) = unsafe {
            (
                (*data.cast::<Option<F>>()).take(),
                text::borrow(name),
                Context::from_raw(sys::iomm_ctx_get(ctx)),
            )
        };
        match loader.map(|loader| loader(&ctx, name)) {
            Some(Ok(())) => 0,
            Some(Err(error)) => error.answer(),
            None => BROKEN,
        }
    })
}

unsafe extern "C" fn release<T>(data: *mut c_void) {
    callback(Hook::Plain, (), || {
        // SAFETY: what was given, handed back once.
        drop(unsafe { Box::from_raw(data.cast::<T>()) });
    });
}
