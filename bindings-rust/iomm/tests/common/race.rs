// SPDX-License-Identifier: MIT OR Apache-2.0
//! How long the races take.

/// `few`, or as many rounds as `RACE_ROUNDS` says.
pub fn rounds(few: usize) -> usize {
    match std::env::var("RACE_ROUNDS") {
        Ok(rounds) => rounds.parse().expect("RACE_ROUNDS is a number"),
        Err(_) => few,
    }
}

/// What a thread does next.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        // Any number but 0, which stays 0.
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    /// Lets the others go on for a while, or not.
    pub fn dally(&mut self) {
        match self.below(16) {
            0 => std::thread::yield_now(),
            1..=4 => (0..self.below(200)).for_each(|_| std::hint::spin_loop()),
            _ => {}
        }
    }
}
