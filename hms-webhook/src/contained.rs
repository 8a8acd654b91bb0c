//! A future whose panic harms nobody else.

use std::{
    any::Any,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::Poll,
};

/// How a future ended.
#[derive(Debug)]
pub(crate) enum Contained<T> {
    Returned(T),
    /// With the text of the panic.
    Panicked(String),
}

/// Runs `future` and catches its panic. It is not polled again after one, so what it left half done is not seen.
pub(crate) fn contained<T>(
    mut future: Pin<Box<dyn Future<Output = T> + Send>>,
) -> impl Future<Output = Contained<T>> + Send + Unpin {
    poll_fn(move |context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(value)) => Poll::Ready(Contained::Returned(value)),
        Err(panic) => Poll::Ready(Contained::Panicked(panic_text(&*panic))),
    })
}

#[cold]
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (None, Some(text)) => text.clone(),
        (None, None) => "a value that is no text".to_owned(),
    }
}
