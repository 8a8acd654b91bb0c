//! Tasks that somebody waits for at the end.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use tokio::{sync::watch, task::JoinHandle};

/// Counts the tasks that run. Nothing is ever sent: a channel knows how many receivers it has.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tasks(watch::Sender<()>);

impl Tasks {
    pub(crate) fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        tokio::spawn(Counted { task, _counted: self.0.subscribe() })
    }

    /// Waits until none runs.
    pub(crate) async fn ended(&self) {
        self.0.closed().await;
    }
}

pin_project! {
    struct Counted<F> {
        #[pin]
        task: F,
        _counted: watch::Receiver<()>,
    }
}

impl<F: Future> Future for Counted<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.project().task.poll(context)
    }
}
