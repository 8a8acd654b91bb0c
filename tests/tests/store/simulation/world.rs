//! The simulated world: a platform that delivers phone calls, often twice, to a server that dies and comes back.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hms_webhook::{
    App, Call, EndOfCallReport, StatusUpdate, ToolError, end_of_call_report, handlers, status_update,
    store::{Counts, Store},
    testing::TestPlatform,
    tool, tools,
};
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinSet, time::sleep};

use super::{
    Weather, disk,
    disk::{Disk, Handle, Process},
};

const CALLS: usize = 3;
const STATUSES: usize = 5;
const TOOL_CALLS: usize = 3;

/// Everything that is, and what has happened.
pub(super) struct World {
    weather: Weather,
    disk: Arc<Disk>,
    dice: Mutex<fastrand::Rng>,
    processes: AtomicU64,
    server: watch::Sender<Option<Server>>,
    journal: Mutex<Journal>,
}

#[derive(Clone)]
struct Server {
    platform: TestPlatform,
    process: Arc<Process>,
}

#[derive(Default)]
struct Journal {
    acknowledged: BTreeSet<(String, usize)>,
    /// Handler and call, with the events in the order in which they were handled.
    handled: BTreeMap<(&'static str, String), Vec<usize>>,
    /// Tool calls, with how often each was begun and had its effect, and the answer that the platform has got.
    tools: BTreeMap<String, ToolRuns>,
    broken: Vec<String>,
}

#[derive(Default)]
struct ToolRuns {
    begun: usize,
    effects: usize,
    answer: Option<Value>,
}

/// What handlers borrow: the world, as far as their process is still part of it.
struct Here {
    world: Arc<World>,
    process: Arc<Process>,
    /// What is being handled in this process.
    busy: Mutex<BTreeSet<String>>,
}

#[status_update]
async fn log(update: StatusUpdate, here: &Here) -> Result<(), io::Error> {
    here.handle("log", &update.context.call.id, number(&update)).await
}

#[status_update]
async fn bill(update: StatusUpdate, here: &Here) -> Result<(), io::Error> {
    here.handle("bill", &update.context.call.id, number(&update)).await
}

#[end_of_call_report]
async fn file(report: EndOfCallReport, here: &Here) -> Result<(), io::Error> {
    here.handle("file", &report.context.call.id, STATUSES).await
}

/// Book a seat.
#[tool]
async fn book(here: &Here, call: &Call) -> Result<usize, ToolError> {
    here.book(call).await
}

fn number(update: &StatusUpdate) -> usize {
    let status = update.context.call.status.as_ref().map(ToString::to_string).unwrap_or_default();
    status.trim_start_matches("step-").parse().unwrap()
}

impl Here {
    async fn handle(&self, handler: &'static str, call: &str, event: usize) -> Result<(), io::Error> {
        let _busy = self.busy(format!("{handler} of {call}"));
        self.process.step(3000).await;
        if self.process.chance(6) {
            assert!(self.process.chance(2), "the handler's dice say so");
            return Err(io::Error::other("the handler's dice say so"));
        }
        self.world.journal().handled.entry((handler, call.to_owned())).or_default().push(event);
        self.process.step(300).await;
        Ok(())
    }

    async fn book(&self, call: &Call) -> Result<usize, ToolError> {
        // What has died in the meantime begins nothing, although the store is not waited for without end.
        self.process.step(1).await;
        let id = call.tool_call_id().unwrap().to_owned();
        let _busy = self.busy(id.clone());
        {
            let mut journal = self.world.journal();
            let runs = journal.tools.entry(id.clone()).or_default();
            let (begun, is_answered) = (runs.begun, runs.answer.is_some());
            runs.begun += 1;
            if !self.world.weather.failing_writes {
                if is_answered {
                    journal.broken.push(format!("{id} was answered and ran again"));
                }
                // A crash between the claim and the tool looks like one within the tool.
                if call.is_repeat() != (begun > 0) && !(call.is_repeat() && self.world.weather.crashes) {
                    journal.broken.push(format!("{id} ran again, and was told is_repeat = {}", call.is_repeat()));
                }
            }
        }
        // One in eight is not done at its deadline.
        self.process.step(if self.process.chance(8) { 60_000 } else { 3000 }).await;
        if self.process.chance(5) {
            assert!(self.process.chance(2), "the tool's dice say so");
            return Err(ToolError::internal("the tool's dice say so"));
        }
        let mut journal = self.world.journal();
        let runs = journal.tools.entry(id).or_default();
        runs.effects += 1;
        Ok(runs.effects)
    }

    /// Notes that something is being handled, as long as what this gives back lives.
    fn busy(&self, what: String) -> Busy<'_> {
        if !self.busy.lock().unwrap().insert(what.clone()) && !self.world.weather.failing_writes {
            self.world.journal().broken.push(format!("{what} ran twice at a time"));
        }
        Busy { here: self, what }
    }
}

struct Busy<'a> {
    here: &'a Here,
    what: String,
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.here.busy.lock().unwrap().remove(&self.what);
    }
}

impl World {
    pub(super) fn new(seed: u64, weather: Weather) -> Arc<Self> {
        Arc::new(Self {
            weather,
            disk: disk(weather),
            dice: Mutex::new(fastrand::Rng::with_seed(seed)),
            processes: AtomicU64::new(seed << 16),
            server: watch::channel(None).0,
            journal: Mutex::default(),
        })
    }

    /// All phone calls; then everything that is still to be handled.
    pub(super) async fn run(self: Arc<Self>) {
        let mut calls = JoinSet::new();
        for call in 0..CALLS {
            calls.spawn(self.clone().deliver_events(format!("call-{call}")));
            for tool_call in 0..TOOL_CALLS {
                calls.spawn(self.clone().deliver_tool_call(format!("call-{call}"), format!("tool-{call}-{tool_call}")));
            }
        }
        tokio::select! {
            biased;
            _ = calls.join_all() => {}
            () = self.clone().lives() => {}
        }
        self.disk.is_repaired.store(true, Ordering::Relaxed);
        if self.weather.crashes {
            self.clone().restart().await;
            // The first delivery wakes the server.
            let server = self.server.borrow().clone().unwrap();
            let event = message("status-update", "call-last", json!({ "status": "step-0" }), json!({}));
            server.platform.deliver(event).await;
        }
        while (Counts { dead: 0, ..self.disk.kept.counts().await.unwrap() }) != Counts::default() {
            sleep(Duration::from_secs(10)).await;
        }
    }

    pub(super) async fn broken_promises(&self) -> Vec<String> {
        let dead = self.disk.kept.counts().await.unwrap().dead;
        let journal = self.journal();
        let mut broken = journal.broken.clone();
        if dead > 0 {
            broken.push(format!("{dead} dead letters"));
        }
        for (call, event) in &journal.acknowledged {
            let handlers: &[&str] = if *event == STATUSES { &["file"] } else { &["log", "bill"] };
            for handler in handlers {
                let handled = journal.handled.get(&(*handler, call.clone())).map_or(&[][..], Vec::as_slice);
                let times = handled.iter().filter(|handled| *handled == event).count();
                if times == 0 {
                    broken.push(format!("event {event} of {call} was acknowledged and not handled by {handler}"));
                }
                if times > 1 && !self.weather.crashes {
                    broken.push(format!("event {event} of {call} was handled {times} times by {handler}"));
                }
            }
        }
        for ((handler, call), handled) in &journal.handled {
            if !handled.is_sorted() {
                broken.push(format!("{handler} got the events of {call} in the order {handled:?}"));
            }
        }
        for (id, ToolRuns { effects, answer, .. }) in &journal.tools {
            if answer.is_some() && *effects != 1 && !self.weather.crashes {
                broken.push(format!("{id} had its effect {effects} times"));
            }
        }
        broken
    }

    fn journal(&self) -> MutexGuard<'_, Journal> {
        // Handlers panic here on purpose, though not while they hold this.
        self.journal.lock().unwrap()
    }

    fn dice(&self, sides: u64) -> u64 {
        self.dice.lock().unwrap().u64(0..sides)
    }

    // -- the server ---------------------------------------------------------------------------

    /// Life after life, some of them too short to have recovered from the one before.
    async fn lives(self: Arc<Self>) {
        loop {
            self.clone().restart().await;
            if !self.weather.crashes {
                return std::future::pending().await;
            }
            let most = if self.dice(3) == 0 { 100 } else { 12_000 };
            sleep(Duration::from_millis(self.dice(most))).await;
            self.stop();
            sleep(Duration::from_millis(self.dice(500))).await;
        }
    }

    fn stop(&self) {
        if let Some(server) = self.server.send_replace(None) {
            server.process.kill();
        }
    }

    async fn restart(self: Arc<Self>) {
        self.stop();
        self.disk.take_over().await;
        let process = Arc::new(Process::new(self.processes.fetch_add(1, Ordering::Relaxed)));
        let here = Here { world: self.clone(), process: process.clone(), busy: Mutex::default() };
        let app = App::new()
            .tools(tools![book])
            .handlers(handlers![log, bill, file])
            .state(here)
            .store(Handle::new(self.disk.clone(), process.clone()));
        let platform = TestPlatform::new(app).unwrap();
        self.server.send_replace(Some(Server { platform, process }));
    }

    // -- the platform -------------------------------------------------------------------------

    /// Delivers `body`; `None` when the server dies before its answer is there.
    async fn deliver(&self, body: &str) -> Option<(u16, Value)> {
        let mut servers = self.server.subscribe();
        let server = servers.wait_for(Option::is_some).await.ok()?.clone()?;
        tokio::select! {
            biased;
            _ = servers.changed() => None,
            answer = server.platform.deliver(body.to_owned()) => Some((answer.status.as_u16(), answer.json())),
        }
    }

    /// The events of a call, each until it is acknowledged, and sometimes twice.
    async fn deliver_events(self: Arc<Self>, call: String) {
        for event in 0..=STATUSES {
            let body = match event {
                STATUSES => message("end-of-call-report", &call, json!({ "status": "ended" }), json!({})),
                _ => message("status-update", &call, json!({ "status": format!("step-{event}") }), json!({})),
            };
            loop {
                let answers = match self.dice(3) {
                    0 => <[_; 2]>::from(tokio::join!(self.deliver(&body), self.deliver(&body))).to_vec(),
                    _ => vec![self.deliver(&body).await],
                };
                if answers.iter().flatten().any(|(status, _)| *status == 200) {
                    break;
                }
                sleep(Duration::from_millis(self.dice(2000))).await;
            }
            self.journal().acknowledged.insert((call.clone(), event));
            sleep(Duration::from_millis(self.dice(3000))).await;
        }
    }

    /// One tool call, until it has an answer, and a few times more.
    async fn deliver_tool_call(self: Arc<Self>, call: String, id: String) {
        let list = json!([{ "id": id, "type": "function", "function": { "name": "book", "arguments": {} } }]);
        let body = message("tool-calls", &call, json!({ "status": "in-progress" }), json!({ "tool_call_list": list }));
        let mut repetitions = self.dice(4);
        loop {
            sleep(Duration::from_millis(self.dice(3000))).await;
            let answers = match self.dice(3) {
                0 => <[_; 2]>::from(tokio::join!(self.deliver(&body), self.deliver(&body))).to_vec(),
                _ => vec![self.deliver(&body).await],
            };
            let seats = answers.into_iter().flatten().map(|(_, mut answer)| answer["results"][0]["result"].take());
            let mut is_answered = false;
            for seat in seats.filter(|seat| seat.get("error").is_none()) {
                is_answered = true;
                self.answered(&id, seat);
            }
            if is_answered {
                match repetitions.checked_sub(1) {
                    Some(fewer) => repetitions = fewer,
                    None => return,
                }
            }
        }
    }

    fn answered(&self, id: &str, answer: Value) {
        let mut journal = self.journal();
        let runs = journal.tools.entry(id.to_owned()).or_default();
        let first = runs.answer.get_or_insert(answer.clone()).clone();
        if first != answer && !self.weather.failing_writes {
            journal.broken.push(format!("{id} was answered {first} and then {answer}"));
        }
    }
}

fn message(kind: &str, call: &str, status: Value, more: Value) -> String {
    let mut message = json!({
        "type": kind,
        "timestamp": "2026-02-03T09:15:00.000Z",
        "call": { "id": call, "type": "inbound_phone_call", "status": status["status"] },
    });
    if let (Some(message), Value::Object(more)) = (message.as_object_mut(), more) {
        message.extend(more);
    }
    json!({ "message": message }).to_string()
}
