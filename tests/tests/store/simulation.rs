//! Once and inbox under crashes and failing writes, in a world whose clock and dice are ours.
//!
//! What can go wrong here is not the order of a processor's memory accesses, which `loom` and `shuttle` explore: the parts
//! talk through a store, and each step waits for it. It is not a network either, which `turmoil` would break: within one
//! server there is none. What goes wrong is that a process ends, or a write fails, between any two steps. So the store is
//! what is simulated: every operation takes a random time before and after it takes effect, may fail, and never comes back
//! when the process has ended meanwhile. tokio's clock is paused, so hours of retries take milliseconds, and a seed repeats
//! what happened.
//!
//! `HMS_WEBHOOK_SIMULATIONS=20000` runs that many worlds instead of a few.

mod disk;
mod world;

use std::{env, sync::Arc, time::Duration};

use disk::{Disk, Flaw};
use world::World;

/// What happens besides.
#[derive(Debug, Clone, Copy)]
struct Weather {
    crashes: bool,
    failing_writes: bool,
    flaw: Flaw,
}

const FAIR: Weather = Weather { crashes: false, failing_writes: false, flaw: Flaw::None };

fn worlds() -> u64 {
    env::var("HMS_WEBHOOK_SIMULATIONS").map_or(60, |text| text.parse().expect("HMS_WEBHOOK_SIMULATIONS is a number"))
}

/// Lets one world run to its end. Gives back what was promised and not kept.
fn simulate(seed: u64, weather: Weather) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let world = World::new(seed, weather);
        let ended = tokio::time::timeout(Duration::from_secs(30 * 24 * 3600), world.clone().run()).await;
        let mut broken = world.broken_promises().await;
        if ended.is_err() {
            broken.push("it did not come to an end within thirty days".into());
        }
        broken
    })
}

#[track_caller]
fn every_promise_is_kept(weather: Weather) {
    for seed in 0..worlds() {
        let broken = simulate(seed, weather);
        assert!(broken.is_empty(), "seed {seed}, {weather:?}: {broken:#?}");
    }
}

#[track_caller]
fn is_noticed(weather: Weather, complaint: &str) {
    let found = (0..500).flat_map(|seed| simulate(seed, weather)).find(|broken| broken.contains(complaint));
    assert!(found.is_some(), "{weather:?} was not noticed");
}

#[test]
fn in_fair_weather_everything_happens_exactly_once() {
    every_promise_is_kept(FAIR);
}

#[test]
fn crashes_lose_nothing_and_repeat_no_answered_tool_call() {
    every_promise_is_kept(Weather { crashes: true, ..FAIR });
}

#[test]
fn failing_writes_are_never_acknowledged() {
    every_promise_is_kept(Weather { crashes: true, failing_writes: true, ..FAIR });
}

#[test]
fn an_acknowledgement_before_the_commit_is_noticed() {
    is_noticed(
        Weather { crashes: true, flaw: Flaw::AcknowledgesBeforeCommit, ..FAIR },
        "was acknowledged and not handled",
    );
}

#[test]
fn an_answer_before_its_result_is_kept_is_noticed() {
    is_noticed(Weather { crashes: true, flaw: Flaw::AnswersBeforeKeeping, ..FAIR }, "was answered and ran again");
}

#[test]
fn a_store_that_grants_every_claim_is_noticed() {
    is_noticed(Weather { flaw: Flaw::GrantsEveryClaim, ..FAIR }, "ran again");
}

/// The disk outlives the processes that write to it.
fn disk(weather: Weather) -> Arc<Disk> {
    Arc::new(Disk::new(weather.failing_writes, weather.flaw))
}
