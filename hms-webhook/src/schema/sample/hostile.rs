//! What a confused model, or somebody who means harm, might send.

use serde_json::{Map, Value, json};

use super::{Random, sample};

/// Something that `schema` most probably does not allow: a valid value that is spoilt in one place, or something else
/// altogether. It is meant to be refused, or taken, but never to break anything.
pub(crate) fn hostile(schema: &Value, seed: u64) -> Value {
    // Not the seed of the valid value, so that the place does not go with it.
    let mut random = Random::new(!seed);
    if random.chance(8) {
        return nonsense(&mut random);
    }
    let mut value = sample(schema, seed);
    spoil(&mut value, &mut random);
    value
}

/// Changes one place of `value`.
fn spoil(value: &mut Value, random: &mut Random) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            let index = random.below(members.len());
            match random.below(6) {
                0 => {
                    let name = members.keys().nth(index).cloned().unwrap_or_default();
                    members.shift_remove(&name);
                }
                1 => drop(members.insert("__proto__".into(), nonsense(random))),
                _ => {
                    if let Some(member) = members.values_mut().nth(index) {
                        spoil(member, random);
                    }
                }
            }
        }
        Value::Array(items) if !items.is_empty() && !random.chance(3) => {
            let index = random.below(items.len());
            spoil(&mut items[index], random);
        }
        place => *place = nonsense(random),
    }
}

/// Values that programs have stumbled over.
fn nonsense(random: &mut Random) -> Value {
    match random.below(20) {
        0 => Value::Null,
        1 => true.into(),
        2 => (-1).into(),
        3 => 0.into(),
        4 => u64::MAX.into(),
        5 => i64::MIN.into(),
        6 => 1e308.into(),
        7 => (-0.0).into(),
        8 => "".into(),
        9 => " ".into(),
        10 => "\u{0}\u{1b}[31m\u{202e}\u{feff}".into(),
        11 => "'; DROP TABLE orders; --".into(),
        12 => "../../etc/passwd".into(),
        13 => "🚲".repeat(5000).into(),
        14 => "9".repeat(400).into(),
        15 => "{\"a\":".into(),
        16 => json!([]),
        17 => json!({}),
        18 => vec![Value::from(1); 2000].into(),
        _ => nested(48),
    }
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(Value::Null, |inner, _| Map::from_iter([("a".to_owned(), inner)]).into())
}
