//! The span of a tool call, which puts its names into every line that is logged while it runs.
//!
//! A span that nobody looks at costs as much as the line that every request has, and most tools log nothing. The log of
//! `App::run` therefore takes the names from here, and the span is made when somebody asks for it.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tracing::{Span, field::Empty, info_span};

use crate::{call_id, event::LazyContext, router::RegisteredTool};

/// By which a filter knows these spans.
#[cfg(feature = "cli")]
pub(crate) const TARGET: &str = module_path!();

/// What names a tool call in the log.
#[derive(Debug, Clone)]
pub(crate) enum ToolSpan {
    Made(Span),
    #[cfg(feature = "cli")]
    Unmade(unmade::Names),
}

impl ToolSpan {
    pub(crate) fn new(tool: &RegisteredTool, context: &LazyContext, tool_call_id: &Arc<str>) -> Self {
        let name = tool.spec.name;
        #[cfg(feature = "cli")]
        if unmade::are_wanted() && !tool.arguments.are_recorded() && Span::current().is_none() {
            return Self::Unmade(unmade::Names { context: context.clone(), name, tool_call_id: tool_call_id.clone() });
        }
        Self::Made(made(context, name, tool_call_id))
    }

    pub(crate) fn in_scope<T>(&self, work: impl FnOnce() -> T) -> T {
        self.clone().turn(work)
    }

    /// `future` with each of its turns in scope.
    pub(crate) fn around<F: Future + Unpin>(self, future: F) -> InSpan<F> {
        InSpan { span: self, future }
    }

    fn turn<T>(&mut self, work: impl FnOnce() -> T) -> T {
        match self {
            Self::Made(span) => span.in_scope(work),
            #[cfg(feature = "cli")]
            Self::Unmade(_) => {
                let _entered = unmade::enter(self);
                work()
            }
        }
    }
}

/// A future that has each of its turns in the scope of a span.
pub(crate) struct InSpan<F> {
    pub(crate) span: ToolSpan,
    future: F,
}

impl<F: Future + Unpin> Future for InSpan<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Self { span, future } = &mut *self;
        span.turn(|| Pin::new(future).poll(context))
    }
}

fn made(context: &LazyContext, name: &'static str, tool_call_id: &str) -> Span {
    info_span!("tool", call = &*call_id::logged(context.call_id()), name, tool_call_id, arguments = Empty)
}

/// Notes in the span that is entered how a tool call ended. One that is not made has nobody who would read it there.
pub(crate) fn outcome(outcome: &'static str) {
    #[cfg(feature = "cli")]
    if unmade::are_wanted() {
        return;
    }
    crate::telemetry::outcome(&Span::current(), outcome);
}

/// Spans that are made when somebody asks for them, where a log wants it so.
#[cfg(feature = "cli")]
pub(crate) mod unmade {
    use std::{
        cell::RefCell,
        mem,
        sync::{
            Arc,
            atomic::{AtomicBool, Ordering::Relaxed},
        },
    };

    use tracing::{Span, span::EnteredSpan};

    use super::ToolSpan;
    use crate::event::LazyContext;

    static ARE_WANTED: AtomicBool = AtomicBool::new(false);

    thread_local! {
        /// The tool call that runs on this thread.
        static CURRENT: RefCell<Option<Current>> = const { RefCell::new(None) };
    }

    #[derive(Debug, Clone)]
    pub(crate) struct Names {
        pub(crate) context: LazyContext,
        pub(crate) name: &'static str,
        pub(crate) tool_call_id: Arc<str>,
    }

    enum Current {
        Unmade(Names),
        Made(EnteredSpan),
    }

    /// From now on spans are not made before somebody asks: the log promises to call [`make`] then.
    pub(crate) fn want() {
        ARE_WANTED.store(true, Relaxed);
    }

    pub(super) fn are_wanted() -> bool {
        ARE_WANTED.load(Relaxed)
    }

    /// The names of the tool call that runs on this thread, if its span is not made.
    pub(crate) fn current<T>(look: impl FnOnce(&Names) -> T) -> Option<T> {
        CURRENT.with_borrow(|current| match current {
            Some(Current::Unmade(names)) => Some(look(names)),
            Some(Current::Made(_)) | None => None,
        })
    }

    /// Makes the span of the tool call that runs on this thread, and enters it.
    pub(crate) fn make() {
        // Taken out meanwhile, since making a span asks for the current one.
        let made = match CURRENT.take() {
            Some(Current::Unmade(names)) => match super::made(&names.context, names.name, &names.tool_call_id) {
                span if span.is_none() => Some(Current::Unmade(names)),
                span => Some(Current::Made(span.entered())),
            },
            other => other,
        };
        CURRENT.set(made);
    }

    /// Puts the names of `span` into what this thread logs until the returned value is dropped.
    pub(super) fn enter(span: &mut ToolSpan) -> Entered<'_> {
        // Moved there and back again: most calls are entered once, and nobody else has their names.
        let names = match mem::replace(span, ToolSpan::Made(Span::none())) {
            ToolSpan::Unmade(names) => Some(Current::Unmade(names)),
            made @ ToolSpan::Made(_) => {
                *span = made;
                None
            }
        };
        Entered { span, outer: CURRENT.replace(names) }
    }

    pub(super) struct Entered<'a> {
        span: &'a mut ToolSpan,
        outer: Option<Current>,
    }

    impl Drop for Entered<'_> {
        /// Gives the thread back what it had, even after a panic; a span that was made meanwhile stays.
        fn drop(&mut self) {
            match CURRENT.replace(self.outer.take()) {
                Some(Current::Unmade(names)) => *self.span = ToolSpan::Unmade(names),
                Some(Current::Made(entered)) => *self.span = ToolSpan::Made(entered.exit()),
                None => {}
            }
        }
    }
}
