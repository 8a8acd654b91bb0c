//! Finds the entry of a key among a hundred thousand with a look at one place.
//!
//! Nearly every tool call is a new one. To learn that, and to note the call, is a look at memory that was last used long
//! ago, and a processor waits longer for such a look than for all else here. So what may be meant by a hash lies together
//! in as much as a processor reads at once, and nothing is taken out by itself: what is forgotten stays until a later
//! one needs its place.

/// So many labels lie together.
const TOGETHER: usize = 16;
/// How many of them are in use when all are: so few that hardly any lie together with sixteen others.
const USED: usize = 6;
/// How many bits of a label hold a part of its entry's hash, where so many are left by the numbers.
const HASH_BITS: u32 = 8;

/// The labels of entries that are numbered in their order. A label is the number of an entry and, in the bits which that
/// needs not, a part of its hash, so that most entries that are not meant need not be looked at.
#[derive(Debug)]
pub(super) struct Labels {
    rows: Vec<Row>,
    /// Those whose row was full: each search looks at all of them, and they are hardly any.
    overflow: Vec<u32>,
    /// The bits of a label that hold a number.
    number_bits: u32,
}

#[derive(Debug, Clone)]
#[repr(align(64))]
struct Row([u32; TOGETHER]);

/// The entries that are not forgotten: the number of the first one, and how many they are.
#[derive(Debug, Clone, Copy)]
pub(super) struct InUse {
    pub(super) first: u32,
    pub(super) count: usize,
}

impl Labels {
    /// Of up to `capacity` entries at a time.
    pub(super) fn new(capacity: usize) -> Self {
        // So many numbers that those in use come again long after their rows have been written to.
        let numbers = usize::BITS - capacity.saturating_mul(4).leading_zeros();
        let hash_bits = u32::BITS.saturating_sub(numbers).min(HASH_BITS);
        Self { rows: Vec::new(), overflow: Vec::new(), number_bits: u32::MAX >> hash_bits }
    }

    /// How many entries there is room for.
    pub(super) fn room(&self) -> usize {
        self.rows.len() * USED
    }

    /// Forgets all labels, and makes room for so many.
    pub(super) fn clear(&mut self, room: usize, in_use: InUse) {
        let unused = self.unused(in_use);
        self.overflow.clear();
        self.rows.clear();
        self.rows.resize(room.div_ceil(USED), Row([unused; TOGETHER]));
    }

    /// Where the entry of a label lies; behind all others if it is forgotten.
    fn place(&self, label: u32, first: u32) -> usize {
        (label.wrapping_sub(first) & self.number_bits) as usize
    }

    fn row(&self, hash: u64) -> usize {
        (((hash >> u32::BITS) * self.rows.len() as u64) >> u32::BITS) as usize
    }

    /// The part of a label that comes from the hash; of other bits than those that choose its row.
    fn hash_part(&self, hash: u64) -> u32 {
        hash as u32 & !self.number_bits
    }

    /// The place of the entry with this hash that `is_wanted`.
    pub(super) fn find(&self, hash: u64, first: u32, is_wanted: impl Fn(usize) -> bool) -> Option<usize> {
        let Row(row) = self.rows.get(self.row(hash))?;
        let (part, bits) = (self.hash_part(hash), !self.number_bits);
        let look = |labels: &[u32]| {
            let mut places = labels.iter().filter(|label| *label & bits == part).map(|label| self.place(*label, first));
            places.find(|place| is_wanted(*place))
        };
        // All of them at once, as nearly always none fits.
        let fitting = row.iter().fold(0, |any, label| any | u32::from(label & bits == part));
        let found = if fitting == 0 { None } else { look(row) };
        if self.overflow.is_empty() { found } else { found.or_else(|| look(&self.overflow)) }
    }

    /// Adds the label of an entry that is in use.
    pub(super) fn add(&mut self, hash: u64, number: u32, in_use: InUse) {
        let label = self.hash_part(hash) | number & self.number_bits;
        let (row, unused, bits) = (self.row(hash), self.unused(in_use), self.number_bits);
        let (first, count) = (in_use.first, u32::try_from(in_use.count).unwrap_or(u32::MAX));
        let is_used = |label: u32| label.wrapping_sub(first) & bits < count;
        let Some(Row(row)) = self.rows.get_mut(row) else { return };
        // Numbers begin anew one day, and what has been forgotten for long must not look as if it were in use then.
        *row = row.map(|label| if is_used(label) { label } else { unused });
        match row.iter_mut().find(|label| **label == unused) {
            Some(free) => *free = label,
            None => {
                self.overflow.retain(|label| is_used(*label));
                self.overflow.push(label);
            }
        }
    }

    /// The label of an entry that was forgotten just now.
    fn unused(&self, in_use: InUse) -> u32 {
        in_use.first.wrapping_sub(1) & self.number_bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Labels of `count` entries with these hashes, in their order.
    fn labelled(labels: &mut Labels, first: u32, hashes: &[u64]) {
        let in_use = InUse { first, count: hashes.len() };
        labels.clear(hashes.len(), in_use);
        for (place, hash) in hashes.iter().enumerate() {
            labels.add(*hash, first.wrapping_add(place as u32), in_use);
        }
    }

    #[test]
    fn a_row_lies_in_what_is_read_at_once() {
        assert_eq!((size_of::<Row>(), align_of::<Row>()), (64, 64));
    }

    #[test]
    fn entries_of_one_hash_are_all_found_and_no_others_looked_at() {
        let mut labels = Labels::new(1_000);
        // All in one row, which has no room for them, and half of them of another part of the hash.
        let hashes: Vec<u64> = (0..60).map(|place| u64::MAX - place % 2 * 0xFF00_0000).collect();
        labelled(&mut labels, 7, &hashes);
        for (wanted, hash) in hashes.iter().enumerate() {
            let looked_at = std::cell::Cell::new(0);
            let found = labels.find(*hash, 7, |place| {
                looked_at.set(looked_at.get() + 1);
                place == wanted
            });
            assert_eq!(found, Some(wanted));
            assert!(looked_at.get() <= 30, "{} looks", looked_at.get());
        }
    }

    #[test]
    fn what_is_forgotten_gives_its_place_to_another() {
        let mut labels = Labels::new(100);
        labels.clear(100, InUse { first: 0, count: 0 });
        for number in 0..10_000_u32 {
            let first = number.saturating_sub(9);
            labels.add(0, number, InUse { first, count: (number - first) as usize + 1 });
            assert_eq!(labels.find(0, first, |place| place == 0), Some(0), "the oldest, {first}");
        }
        assert_eq!(labels.overflow.len(), 0, "ten in use at a time have room in one row");
    }

    #[test]
    fn what_was_forgotten_is_not_in_use_when_numbers_begin_anew() {
        let mut labels = Labels::new(100);
        labels.clear(100, InUse { first: 0, count: 0 });
        // A hundred in use at a time, then the number of all places that nobody has needed so far, then the first ones again.
        for number in (0..300).chain((1 << 24) - 300..(1 << 24) + 500_u32) {
            let first = number.saturating_sub(99);
            labels.add(mixed(number.into()), number, InUse { first, count: (number - first) as usize + 1 });
            assert!(labels.overflow.len() < 4, "{} at {number}", labels.overflow.len());
        }
    }

    #[test]
    fn of_many_keys_few_find_their_row_full() {
        let mut labels = Labels::new(60_000);
        let hashes: Vec<u64> = (0..60_000).map(mixed).collect();
        labelled(&mut labels, 0, &hashes);
        assert!(labels.overflow.len() < 20, "{} of 60,000", labels.overflow.len());
    }

    /// As good as a random number (the finalizer of SplitMix64).
    fn mixed(number: u64) -> u64 {
        let number = (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let number = (number ^ number >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let number = (number ^ number >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        number ^ number >> 31
    }
}
