// SPDX-License-Identifier: MIT OR Apache-2.0
//! Functions in machine code.

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
