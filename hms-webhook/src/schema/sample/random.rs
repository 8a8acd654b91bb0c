//! Choices that follow from a seed.

/// Where choices come from. Seed 0 chooses the first of everything, until it is told to go on.
#[derive(Debug)]
pub(super) struct Random {
    state: u64,
    first: bool,
    /// The day of made-up dates while the first of everything is chosen.
    day: Option<String>,
}

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed, first: seed == 0, day: None }
    }

    /// Seed 0, with made-up dates on this day.
    #[cfg(feature = "cli")]
    pub(super) fn on(day: String) -> Self {
        Self { day: Some(day), ..Self::new(0) }
    }

    pub(super) fn day(&self) -> Option<&str> {
        self.day.as_deref().filter(|_| self.first)
    }

    /// The first of everything leads nowhere any more.
    pub(super) fn leave_first(&mut self) {
        self.first = false;
    }

    /// SplitMix64: a few lines that give the same numbers for ever, which libraries do not promise.
    fn next(&mut self) -> u64 {
        if self.first {
            return 0;
        }
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 where that is 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX);
        usize::try_from(self.next().checked_rem(bound).unwrap_or(0)).unwrap_or(0)
    }

    /// True once in `n` times; never with seed 0.
    pub(super) fn chance(&mut self, n: usize) -> bool {
        !self.first && self.below(n) == 0
    }

    pub(super) fn one_of<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        choices.get(self.below(choices.len()))
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: i128, high: i128) -> i128 {
        let span = high.saturating_sub(low).saturating_add(1).max(1);
        let wide = i128::from(self.next() >> 1) << 32 | i128::from(self.next() >> 32);
        low.saturating_add(wide.rem_euclid(span))
    }
}
