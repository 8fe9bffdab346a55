// SPDX-License-Identifier: MIT OR Apache-2.0
//! C's hooks of an IOMMU driver, which call the trait's methods.

use super::driver::{DomainSetup, FlushRange, IommuDriver, ProbeInfo, Slots, array};
use crate::boundary::{Hook, callback};
use crate::ctx::Context;
use crate::error::{BROKEN, Code, answer};
use crate::pgtable::PageTableInfo;
use crate::table_memory::TableMemory;
use crate::text;
use alloc::boxed::Box;
use core::ffi::{c_int, c_void};
use iomm_sys as sys;

/// What C holds of a driver.
pub(super) struct Registered<D> {
    driver: D,
    /// The instance holds it as well; given up last.
    ctx: Context,
}

impl<D> Registered<D> {
    pub(super) fn new(driver: D, ctx: &Context) -> Registered<D> {
        Registered {
            driver,
            ctx: ctx.clone(),
        }
    }
}

/// What C holds of a domain.
struct Paging<T> {
    domain: T,
    /// C takes its own reference only after the callback that named the
    /// provider, so ours is kept until C gives the domain up.
    memory: Option<TableMemory>,
}

pub(super) fn ops<D: IommuDriver>() -> sys::iomm_iommu_ops {
    sys::iomm_iommu_ops {
        size: text::size_of::<sys::iomm_iommu_ops>(),
        flags: 0,
        translate: Some(translate::<D>),
        group: Some(group::<D>),
        probe: Some(probe::<D>),
        release: Some(release_device::<D>),
        default_domain: Some(default_domain::<D>),
        domain_alloc: Some(domain_alloc::<D>),
        domain_free: Some(domain_free::<D>),
        attach_prepare: Some(attach_prepare::<D>),
        attach_commit: Some(attach_commit::<D>),
        block: Some(block::<D>),
        flush: Some(flush::<D>),
        flush_all: Some(flush_all::<D>),
    }
}

/// # Safety
///
/// `data` is what was registered for `D`, and is not released yet.
unsafe fn registered<'a, D>(data: *mut c_void) -> &'a Registered<D> {
    // SAFETY: a box that nobody changes, and that lives until `release`, which
    // comes after the last callback.
    unsafe { &*data.cast() }
}

/// # Safety
///
/// `device` is what `probe` of `D` gave, and is not released yet.
unsafe fn device<'a, D: IommuDriver>(device: *mut c_void) -> &'a D::Device {
    // SAFETY: a box that nobody changes, and that lives until
    // `release_device`, which comes after the device's last callback.
    unsafe { &*device.cast() }
}

/// # Safety
///
/// `domain` is what `domain_alloc` of `D` gave, and is not freed yet.
unsafe fn domain<'a, D: IommuDriver>(domain: *mut c_void) -> &'a D::Domain {
    // SAFETY: a box that nobody changes, and that lives until `domain_free`,
    // which comes after the domain's last callback.
    unsafe { &(*domain.cast::<Paging<D::Domain>>()).domain }
}

pub(super) unsafe extern "C" fn release<D>(data: *mut c_void) {
    callback(Hook::Plain, (), || {
        // SAFETY: what was registered for `D`, handed back once.
        drop(unsafe { Box::from_raw(data.cast::<Registered<D>>()) });
    });
}

unsafe extern "C" fn translate<D: IommuDriver>(
    data: *mut c_void,
    cells: *const u32,
    nr_cells: u32,
    id: *mut u64,
) -> c_int {
    // SAFETY: C hands us our data, and so many cells, valid during the call.
    let (this, cells) = unsafe { (registered::<D>(data), array(cells, nr_cells)) };
    callback(Hook::Plain, BROKEN, || {
        answer(this.driver.translate(cells).map(|value| {
            // SAFETY: C wants the ID there.
            unsafe { *id = value };
        }))
    })
}

unsafe extern "C" fn group<D: IommuDriver>(
    data: *mut c_void,
    info: *const sys::iomm_probe_info,
    key: *mut u64,
) -> c_int {
    // SAFETY: as in `probe`.
    let (this, info) = unsafe { (registered::<D>(data), &*info) };
    callback(Hook::Plain, BROKEN, || {
        // SAFETY: the description is valid during the call, as what it points
        // to, and of the instance's context.
        let info = unsafe { ProbeInfo::from_c(info, &this.ctx) };
        match this.driver.group(&info) {
            Ok(Some(value)) => {
                // SAFETY: C wants the key there.
                unsafe { *key = value };
                0
            }
            Ok(None) => -Code::EOPNOTSUPP.raw(),
            Err(error) => error.answer(),
        }
    })
}

unsafe extern "C" fn probe<D: IommuDriver>(
    data: *mut c_void,
    info: *const sys::iomm_probe_info,
    device: *mut *mut c_void,
) -> c_int {
    // SAFETY: C hands us our data, and a description that is valid during the
    // call.
    let (this, info) = unsafe { (registered::<D>(data), &*info) };
    callback(Hook::Plain, BROKEN, || {
        // SAFETY: what it points to is valid as long, and of the instance's
        // context.
        let info = unsafe { ProbeInfo::from_c(info, &this.ctx) };
        answer(this.driver.probe(&info).map(|taken| {
            // SAFETY: C wants the driver's device there.
            unsafe { *device = Box::into_raw(Box::new(taken)).cast() };
        }))
    })
}

unsafe extern "C" fn release_device<D: IommuDriver>(data: *mut c_void, device: *mut c_void) {
    // SAFETY: C hands us our data.
    let this = unsafe { registered::<D>(data) };
    callback(Hook::Plain, (), || {
        // SAFETY: what `probe` gave, handed back once.
        let device = unsafe { Box::from_raw(device.cast::<D::Device>()) };
        this.driver.release(*device);
    });
}

unsafe extern "C" fn default_domain<D: IommuDriver>(
    data: *mut c_void,
    whose: *mut c_void,
    kind: *mut u32,
) -> c_int {
    // SAFETY: C hands us our data, and what the driver made of the device.
    let (this, whose) = unsafe { (registered::<D>(data), device::<D>(whose)) };
    callback(Hook::Plain, BROKEN, || {
        answer(this.driver.default_domain(whose).map(|wish| {
            // SAFETY: C wants the type there.
            unsafe { *kind = wish.raw() };
        }))
    })
}

unsafe extern "C" fn domain_alloc<D: IommuDriver>(
    data: *mut c_void,
    setup: *mut sys::iomm_domain_setup,
    domain: *mut *mut c_void,
) -> c_int {
    // SAFETY: C hands us our data, and a setup that is ours during the call.
    let (this, setup) = unsafe { (registered::<D>(data), &mut *setup) };
    callback(Hook::Plain, BROKEN, || {
        // SAFETY: a provider that C names is alive, and of our context.
        let mut wanted = unsafe { DomainSetup::from_c(setup, &this.ctx) };
        let made = match this.driver.domain_alloc(&mut wanted) {
            Ok(made) => made,
            Err(error) => return error.answer(),
        };
        if let Err(error) = wanted.write(setup, &this.ctx) {
            this.driver.domain_free(made);
            return error.answer();
        }
        let paging = Paging {
            domain: made,
            memory: wanted.memory,
        };
        // SAFETY: C wants the driver's domain there.
        unsafe { *domain = Box::into_raw(Box::new(paging)).cast() };
        0
    })
}

unsafe extern "C" fn domain_free<D: IommuDriver>(data: *mut c_void, domain: *mut c_void) {
    // SAFETY: C hands us our data.
    let this = unsafe { registered::<D>(data) };
    callback(Hook::Plain, (), || {
        // SAFETY: what `domain_alloc` gave, handed back once.
        let paging = unsafe { Box::from_raw(domain.cast::<Paging<D::Domain>>()) };
        let Paging { domain, memory } = *paging;
        this.driver.domain_free(domain);
        drop(memory);
    });
}

/// What is to be attached: a domain and its table, or, without, the addresses
/// as they are.
///
/// # Safety
///
/// `what` is a domain of `D` that is not freed, unless `at` says that there is
/// none; `at` and what it points to are valid during `'a`.
unsafe fn attached<'a, D: IommuDriver>(
    what: *mut c_void,
    at: &'a sys::iomm_attach,
) -> (Option<(&'a D::Domain, PageTableInfo)>, Slots<'a>) {
    // SAFETY: as the caller says.
    let slots = unsafe { Slots::from_c(at) };
    if at.flags & sys::IOMM_ATTACH_IDENTITY != 0 {
        return (None, slots);
    }
    // SAFETY: as the caller says; where there is a domain there is a table.
    let what = unsafe { (domain::<D>(what), PageTableInfo::from_c(&*at.table)) };
    (Some(what), slots)
}

unsafe extern "C" fn attach_prepare<D: IommuDriver>(
    data: *mut c_void,
    to: *mut c_void,
    what: *mut c_void,
    at: *const sys::iomm_attach,
) -> c_int {
    // SAFETY: C hands us our data, what the driver made of device and domain,
    // and a description that is valid during the call.
    let (this, to, (what, at)) = unsafe {
        (
            registered::<D>(data),
            device::<D>(to),
            attached::<D>(what, &*at),
        )
    };
    callback(Hook::Plain, BROKEN, || {
        answer(match &what {
            Some((domain, table)) => this.driver.attach_prepare(to, domain, table, &at),
            None => this.driver.identity_prepare(to, &at),
        })
    })
}

unsafe extern "C" fn attach_commit<D: IommuDriver>(
    data: *mut c_void,
    to: *mut c_void,
    what: *mut c_void,
    at: *const sys::iomm_attach,
) {
    // SAFETY: as in `attach_prepare`.
    let (this, to, (what, at)) = unsafe {
        (
            registered::<D>(data),
            device::<D>(to),
            attached::<D>(what, &*at),
        )
    };
    // Half attached, nobody knows what the device's DMA reaches.
    callback(Hook::Vital, (), || match &what {
        Some((domain, table)) => this.driver.attach_commit(to, domain, table, &at),
        None => this.driver.identity_commit(to, &at),
    });
}

unsafe extern "C" fn block<D: IommuDriver>(
    data: *mut c_void,
    whom: *mut c_void,
    at: *const sys::iomm_attach,
) {
    // SAFETY: C hands us our data, what the driver made of the device, and a
    // description that is valid during the call.
    let (this, whom, at) = unsafe {
        (
            registered::<D>(data),
            device::<D>(whom),
            Slots::from_c(&*at),
        )
    };
    // Not blocked, the device would go on reaching what is freed next.
    callback(Hook::Vital, (), || this.driver.block(whom, &at));
}

unsafe extern "C" fn flush<D: IommuDriver>(
    data: *mut c_void,
    whose: *mut c_void,
    iova: u64,
    last: u64,
    page_size: u64,
    flags: u32,
) -> c_int {
    // SAFETY: C hands us our data, and what the driver made of the domain.
    let (this, whose) = unsafe { (registered::<D>(data), domain::<D>(whose)) };
    let range = FlushRange::from_c(iova, last, page_size, flags);
    callback(Hook::Atomic, BROKEN, || {
        answer(this.driver.flush(whose, &range))
    })
}

unsafe extern "C" fn flush_all<D: IommuDriver>(data: *mut c_void, whose: *mut c_void) -> c_int {
    // SAFETY: as in `flush`.
    let (this, whose) = unsafe { (registered::<D>(data), domain::<D>(whose)) };
    callback(Hook::Atomic, BROKEN, || {
        answer(this.driver.flush_all(whose))
    })
}
