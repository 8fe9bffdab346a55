// SPDX-License-Identifier: MIT OR Apache-2.0
//! The context: the root of every handle.

use crate::boundary;
use crate::error::{Code, Error, Result, refused};
use crate::handle::numbers;
use crate::text;
use core::ffi::c_int;
use core::fmt;
use core::ptr::{self, NonNull};
use core::time::Duration;
use iomm_sys as sys;

#[cfg(feature = "std")]
use crate::events::Events;

numbers! {
    /// How much the context writes to its log.
    LogLevel {
        /// Something is lost or broken.
        ERROR = IOMM_LOG_ERROR, "error";
        /// Something is wrong, and was handled.
        WARN = IOMM_LOG_WARN, "warning";
        /// One line per device, instance and the like.
        INFO = IOMM_LOG_INFO, "info";
        /// One line per operation.
        DEBUG = IOMM_LOG_DEBUG, "debug";
    }
}

numbers! {
    /// Kinds of handles, for [`Context::live_handles`].
    HandleKind {
        /// All of them, the context included.
        ANY = IOMM_HANDLE_ANY, "all handles";
        /// [`Context`].
        CONTEXT = IOMM_HANDLE_CTX, "context";
        /// [`Firmware`](crate::Firmware).
        FIRMWARE = IOMM_HANDLE_FIRMWARE, "firmware";
        /// [`Bus`](crate::Bus).
        BUS = IOMM_HANDLE_BUS, "bus";
        /// [`Device`](crate::Device).
        DEVICE = IOMM_HANDLE_DEVICE, "device";
        /// [`Group`](crate::Group).
        GROUP = IOMM_HANDLE_GROUP, "group";
        /// [`Iommu`](crate::Iommu).
        IOMMU = IOMM_HANDLE_IOMMU, "IOMMU";
        /// [`Format`](crate::Format).
        FORMAT = IOMM_HANDLE_FORMAT, "format";
        /// [`TableMemory`](crate::TableMemory).
        TABLE_MEMORY = IOMM_HANDLE_TABLE_MEMORY, "table memory";
        /// [`PageTable`](crate::PageTable),
        /// [`SharedPageTable`](crate::SharedPageTable), and the tables of
        /// domains.
        PAGE_TABLE = IOMM_HANDLE_PGTABLE, "page table";
        /// [`Domain`](crate::Domain).
        DOMAIN = IOMM_HANDLE_DOMAIN, "domain";
        /// [`Soft`](crate::Soft).
        SOFT = IOMM_HANDLE_SOFT, "software IOMMU";
        /// [`Reservation`](crate::Reservation).
        RESERVATION = IOMM_HANDLE_RESERVATION, "reservation";
        /// [`Fwspec`](crate::Fwspec).
        FWSPEC = IOMM_HANDLE_FWSPEC, "firmware description";
    }
}

/// The root of every handle. Contexts share nothing: a VMM can have one per
/// guest and a test its own.
///
/// The library makes no thread. What must happen later happens in
/// [`run`](Context::run); [`next_deadline`](Context::next_deadline) and
/// [`ContextBuilder::wakeup`] tell when to call it.
///
/// Every handle holds its context, so the context goes with the last of them.
///
/// ```
/// use iomm::{Context, HandleKind};
///
/// let ctx = Context::new()?;
/// assert_eq!(ctx.live_handles(HandleKind::ANY), 1);
/// # Ok::<(), iomm::Error>(())
/// ```
pub struct Context {
    raw: NonNull<sys::iomm_ctx>,
}

// SAFETY: the library counts references atomically and lets every call on a
// context be made from any thread.
unsafe impl Send for Context {}
// SAFETY: as above.
unsafe impl Sync for Context {}

impl Context {
    /// A context with the defaults of the hosted library.
    pub fn new() -> Result<Context> {
        Context::builder().build()
    }

    /// A context that is made to measure.
    pub fn builder() -> ContextBuilder {
        ContextBuilder::default()
    }

    /// Does what is due: replays devices whose IOMMU has arrived, gives up on
    /// those whose deadline has passed, destroys what could not be destroyed
    /// where it was dropped. [`Code::EDEADLK`] in a callback.
    pub fn run(&self) -> Result<()> {
        // SAFETY: the context is alive.
        self.call(|| self.done(unsafe { sys::iomm_ctx_run(self.as_raw()) }))
    }

    /// How long until [`run`](Context::run) has something to do. Zero: there is
    /// work now; `None`: nothing is pending.
    pub fn next_deadline(&self) -> Result<Option<Duration>> {
        let mut deadline = 0;
        let answer = self.call(|| {
            // SAFETY: the context is alive, and so is what is written to.
            self.done(unsafe { sys::iomm_ctx_next_deadline(self.as_raw(), &mut deadline) })
        });
        match answer {
            Ok(()) => {
                // SAFETY: the context is alive.
                let now = boundary::call(|| unsafe { sys::iomm_ctx_now(self.as_raw()) });
                Ok(Some(Duration::from_nanos(deadline.saturating_sub(now))))
            }
            Err(error) if error.code() == Code::ENOENT => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes every device, unregisters every IOMMU instance, and so cuts
    /// every edge that a registration made. Handles stay valid and answer
    /// [`Code::ENODEV`].
    ///
    /// `timeout` is for each guard that another thread holds; `None` waits as
    /// long as it takes. After [`Code::ETIMEDOUT`] the call can be repeated.
    pub fn close(&self, timeout: Option<Duration>) -> Result<()> {
        let timeout = text::timeout(timeout);
        // SAFETY: the context is alive.
        self.call(|| self.done(unsafe { sys::iomm_ctx_close(self.as_raw(), timeout) }))
    }

    /// Says that no further IOMMU instance will be registered: devices that
    /// wait for one stop waiting, and their probe answers [`Code::ENODEV`].
    pub fn seal_iommus(&self) -> Result<()> {
        // SAFETY: the context is alive.
        self.call(|| self.done(unsafe { sys::iomm_ctx_seal_iommus(self.as_raw()) }))
    }

    /// How many handles of a kind are alive; a snapshot. It counts objects,
    /// not references to them.
    pub fn live_handles(&self, kind: HandleKind) -> u32 {
        // SAFETY: the context is alive.
        boundary::call(|| unsafe { sys::iomm_ctx_live_handles(self.as_raw(), kind.raw()) })
    }

    /// The C handle, for calls that this crate does not wrap. It is valid as
    /// long as `self`.
    pub fn as_raw(&self) -> *mut sys::iomm_ctx {
        self.raw.as_ptr()
    }

    /// Takes over a reference.
    ///
    /// # Safety
    ///
    /// `raw` is a context, and comes with a reference that nobody else will
    /// put.
    pub unsafe fn from_raw(raw: *mut sys::iomm_ctx) -> Context {
        let raw = NonNull::new(raw).expect("the library gives no NULL context with success");
        Context { raw }
    }

    /// Calls down into C, unless an atomic hook is running.
    pub(crate) fn call<R>(&self, f: impl FnOnce() -> Result<R>) -> Result<R> {
        if boundary::in_atomic_hook() {
            return Err(refused());
        }
        boundary::call(f)
    }

    /// What a call has answered: a number or an error.
    pub(crate) fn check(&self, answer: c_int) -> Result<u32> {
        u32::try_from(answer).map_err(|_| Error::last(self, answer))
    }

    /// What a call has answered that has no number to give.
    pub(crate) fn done(&self, answer: c_int) -> Result<()> {
        self.check(answer).map(|_| ())
    }

    /// Handles of two contexts do not mix.
    pub(crate) fn same(&self, other: &Context, what: &str) -> Result<()> {
        if self == other {
            return Ok(());
        }
        Err(Error::new(
            Code::EINVAL,
            alloc::format!("the {what} belongs to another context"),
        ))
    }
}

impl Clone for Context {
    fn clone(&self) -> Context {
        // SAFETY: we hold a reference, so another can be taken, wherever we
        // are; the call answers its argument.
        unsafe { Context::from_raw(sys::iomm_ctx_get(self.as_raw())) }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        let raw = self.as_raw();
        // SAFETY: the reference is ours, and this is its only put.
        boundary::give_back(move || unsafe { sys::iomm_ctx_put(raw) });
    }
}

impl PartialEq for Context {
    /// Is it the same context?
    fn eq(&self, other: &Context) -> bool {
        self.raw == other.raw
    }
}

impl Eq for Context {}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("live_handles", &self.live_handles(HandleKind::ANY))
            .finish_non_exhaustive()
    }
}

/// Says how a [`Context`] is made.
///
/// The closures are called from any thread, some while the library holds
/// locks: they must not call the library. Whatever they call is answered with
/// [`Code::EDEADLK`], and handles that they drop are given back later. A
/// closure that holds a handle keeps the context alive for ever.
///
/// ```
/// use iomm::{Context, LogLevel};
///
/// # #[cfg(feature = "std")]
/// let ctx = Context::builder()
///     .log_level(LogLevel::INFO)
///     .on_log(|level, tag, line| eprintln!("{level}: {tag}: {line}"))
///     .on_released(|live| assert_eq!(live, 0))
///     .build()?;
/// # Ok::<(), iomm::Error>(())
/// ```
#[derive(Default)]
#[must_use]
pub struct ContextBuilder {
    log_level: u32,
    #[cfg(feature = "std")]
    events: Events,
}

impl ContextBuilder {
    /// The most talkative level that is logged; [`LogLevel::WARN`] unless
    /// said otherwise.
    pub fn log_level(mut self, level: LogLevel) -> ContextBuilder {
        self.log_level = level.raw();
        self
    }

    /// Makes the context.
    pub fn build(self) -> Result<Context> {
        if boundary::in_atomic_hook() {
            return Err(refused());
        }
        #[cfg(feature = "std")]
        let (events, data, release) = self.events.into_c();
        let config = sys::iomm_ctx_config {
            size: text::size_of::<sys::iomm_ctx_config>(),
            log_level: self.log_level,
            #[cfg(feature = "std")]
            events: &events,
            #[cfg(feature = "std")]
            events_data: data,
            #[cfg(feature = "std")]
            events_release: release,
            ..Default::default()
        };
        boundary::call(|| {
            let mut raw = ptr::null_mut();
            // SAFETY: the config and what it points to live until the call
            // returns, which copies them; the hooks match their data.
            match unsafe { sys::iomm_ctx_create(&config, &mut raw) } {
                // SAFETY: on success the reference is ours.
                0 => Ok(unsafe { Context::from_raw(raw) }),
                // There is no context that could have a sentence.
                answer => Err(Code::from_raw(-answer).into()),
            }
        })
    }
}

#[cfg(feature = "std")]
impl ContextBuilder {
    /// Has `f` called when there is work for [`Context::run`].
    pub fn wakeup(mut self, f: impl Fn() + Send + Sync + 'static) -> ContextBuilder {
        self.events.wakeup = Some(std::boxed::Box::new(f));
        self
    }

    /// Has `f` called when the context is gone, with the number of handles
    /// that its books still show: anything but 0 is a handle that was lost.
    pub fn on_released(mut self, f: impl FnOnce(u32) + Send + 'static) -> ContextBuilder {
        *self.events.released.get_mut().unwrap() = Some(std::boxed::Box::new(f));
        self
    }

    /// Has `f` called with the level, the tag (which names what it is about,
    /// or is empty) and the text of each line of the log, instead of having
    /// it written to standard error.
    pub fn on_log(
        mut self,
        f: impl Fn(LogLevel, &str, &str) + Send + Sync + 'static,
    ) -> ContextBuilder {
        self.events.log = Some(std::boxed::Box::new(f));
        self
    }

    /// Has `f` called with a sentence when a checked build of the library
    /// catches a misuse that has no return value. Without it the process
    /// aborts.
    pub fn on_misuse(mut self, f: impl Fn(&str) + Send + Sync + 'static) -> ContextBuilder {
        self.events.misuse = Some(std::boxed::Box::new(f));
        self
    }
}

impl fmt::Debug for ContextBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextBuilder")
            .field("log_level", &self.log_level)
            .finish_non_exhaustive()
    }
}
