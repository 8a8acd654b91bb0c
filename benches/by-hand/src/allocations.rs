//! Counts allocations where the feature `count-allocations` asks for it.

/// Starts to say the count on standard error every 100 ms: `allocations N bytes N`.
pub fn report() {
    #[cfg(feature = "count-allocations")]
    std::thread::spawn(|| {
        loop {
            std::thread::sleep(std::time::Duration::from_millis(100));
            let (count, bytes) = counting::read();
            eprintln!("allocations {count} bytes {bytes}");
        }
    });
}

#[cfg(feature = "count-allocations")]
mod counting {
    use std::{
        alloc::{GlobalAlloc, Layout, System},
        sync::atomic::{AtomicU64, Ordering::Relaxed},
    };

    static COUNT: AtomicU64 = AtomicU64::new(0);
    static BYTES: AtomicU64 = AtomicU64::new(0);

    pub fn read() -> (u64, u64) {
        (COUNT.load(Relaxed), BYTES.load(Relaxed))
    }

    fn note(bytes: usize) {
        COUNT.fetch_add(1, Relaxed);
        BYTES.fetch_add(bytes as u64, Relaxed);
    }

    struct Counting;

    // SAFETY: every method hands its arguments on to the system's allocator as they are.
    unsafe impl GlobalAlloc for Counting {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            note(layout.size());
            unsafe { System.alloc(layout) }
        }

        unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
            note(layout.size());
            unsafe { System.alloc_zeroed(layout) }
        }

        unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
            unsafe { System.dealloc(pointer, layout) }
        }

        unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            note(size.saturating_sub(layout.size()));
            unsafe { System.realloc(pointer, layout, size) }
        }
    }

    #[global_allocator]
    static ALLOCATOR: Counting = Counting;
}
