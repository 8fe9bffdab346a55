// SPDX-License-Identifier: MIT OR Apache-2.0
//! Allocators for the tests, and functions in machine code.

use super::context;
use iomm::allocator::{Access, Allocation, Allocator, AllocatorConfig, Descriptor, Flags, Kind};

pub const RX: Access = Access::READ.union(Access::EXEC);
pub const RW: Access = Access::READ.union(Access::WRITE);

pub fn strict() -> AllocatorConfig {
    AllocatorConfig::new()
        .with(Descriptor::new(Kind::TEXT, RX))
        .with(Descriptor::new(Kind::DATA, RW))
        .with(Descriptor::new(Kind::RODATA, Access::READ))
        .with(Descriptor::new(Kind::RODATA_AFTER_INIT, Access::READ).flags(Flags::SEAL_AFTER_INIT))
        .with(Descriptor::served_by(Kind::INITTEXT, Kind::TEXT))
}

/// Runs a test on an allocator, and sees that nothing of it is left.
#[track_caller]
pub fn on_allocator(config: AllocatorConfig, test: impl FnOnce(&Allocator)) {
    let (ctx, released) = context();
    let allocator = Allocator::create(&ctx, config).unwrap();
    test(&allocator);
    drop((allocator, ctx));
    assert_eq!(*released.lock().unwrap(), Some(0), "handles were lost");
}

pub fn alloc(allocator: &Allocator, kind: Kind, bytes: usize) -> Allocation {
    allocator.alloc_type(kind).unwrap().alloc(bytes).unwrap()
}

/// `extern "C" fn() -> u32` that returns a number: of x86-64, else of arm64.
pub fn returns(number: u32) -> Vec<u8> {
    let [a, b, c, d] = number.to_le_bytes();
    if cfg!(target_arch = "x86_64") {
        // mov eax, number; ret
        return vec![0xb8, a, b, c, d, 0xc3];
    }
    let low = 0x5280_0000 | (number & 0xffff) << 5; // movz w0, #low
    let high = 0x72a0_0000 | (number >> 16) << 5; // movk w0, #high, lsl #16
    let ret: u32 = 0xd65f_03c0;
    [low, high, ret]
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .collect()
}
