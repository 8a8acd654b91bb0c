//! Compares servers on a noisy machine. Connections to all of them stay open; each server gets a short slot in turn,
//! in an order that is shuffled every round, so that a slow spell of the machine falls on all alike. The ratio to the
//! first server is taken inside each round, and its median over all rounds is what to read.

use std::{fs, time::Duration};

use crate::{
    Deliveries, Protocol,
    statistics::{median, paired, quantile},
};

/// How it is measured.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    pub connections: usize,
    /// Requests in flight on each connection.
    pub streams: usize,
    pub slot: Duration,
    pub rounds: usize,
    /// Bytes of a body.
    pub size: usize,
    /// Tool calls in a request.
    pub calls: usize,
}

/// A server to measure.
#[derive(Debug)]
pub struct Target {
    pub name: String,
    pub port: u16,
    pid: u32,
    protocol: Protocol,
    first: u64,
}

impl Target {
    /// Reads `NAME=PORT:PID[:mcp]`; `index` is that among all targets.
    pub fn read(text: &str, index: usize) -> Self {
        let (name, rest) = text.split_once('=').expect("NAME=PORT:PID");
        let fields: Vec<&str> = rest.split(':').collect();
        Self {
            name: name.into(),
            port: fields[0].parse().expect("a port"),
            pid: fields[1].parse().expect("a process id"),
            protocol: if fields.get(2) == Some(&"mcp") { Protocol::Mcp } else { Protocol::Webhook },
            // Ids of one driver never meet those of another, nor those of an earlier run.
            first: by_hand::now() * 1_000_000_000 + index as u64 * 10_000_000,
        }
    }

    pub fn deliveries(&self, settings: &Settings) -> Deliveries {
        Deliveries::new(self.protocol, settings.size, settings.calls, self.first)
    }
}

/// The connections to one server.
pub trait Rival {
    /// Sends for so long, and waits for the last answers.
    fn slot(&mut self, length: Duration) -> Slot;

    fn body_length(&self) -> usize;
}

/// What came of a slot.
#[derive(Debug, Default)]
pub struct Slot {
    pub elapsed: Duration,
    /// How long each answer took, in tenths of a microsecond.
    pub latencies: Vec<u32>,
}

impl Slot {
    pub fn answered(&mut self, after: Duration) {
        self.latencies.push((after.as_nanos() / 100) as u32);
    }
}

#[derive(Default)]
struct Measured {
    per_second: Vec<f64>,
    cpu: Vec<f64>,
    p99: Vec<f64>,
    latencies: Vec<u32>,
}

/// Measures all of them in turns and prints one line of JSON for each.
pub fn compare(settings: &Settings, rivals: &mut [(Target, Box<dyn Rival>)]) {
    const WARM_UP: usize = 10;
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut measured: Vec<Measured> = rivals.iter().map(|_| Measured::default()).collect();
    for round in 0..WARM_UP + settings.rounds {
        let mut order: Vec<usize> = (0..rivals.len()).collect();
        for index in (1..order.len()).rev() {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            order.swap(index, (seed % (index as u64 + 1)) as usize);
        }
        for index in order {
            let (target, rival) = &mut rivals[index];
            let cpu = cpu_time(target.pid);
            let slot = rival.slot(settings.slot);
            let cpu = cpu_time(target.pid).saturating_sub(cpu);
            if round >= WARM_UP {
                measured[index].add(slot, cpu);
            }
        }
    }
    report(rivals, &mut measured);
}

impl Measured {
    fn add(&mut self, mut slot: Slot, cpu: u64) {
        let answered = slot.latencies.len() as f64;
        self.per_second.push(answered / slot.elapsed.as_secs_f64());
        self.cpu.push(cpu as f64 / answered / 1000.0);
        slot.latencies.sort_unstable();
        self.p99.push(f64::from(slot.latencies[(slot.latencies.len() - 1) * 99 / 100]) / 10.0);
        if self.latencies.len() < 2_000_000 {
            self.latencies.extend(slot.latencies);
        }
    }
}

/// Nanoseconds that all threads of a process and of its children have run.
fn cpu_time(pid: u32) -> u64 {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return 0 };
    let of_thread = |thread: fs::DirEntry| {
        let own = fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
        let own: u64 = own.split(' ').next().and_then(|time| time.parse().ok()).unwrap_or_default();
        let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        own + children.split_whitespace().filter_map(|child| child.parse().ok()).map(cpu_time).sum::<u64>()
    };
    threads.flatten().map(of_thread).sum()
}

fn report(rivals: &[(Target, Box<dyn Rival>)], measured: &mut [Measured]) {
    let (rates, costs, slow) = (measured[0].per_second.clone(), measured[0].cpu.clone(), measured[0].p99.clone());
    for ((target, rival), it) in rivals.iter().zip(measured) {
        let (ratio, low, high) = median(&paired(&it.per_second, &rates));
        let (cpu_ratio, ..) = median(&paired(&it.cpu, &costs));
        let (p99_ratio, ..) = median(&paired(&it.p99, &slow));
        it.latencies.sort_unstable();
        let latency = |part: usize| f64::from(it.latencies[(it.latencies.len() - 1) * part / 1000]) / 10.0;
        println!(
            r#"{{"name":"{}","per_second":{:.0},"ratio":{ratio:.4},"low":{low:.4},"high":{high:.4},"cpu_us":{:.2},"cpu_ratio":{cpu_ratio:.4},"p50_us":{:.0},"p99_us":{:.0},"p99_ratio":{p99_ratio:.4},"body":{}}}"#,
            target.name,
            quantile(&it.per_second, 0.5),
            quantile(&it.cpu, 0.5),
            latency(500),
            latency(990),
            rival.body_length(),
        );
    }
}
