//! An app: handlers, what they borrow, and settings; checked as a whole before it answers anything.

mod needs;
mod prepared;

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use self::prepared::Prepared;
use crate::{
    capacity::Capacity,
    delivery::BodyBudget,
    error::StartupError,
    gate::Gate,
    handler::{HandlerRun, HandlerSpec, Registration, State, States, ToolSpec},
    inbox::{Inbox, Listener, ListenerRun, Listeners},
    limits::Limits,
    mishap::Mishaps,
    once::Once,
    overview::Overview,
    reply::AssistantReply,
    router::{AnswersCalls, Budgets, Handlers, RegisteredHandler, RegisteredTool, Router, Tools},
    schema::ToolDefinition,
    secrets::{Keyring, SecretSetting, SecretSource},
    service::{Shared, WebhookService},
    signature::{DEFAULT_TOLERANCE, Secret},
    store::{Memory, Store},
    store_health::StoreHealth,
    tasks::Tasks,
};

/// The path of the webhook unless another one is set.
pub const DEFAULT_PATH: &str = "/webhooks/hms-sovereign";

/// How long the platform waits for the answer to an assistant-request (PROTOCOL.md §1.3).
pub(crate) const ASSISTANT_REQUEST_LIMIT: Duration = Duration::from_secs(5);
/// How long the platform waits for the results of tools (PROTOCOL.md §1.3).
pub(crate) const TOOL_CALLS_LIMIT: Duration = Duration::from_secs(10);

/// Handlers, what they borrow, and settings.
///
/// ```
/// use hms_webhook::{App, tool, tools};
///
/// struct Stock(u32);
///
/// /// Say how many pieces are left.
/// #[tool]
/// async fn pieces_left(stock: &Stock) -> u32 {
///     stock.0
/// }
///
/// let app = App::new().tools(tools![pieces_left]).state(Stock(3)).secret("demo-secret-1");
/// assert!(app.into_service().is_ok());
/// ```
#[derive(Debug)]
#[must_use = "an app does nothing until it is run, served or made into a service"]
pub struct App {
    pub(crate) tools: Vec<&'static ToolSpec>,
    prepared: Prepared,
    handlers: Vec<&'static HandlerSpec>,
    states: States,
    pub(crate) settings: Settings,
    /// What is known to be wrong already.
    pub(crate) problems: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) secrets: Vec<SecretSetting>,
    pub(crate) allow_unsigned: bool,
    pub(crate) path: String,
    pub(crate) tolerance: Duration,
    pub(crate) budgets: Budgets,
    pub(crate) fallback: AssistantReply,
    pub(crate) limits: Limits,
    pub(crate) concurrent_events: usize,
    pub(crate) store: Option<Arc<dyn Store>>,
    pub(crate) mishaps: Mishaps,
    #[cfg(feature = "server")]
    pub(crate) serving: crate::server::Serving,
    #[cfg(feature = "cli")]
    pub(crate) recorder: Option<crate::record::Recorder>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            secrets: Vec::new(),
            allow_unsigned: false,
            path: DEFAULT_PATH.into(),
            tolerance: DEFAULT_TOLERANCE,
            budgets: Budgets { assistant_request: Duration::from_millis(4500), tool_calls: Duration::from_secs(9) },
            fallback: AssistantReply::saved(),
            limits: Limits::default(),
            concurrent_events: 64,
            store: None,
            mishaps: Mishaps::default(),
            #[cfg(feature = "server")]
            serving: crate::server::Serving::default(),
            #[cfg(feature = "cli")]
            recorder: None,
        }
    }
}

impl Default for App {
    fn default() -> Self {
        Self::new()
    }
}

/// # Handlers and what they borrow
impl App {
    /// An app without handlers.
    pub fn new() -> Self {
        Self {
            tools: Vec::new(),
            prepared: Prepared::default(),
            handlers: Vec::new(),
            states: States::default(),
            settings: Settings::default(),
            problems: Vec::new(),
        }
    }

    /// An app with every annotated function of this program.
    ///
    /// The linker leaves out a library that nothing refers to, so a library crate of tools has to be named once
    /// in the program: `use my_tools as _;`.
    pub fn discover() -> Self {
        let mut app = Self::new();
        for registration in inventory::iter::<Registration> {
            match registration {
                Registration::Tool(spec) => app.tools.push(spec),
                Registration::Handler(spec) => app.handlers.push(spec),
            }
        }
        // The linker's order means nothing; that of the source is what people expect.
        app.tools.sort_by_key(|spec| (spec.location.file, spec.location.line));
        app.handlers.sort_by_key(|spec| (spec.location.file, spec.location.line));
        app
    }

    /// Adds the tools that [`tools!`](crate::tools) lists.
    pub fn tools(mut self, tools: impl IntoIterator<Item = &'static ToolSpec>) -> Self {
        self.tools.extend(tools);
        self.prepared = Prepared::default();
        self
    }

    /// Adds the event handlers that [`handlers!`](crate::handlers) lists.
    pub fn handlers(mut self, handlers: impl IntoIterator<Item = &'static HandlerSpec>) -> Self {
        self.handlers.extend(handlers);
        self
    }

    /// Provides `value` to every handler that borrows a `&T`. One value of each type.
    pub fn state<T: State>(mut self, value: T) -> Self {
        if self.states.insert(value) {
            let name = std::any::type_name::<T>();
            self.problems.push(format!(
                "`.state(…)` was given two values of the type `{name}`: keep one, or wrap one in a type of its own"
            ));
        }
        self
    }
}

/// # Settings
impl App {
    /// Accepts deliveries that are signed with `secret`. Call it again for a second secret, as during a change of secrets.
    pub fn secret(mut self, secret: impl Into<Secret>) -> Self {
        self.settings.secrets.push(SecretSetting::new(SecretSource::Text(secret.into())));
        self
    }

    /// As [`secret`](App::secret), from a file, whose last line break is no part of the secret.
    ///
    /// `App::serve` reads it anew every second; where it has changed, the new secret is taken from then on. To change
    /// a secret without refusing anything, have two files, and let both the old and the new one be taken while the
    /// platform changes. Replace a file by renaming another one to its name, so that nobody reads half of it.
    pub fn secret_file(mut self, path: impl Into<std::path::PathBuf>) -> Self {
        self.settings.secrets.push(SecretSetting::new(SecretSource::File(path.into())));
        self
    }

    /// Also accepts deliveries that are signed with `secret` and call nothing but `tool`: what the platform may do
    /// for a tool that has a `url` and a secret of its own (PROTOCOL.md §2.2).
    pub fn tool_secret(mut self, tool: impl Into<String>, secret: impl Into<Secret>) -> Self {
        let (tool, source) = (tool.into(), SecretSource::Text(secret.into()));
        let name = Some(format!("tool {tool}").into());
        self.settings.secrets.push(SecretSetting { name, tool: Some(tool), source });
        self
    }

    /// Also accepts deliveries without a signature, so that anyone who reaches the port can call the tools.
    ///
    /// For trying things out on one's own machine: `App::serve` then refuses every address but a loopback one.
    pub fn allow_unsigned(mut self) -> Self {
        self.settings.allow_unsigned = true;
        self
    }

    /// The path of the webhook (default: [`DEFAULT_PATH`]). `/healthz` and `/readyz` are served beside it.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.settings.path = path.into();
        self
    }

    /// How far the timestamp of a delivery may be from now, in either direction (default: 300 s, PROTOCOL.md §2.3).
    /// [`Duration::MAX`] turns the check off.
    pub fn signature_tolerance(mut self, tolerance: Duration) -> Self {
        self.settings.tolerance = tolerance;
        self
    }

    /// The time in which an assistant-request is answered (default: 4.5 s of the 5 s that the platform waits).
    pub fn assistant_request_budget(mut self, budget: Duration) -> Self {
        self.settings.budgets.assistant_request = budget;
        self
    }

    /// The time in which tool calls are answered (default: 9 s of the 10 s that the platform waits). A tool's own
    /// `deadline` can only shorten it.
    pub fn tool_calls_budget(mut self, budget: Duration) -> Self {
        self.settings.budgets.tool_calls = budget;
        self
    }

    /// The answer to an assistant-request whose handler fails, panics, is late or does not exist
    /// (default: [`AssistantReply::saved`], with which the call goes on with the saved assistant).
    pub fn fallback_reply(mut self, reply: impl Into<AssistantReply>) -> Self {
        self.settings.fallback = reply.into();
        self
    }

    /// Changes the limits of what is taken on: connections, bodies, requests and times.
    ///
    /// ```
    /// # use hms_webhook::App;
    /// let app = App::new().limits(|limits| limits.connections_per_address = 100);
    /// ```
    pub fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.settings.limits);
        self
    }

    /// The longest body that is read, in bytes: [`Limits::body`].
    pub fn body_limit(self, bytes: usize) -> Self {
        self.limits(|limits| limits.body = bytes)
    }

    /// How long a body may take to arrive: [`Limits::body_time`].
    pub fn body_timeout(self, timeout: Duration) -> Self {
        self.limits(|limits| limits.body_time = timeout)
    }

    /// How many handlers of notifications and background tools run at a time (default: 64). Further events wait.
    pub fn concurrent_events(mut self, handlers: usize) -> Self {
        self.settings.concurrent_events = handlers;
        self
    }

    /// Where results and events are kept (default: [`Memory`], which forgets them when the process ends).
    ///
    /// With the feature `cli`, `App::run` uses the store that `HMS_WEBHOOK_STORE` names unless one was set here.
    pub fn store(mut self, store: impl Store) -> Self {
        self.settings.store = Some(Arc::new(store));
        self
    }

    /// How many requests are handled at a time: [`Limits::requests`].
    pub fn concurrent_requests(self, requests: usize) -> Self {
        self.limits(|limits| limits.requests = requests)
    }

    /// How long a request's head may take to arrive, and how long a connection is kept open without a request:
    /// [`Limits::head_time`] and [`Limits::idle_time`].
    pub fn head_timeout(self, timeout: Duration) -> Self {
        self.limits(|limits| (limits.head_time, limits.idle_time) = (timeout, timeout))
    }
}

/// # Getting it to answer
impl App {
    /// What the model is told about each tool, in the order in which the tools were added. The server reads arguments
    /// by the same tables.
    ///
    /// ```
    /// use hms_webhook::{App, tool, tools};
    ///
    /// /// Say when the shop opens.
    /// #[tool]
    /// fn opening_hour(/** The day. */ day: String) -> u8 {
    ///     if day == "Saturday" { 10 } else { 9 }
    /// }
    ///
    /// let definitions = App::new().tools(tools![opening_hour]).definitions()?;
    /// assert_eq!(definitions[0].description, "Say when the shop opens.");
    /// assert_eq!(definitions[0].parameters["properties"]["day"]["description"], "The day.");
    /// # Ok::<_, hms_webhook::StartupError>(())
    /// ```
    ///
    /// # Errors
    /// Names everything that is wrong with the tools themselves, such as two of one name.
    pub fn definitions(&self) -> Result<Vec<ToolDefinition>, StartupError> {
        Ok(self.prepared.definitions(&self.tools)?.to_vec())
    }

    /// What the model is told about each tool, in the form that the models of a certain provider take.
    ///
    /// ```
    /// use hms_webhook::{App, Profile, tool, tools};
    ///
    /// /// Say when the shop opens.
    /// #[tool]
    /// fn opening_hour(/** The day. */ day: Option<String>) -> u8 {
    ///     day.map_or(9, |_| 10)
    /// }
    ///
    /// let app = App::new().tools(tools![opening_hour]);
    /// let tool = app.definitions_for(Profile::OpenAiStrict)?.remove(0);
    /// assert_eq!(tool.parameters["required"][0], "day");
    /// assert_eq!(tool.parameters["properties"]["day"]["type"][1], "null");
    /// # Ok::<_, hms_webhook::StartupError>(())
    /// ```
    ///
    /// # Errors
    /// As [`definitions`](Self::definitions); and names every argument that cannot be described in this form.
    #[cfg(feature = "profiles")]
    pub fn definitions_for(&self, profile: crate::Profile) -> Result<Vec<ToolDefinition>, StartupError> {
        let mut problems = Vec::new();
        let definitions = self.definitions()?.into_iter();
        let definitions = definitions.map(|definition| definition.in_form(profile, &mut problems)).collect();
        StartupError::check_that(format!("the tools cannot be described in the form {profile}"), problems)?;
        Ok(definitions)
    }

    #[cfg(feature = "console")]
    pub(crate) fn tool_specs(&self) -> &[&'static ToolSpec] {
        &self.tools
    }

    #[cfg(feature = "cli")]
    pub(crate) fn handler_specs(&self) -> &[&'static HandlerSpec] {
        &self.handlers
    }

    /// Checks the app and makes it ready to answer.
    ///
    /// # Errors
    /// Names everything that is wrong with the app at once: two tools of one name, two assistant-request handlers, a
    /// borrowed parameter that no `.state(…)` provides, a missing secret, a setting that cannot work.
    pub fn into_service(self) -> Result<WebhookService, StartupError> {
        let service = self.into_quiet_service()?;
        service.overview().log(None, service.path());
        Ok(service)
    }

    /// The same, for a server that says where it listens with the rest.
    pub(crate) fn into_quiet_service(mut self) -> Result<WebhookService, StartupError> {
        let mut problems = std::mem::take(&mut self.problems);
        let settings = &mut self.settings;
        let secrets = std::mem::take(&mut settings.secrets);
        let keyring = Keyring::open(secrets, settings.tolerance, settings.allow_unsigned, &mut problems);
        check_settings(&self.settings, &mut problems);
        needs::check(&self, &mut problems);
        let tools = std::mem::take(&mut self.prepared).into_tools(&self.tools, &mut problems);
        let (assistant_request, listeners) = sort_handlers(&tools, &self.handlers, &mut problems);
        StartupError::check(problems)?;

        let settings = self.settings;
        let store = settings.store.unwrap_or_else(|| Arc::new(Memory::new()));
        let overview = Overview::new(&self.tools, &self.handlers, &keyring, settings.allow_unsigned, &store.describe());
        let states = Arc::new(self.states);
        let (health, running) = (Arc::new(StoreHealth::default()), Tasks::default());
        Ok(WebhookService::new(Shared {
            path: settings.path,
            limits: settings.limits,
            bodies: BodyBudget::new(settings.limits.bodies),
            keyring,
            refusals: Default::default(),
            overview,
            router: Router {
                handlers: Handlers { tools, assistant_request },
                inbox: Inbox::new(
                    store.clone(),
                    health.clone(),
                    Listeners::new(listeners, states.clone(), settings.mishaps.clone()),
                    settings.concurrent_events,
                ),
                once: Arc::new(Once::new(store, health, running.clone())),
                states,
                budgets: settings.budgets,
                fallback: settings.fallback,
                running,
                mishaps: settings.mishaps,
            },
            capacity: Capacity::new(&settings.limits),
            leaving: AtomicBool::new(false),
            #[cfg(feature = "cli")]
            recorder: settings.recorder,
            shutting_down: AtomicBool::new(false),
        }))
    }
}

// ---------------------------------------------------------------------------------------------
// Checks
// ---------------------------------------------------------------------------------------------

fn check_settings(settings: &Settings, problems: &mut Vec<String>) {
    let path = &settings.path;
    if !path.starts_with('/') || path.contains(['?', '#']) || path.parse::<http::uri::PathAndQuery>().is_err() {
        problems.push(format!("the path of the webhook, `{path}`, is no path: write one like `{DEFAULT_PATH}`"));
    }
    if path == "/healthz" || path == "/readyz" {
        problems.push(format!("the path of the webhook, `{path}`, is that of a health check: choose another one"));
    }
    if path == "/_console" || path.starts_with("/_console/") {
        problems.push(format!("the path of the webhook, `{path}`, is that of the console: choose another one"));
    }
    let budgets = settings.budgets;
    for (name, budget, limit) in [
        ("assistant_request_budget", budgets.assistant_request, ASSISTANT_REQUEST_LIMIT),
        ("tool_calls_budget", budgets.tool_calls, TOOL_CALLS_LIMIT),
    ] {
        if budget.is_zero() || budget > limit {
            problems.push(format!(
                "`.{name}({budget:?})` cannot work: the platform waits {limit:?}, so choose something between zero and that"
            ));
        }
    }
    if settings.concurrent_events == 0 {
        problems.push("`.concurrent_events(0)` would run no handler: choose more than zero".into());
    }
    settings.limits.check(problems);
}

/// The handler that answers calls, and all that run from the inbox.
fn sort_handlers(
    tools: &Tools,
    specs: &[&'static HandlerSpec],
    problems: &mut Vec<String>,
) -> (Option<AnswersCalls>, Vec<Listener>) {
    let mut greeting = Vec::new();
    let mut answers = None;
    let mut listeners = Vec::new();
    for &spec in specs {
        let run = match spec.run {
            HandlerRun::AssistantRequest(run) => {
                greeting.push(spec.location.to_string());
                answers = Some(RegisteredHandler { spec, run, gate: spec.concurrency.map(Gate::new) });
                continue;
            }
            HandlerRun::StatusUpdate(run) => ListenerRun::StatusUpdate(run),
            HandlerRun::EndOfCallReport(run) => ListenerRun::EndOfCallReport(run),
            HandlerRun::Event(kind, run) => ListenerRun::Event(kind, run),
        };
        listeners.push(Listener { location: spec.location, retry: spec.retry, run });
    }
    for RegisteredTool { spec, arguments, gate } in tools.values().filter(|tool| tool.spec.background) {
        let run = ListenerRun::Tool { spec, arguments: arguments.clone(), gate: gate.clone() };
        listeners.push(Listener { location: spec.location, retry: spec.retry, run });
    }
    if greeting.len() > 1 {
        problems.push(format!(
            "a call can be answered by one `#[assistant_request]` handler only, but there are {}: keep one",
            greeting.join(" and ")
        ));
    }
    (answers, listeners)
}
