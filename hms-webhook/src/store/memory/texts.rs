//! Short texts that are added one after the other, and removed in nearly the same order.
//!
//! A text in memory of its own is far away by the time it is freed, and freeing looks at it. Here those that were added
//! together lie together and are freed together.

use std::{hint::black_box, mem};

/// How many bytes lie together. A longer text lies alone.
const TOGETHER: usize = 64 * 1024;
/// So many bytes before they are written, they are looked at: some texts.
const AHEAD: usize = 512;

#[derive(Default)]
pub(super) struct Texts {
    chunks: Vec<Chunk>,
    /// The numbers of those that hold nothing.
    empty: Vec<u32>,
    /// Where the next text goes.
    current: Option<u32>,
    /// The memory of a chunk, for the next one.
    spare: Vec<u8>,
}

#[derive(Default)]
struct Chunk {
    bytes: Vec<u8>,
    /// So many bytes hold texts, or did.
    filled: usize,
    texts: usize,
}

/// Where a text lies.
pub(super) struct Text {
    chunk: u32,
    start: u32,
    length: usize,
}

impl Texts {
    pub(super) fn add(&mut self, text: &str) -> Text {
        let number = self.with_room_for(text.len());
        let Chunk { bytes, filled, texts } = &mut self.chunks[number as usize];
        let (start, end) = (*filled, *filled + text.len());
        bytes[start..end].copy_from_slice(text.as_bytes());
        // Where the next ones go is on its way from memory by then.
        black_box(bytes.get(end + AHEAD));
        *filled = end;
        *texts += 1;
        Text { chunk: number, start: start as u32, length: text.len() }
    }

    pub(super) fn get(&self, text: &Text) -> &[u8] {
        let start = text.start as usize;
        &self.chunks[text.chunk as usize].bytes[start..start + text.length]
    }

    pub(super) fn remove(&mut self, text: Text) {
        let Chunk { bytes, filled, texts } = &mut self.chunks[text.chunk as usize];
        *texts -= 1;
        if *texts > 0 {
            return;
        }
        *filled = 0;
        if self.current != Some(text.chunk) {
            let bytes = mem::take(bytes);
            if bytes.len() == TOGETHER {
                self.spare = bytes;
            }
            self.empty.push(text.chunk);
        }
    }

    /// The number of a chunk with room for so many bytes.
    fn with_room_for(&mut self, length: usize) -> u32 {
        if let Some(current) = self.current
            && self.chunks[current as usize].filled + length <= TOGETHER
        {
            return current;
        }
        let number = self.empty.pop().unwrap_or_else(|| {
            self.chunks.push(Chunk::default());
            self.chunks.len() as u32 - 1
        });
        self.chunks[number as usize].bytes = if length > TOGETHER {
            vec![0; length]
        } else {
            self.current = Some(number);
            match mem::take(&mut self.spare) {
                spare if spare.is_empty() => vec![0; TOGETHER],
                spare => spare,
            }
        };
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long(letter: char) -> String {
        letter.to_string().repeat(TOGETHER / 3 + 1)
    }

    #[test]
    fn texts_are_found_as_they_were_added_wherever_they_lie() {
        let mut texts = Texts::default();
        let longest = "z".repeat(TOGETHER + 1);
        let added: Vec<_> = ["", "a", &long('b'), &long('c'), &longest, &long('d'), "ü"].map(str::to_owned).into();
        let places: Vec<_> = added.iter().map(|text| texts.add(text)).collect();
        for (text, place) in added.iter().zip(&places) {
            assert_eq!(texts.get(place), text.as_bytes());
        }
    }

    #[test]
    fn what_is_removed_in_any_order_makes_room_again() {
        let mut texts = Texts::default();
        let stays = texts.add("stays");
        for round in 0..100 {
            let letter = char::from(b'a' + round % 26);
            let [first, second, third] = [(); 3].map(|()| texts.add(&long(letter)));
            texts.remove(second);
            assert_eq!(texts.get(&first), long(letter).as_bytes());
            texts.remove(first);
            texts.remove(third);
        }
        assert_eq!(texts.get(&stays), b"stays");
        assert!(texts.chunks.len() <= 4, "{} chunks for a single text", texts.chunks.len());
    }

    #[test]
    fn the_memory_of_a_text_that_lay_alone_is_not_kept() {
        let mut texts = Texts::default();
        let alone = texts.add(&"z".repeat(TOGETHER * 2));
        texts.remove(alone);
        assert_eq!(texts.spare.len() + texts.chunks.iter().map(|chunk| chunk.bytes.len()).sum::<usize>(), 0);
    }
}
