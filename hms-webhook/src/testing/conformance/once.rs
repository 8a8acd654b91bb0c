//! Keys are claimed, and results kept.

use std::sync::Arc;

use tokio::time::sleep;

use super::{LONG, LONGER, SHORT, all, claim};
use crate::store::{Claim, Store};

pub(super) async fn claims_exclude_each_other(store: &impl Store) {
    assert_eq!(claim(store, "one").await, Claim::Granted { earlier: 0 }, "the first claim is granted");
    assert_eq!(claim(store, "one").await, Claim::Running, "a claimed key cannot be claimed");
    assert_eq!(claim(store, "two").await, Claim::Granted { earlier: 0 }, "keys are independent");
}

pub(super) async fn a_kept_result_answers_until_it_expires(store: &impl Store) {
    claim(store, "one").await;
    store.keep("one", "done", LONGER).await.expect("a result can be kept");
    assert_eq!(claim(store, "one").await, Claim::Kept("done".into()), "a kept result answers every claim");
    assert_eq!(claim(store, "one").await, Claim::Kept("done".into()), "… and is not used up by that");
    sleep(LONGER + SHORT).await;
    assert!(matches!(claim(store, "one").await, Claim::Granted { .. }), "a result is forgotten when its time is over");
}

pub(super) async fn a_released_key_can_be_claimed_again(store: &impl Store) {
    for earlier in 0..3 {
        assert_eq!(claim(store, "one").await, Claim::Granted { earlier }, "claims are counted across releases");
        store.release("one", LONG).await.expect("a claim can be released");
    }
}

pub(super) async fn a_result_is_kept_without_a_claim(store: &impl Store) {
    store.keep("one", "done", LONG).await.expect("a result can be kept");
    assert_eq!(claim(store, "one").await, Claim::Kept("done".into()), "a result is kept, whoever has claimed its key");
    store.claim("two", SHORT).await.expect("a key can be claimed");
    sleep(LONGER).await;
    store.keep("two", "done late", LONG).await.expect("a result can be kept");
    assert_eq!(claim(store, "two").await, Claim::Kept("done late".into()), "… also after the claim's lease");
}

pub(super) async fn a_release_takes_no_result_away(store: &impl Store) {
    claim(store, "one").await;
    store.keep("one", "done", LONG).await.expect("a result can be kept");
    store.release("one", LONG).await.expect("a release of what is done is no error");
    assert_eq!(claim(store, "one").await, Claim::Kept("done".into()), "a result that is kept is not given up");
}

pub(super) async fn a_release_is_remembered_for_its_time(store: &impl Store) {
    claim(store, "one").await;
    store.release("one", SHORT).await.expect("a claim can be released");
    sleep(LONGER).await;
    assert_eq!(
        claim(store, "one").await,
        Claim::Granted { earlier: 0 },
        "a claim that was released is forgotten when its time is over"
    );
}

pub(super) async fn a_claim_ends_with_its_lease(store: &impl Store) {
    store.claim("one", SHORT).await.expect("a key can be claimed");
    sleep(LONGER).await;
    assert_eq!(
        claim(store, "one").await,
        Claim::Granted { earlier: 1 },
        "a claim whose lease is over does not exclude"
    );
}

pub(super) async fn results_come_back_as_they_were(store: &impl Store) {
    for (key, result) in [
        ("plain", r#"{"status":"shipped"}"#.to_owned()),
        ("empty", String::new()),
        ("any text: ' \" \\ \n ä€𝄞", "ä€𝄞 ' \" \\ \u{1}".into()),
        ("long", "x".repeat(100_000)),
        ("call/with.dots and*stars>", "fine".into()),
    ] {
        claim(store, key).await;
        store.keep(key, &result, LONG).await.expect("a result can be kept");
        assert_eq!(claim(store, key).await, Claim::Kept(result), "{key:?}");
    }
}

pub(super) async fn one_of_many_claims_is_granted(store: Arc<impl Store>) {
    let claims = (0..32).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { claim(&*store, "one").await })
    });
    let granted = all(claims).await.into_iter().filter(|claim| matches!(claim, Claim::Granted { .. }));
    assert_eq!(granted.count(), 1, "of all who claim at the same time, one is granted it");
}
