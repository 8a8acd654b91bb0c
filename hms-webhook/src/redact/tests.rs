use proptest::prelude::*;
use serde_json::json;

use super::*;

fn redacted(value: Value) -> Value {
    let mut redactor =
        Redactor::new(Secrets::new(vec!["hush-hush".into()], Vec::new(), vec!["kept-apart".into()]), &[]);
    let mut value = value;
    redactor.redact(&mut [&mut value]);
    value
}

#[test]
fn the_same_number_gets_the_same_stand_in_in_each_form() {
    let value = redacted(json!({
        "customer": { "number": "+31612000111" },
        "note": "call 06-12000111 or +31 6 1200 0111, not (202) 555-0100 nor 0031201110000",
        "bare": "612000111",
        "phone": 31612000111_u64,
    }));
    assert_eq!(
        value,
        json!({
            "customer": { "number": "+99999000001" },
            "note": "call 09-99000001 or +99 9 9900 0001, not (999) 900-0002 nor 0099999000003",
            "bare": "999000001",
            "phone": 99999000001_u64,
        })
    );
}

#[test]
fn what_only_looks_like_a_number_stays() {
    let value = json!({
        "at": "2026-02-03T09:15:00.000Z", "day": "03-02-2026", "then": "2026-02-03 09:15", "id": "7d1c2f0e-1111-4222-8333-444455556666",
        "order": "A-1042", "bookings": [1_767_268_800, 0.123456789], "share": "0.123456789", "number": "20261042",
    });
    assert_eq!(redacted(value.clone()), value);
}

#[test]
fn a_number_inside_an_id_is_found() {
    assert_eq!(redacted(json!("call-_+31612000111_x7f2")), "call-_+99999000001_x7f2");
}

#[test]
fn somebody_who_is_a_text_is_a_name_unless_it_is_an_id() {
    let value = json!({ "metadata": { "customer": "Mrs Vos", "caller": "Zoë d'Arc-Lee" }, "first": "for mrs vos" });
    let redacted_value = redacted(value);
    assert_eq!(
        redacted_value,
        json!({ "metadata": { "customer": "Person 1", "caller": "Person 2" }, "first": "for Person 1" })
    );
    let ids = json!({ "customer": "K-881", "user": "returning", "contact": null, "client": "", "Title": "Anna" });
    assert_eq!(redacted(ids.clone()), ids);
}

#[test]
fn names_by_field_are_found_in_texts_and_arguments_that_are_texts() {
    let value = redacted(json!({
        "customer": { "name": "Anna Vos" },
        "function": { "name": "book", "arguments": "{\"first_name\":\"Bert\",\"note\":\"for Bert and Mrs Vos\"}" },
    }));
    assert_eq!(value["customer"]["name"], "Person 1");
    assert_eq!(value["function"]["name"], "book");
    let arguments: Value =
        serde_json::from_str(value["function"]["arguments"].as_str().unwrap_or_default()).unwrap_or_default();
    assert_eq!(arguments, json!({ "first_name": "Person 2", "note": "for Person 2 and Mrs Person 1" }));
}

#[test]
fn secrets_are_found_by_field_by_value_and_by_form() {
    let mac = format!("sha256={}", "ab".repeat(32));
    let value = redacted(json!({
        "webhook_secret": "x", "apiKey": ["y"], "Authorization": { "z": 1 }, "access_token": 5,
        "max_output_tokens": 100, "text": "it is hush-hush, or kept-apart", "auth": "Bearer abcdefgh1234", "mac": mac,
    }));
    let secret = "[secret]";
    assert_eq!(
        value,
        json!({
            "webhook_secret": secret, "apiKey": secret, "Authorization": secret, "access_token": secret,
            "max_output_tokens": 100, "text": "it is [secret], or [secret]", "auth": secret, "mac": secret,
        })
    );
}

#[cfg(feature = "console")]
#[test]
fn what_is_only_looked_at_loses_nothing_but_secrets() {
    let mut secrets = Secrets::new(vec!["hush-hush".into()], Vec::new(), vec!["kept-apart".into()]);
    let clean = r#"{ "customer": {"number":"+31612000111"}, "n": 12345678901234567890123, "token": 5 }"#;
    assert_eq!(secrets.hide(clean), clean);
    let shown = secrets.hide(
        &json!({
            "assistant": {
                "webhook_secret": "x", "serverUrlSecret": "y", "server": { "url": "https://u:p@a.example/?token=z", "secret": "s" },
                "tools": [{ "parameters": { "properties": { "secret": { "type": "string" } } } }],
            },
            "tool_call_list": [{ "function": { "arguments": { "token": "of the user's own", "note": "hush-hush, kept-apart" } } }],
            "metadata": { "password": "of the user's own" },
        })
        .to_string(),
    );
    assert_eq!(
        serde_json::from_str::<Value>(&shown).unwrap(),
        json!({
            "assistant": {
                "webhook_secret": "[secret]", "serverUrlSecret": "[secret]",
                "server": { "url": "https://[secret]@a.example/?token=[secret]", "secret": "[secret]" },
                "tools": [{ "parameters": { "properties": { "secret": { "type": "string" } } } }],
            },
            "tool_call_list": [{ "function": { "arguments": { "token": "of the user's own", "note": "[secret], [secret]" } } }],
            "metadata": { "password": "of the user's own" },
        })
    );
    assert_eq!(secrets.hide("no JSON, hush-hush"), "no JSON, [secret]");
}

#[test]
fn names_are_found_in_any_case() {
    let value = redacted(json!({
        "customer": { "name": "Jan de Vries" },
        "note": "JAN, jan and JAN DE VRIES, not Januari; mrs vries",
    }));
    assert_eq!(value["note"], "Person 1, Person 1 and Person 1, not Januari; mrs Person 1");
    let value = redacted(json!([{ "customer": { "name": "ZOË" } }, { "customer": { "name": "Zoë" } }, "zoë"]));
    assert_eq!(value[0], value[1]);
    assert_eq!(value[2], "Person 1");
}

#[test]
fn a_name_in_other_case_is_not_found_in_names_of_fields_and_of_values() {
    let value = redacted(json!({
        "customer": { "name": "Max Call" }, "max": 3, "call": { "id": "c" }, "end_reason": "max_duration",
    }));
    let kept = json!({ "max": 3, "call": { "id": "c" }, "end_reason": "max_duration" });
    assert_eq!(
        (&value["max"], &value["call"], &value["end_reason"]),
        (&kept["max"], &kept["call"], &kept["end_reason"])
    );
}

#[test]
fn secrets_in_addresses_are_found() {
    let value = redacted(json!([
        "https://u:pw@host/x?token=abc123",
        "get wss://user:p@ss@[::1]:80/a?b=c&X-Amz-Signature=ff00&sig=1%20x#access_token=q then http://host/a@b?page=2",
        "https://host/x?max_tokens=5&apiKey=k&key=v;api_key=z",
    ]));
    let wanted = json!([
        "https://[secret]@host/x?token=[secret]",
        "get wss://[secret]@[::1]:80/a?b=c&X-Amz-Signature=[secret]&sig=[secret]#access_token=[secret] then http://host/a@b?page=2",
        "https://host/x?max_tokens=5&apiKey=[secret]&key=[secret];api_key=[secret]",
    ]);
    assert_eq!(value, wanted);
    assert_eq!(redacted(wanted.clone()), wanted);
}

#[test]
fn an_address_and_its_recording_are_masked_alike() {
    let live = json!("https://u:pw@host/x?token=abc123");
    let mut both = [redacted(live.clone()), live];
    both.iter_mut().for_each(|value| Redactor::masking().redact(&mut [value]));
    assert_eq!(both[0], both[1]);
}

#[test]
fn secrets_in_files_are_found() {
    let file = std::env::temp_dir().join(format!("hms-webhook-redacted-{}", std::process::id()));
    let written = std::fs::write(&file, "kept in a file\n");
    let mut redactor = Redactor::new(Secrets::new(Vec::new(), vec![file.clone()], Vec::new()), &["Remark".into()]);
    let mut value = json!({ "note": "it is kept in a file.", "arguments": { "remark": "anything" } });
    redactor.redact(&mut [&mut value]);
    assert!(written.is_ok() && std::fs::remove_file(file).is_ok());
    assert_eq!(value, json!({ "note": "it is [secret].", "arguments": { "remark": "[text 1]" } }));
}

#[test]
fn what_was_said_is_as_long_as_before_and_not_there() {
    let value = redacted(json!({
        "summary": "The caller asked for an order.", "messages": [{ "role": "user", "content": "Hi." }],
        "arguments": { "summary": "stays" }, "mail": "write to anna.vos@mail.example.org",
    }));
    assert_eq!(value["summary"], "[text 1......................]");
    assert_eq!(value["summary"].as_str().map(str::len), Some("The caller asked for an order.".len()));
    assert_eq!(value["messages"][0], json!({ "role": "user", "content": "[text 2]" }));
    assert_eq!(
        (&value["arguments"]["summary"], &value["mail"]),
        (&json!("stays"), &json!("write to person1@example.com"))
    );
}

#[test]
fn stand_ins_and_what_they_stand_for_are_masked_alike() {
    let live = json!({ "customer": { "name": "Anna", "number": "+31612000111" }, "note": "Anna at 0612000111", "also": [612000111, "0 6 1 2 0 0 0 1 1 1"],
        "metadata": { "nested": "{\"name\": \"Anna\", \"pass\": \"x\", \"guest_name\": \"Bert\"}" },
    });
    let mut recorded = redacted(live.clone());
    let mut live = live;
    Redactor::masking().redact(&mut [&mut recorded]);
    Redactor::masking().redact(&mut [&mut live]);
    assert_eq!(recorded, live);
}

#[test]
fn numbers_beside_other_numbers_are_found() {
    let value =
        redacted(json!(["at 10 0612000111 and 5 06 12 00 01 11", "+31612000111 +31612000222", "1 612000111 2"]));
    let wanted = ["at 10 0999000001 and 5 09 99 00 00 01", "+99999000001 +99999000002", "1 999000001 2"];
    assert_eq!(value, json!(wanted));
}

#[test]
fn a_long_text_of_digits_is_gone_through_once() {
    let text = "1 ".repeat(200_000);
    assert_eq!(redacted(json!(text)), json!(text));
}

/// The arguments of a tool in an envelope, and the envelope without them.
fn redacted_arguments(arguments: Value) -> (Value, Value) {
    let call = json!({ "id": "t-1", "function": { "name": "find_anna", "arguments": arguments } });
    let mut value = redacted(json!({ "message": { "type": "tool-calls", "tool_call_list": [call] } }));
    let arguments = value["message"]["tool_call_list"][0]["function"]["arguments"].take();
    (arguments, value)
}

#[test]
fn names_among_arguments_are_those_of_people_unless_they_are_of_things() {
    let (arguments, rest) = redacted_arguments(json!({
        "name": "anna", "attendee_name": "Bert", "reservation_name": "Cor", "customer_name": "Dirk", "displayName": "Eva",
        "contact_person": "Fred", "names": ["Gijs", "Hans"], "guests": [{ "name": "Inge" }], "naam": "Joop",
        "voornaam": "Kees", "achternaam": "Loos", "booking": { "name": "tool" }, "full_name": { "first": "Mien", "last": "Noot" },
        "product_name": "Lamp", "product": { "name": "Chair" }, "file_name": "a.pdf",
        "note": "Anna, Bert, Cor, Dirk, Eva, Fred, Gijs, Hans, Inge, Joop, Kees, Loos, Mien and Noot",
    }));
    let text = arguments.to_string();
    for name in
        ["nna", "Bert", "Cor", "Dirk", "Eva", "Fred", "Gijs", "Hans", "Inge", "Joop", "Kees", "Loos", "Mien", "Noot"]
    {
        assert!(!text.contains(name), "{name}: {text}");
    }
    assert_eq!(arguments["note"].as_str().unwrap_or_default().matches("Person ").count(), 14, "{text}");
    assert_eq!(
        (&arguments["product_name"], &arguments["product"]["name"], &arguments["file_name"]),
        (&json!("Lamp"), &json!("Chair"), &json!("a.pdf"))
    );
    let call = json!({ "id": "t-1", "function": { "name": "find_anna", "arguments": null } });
    assert_eq!(rest, json!({ "message": { "type": "tool-calls", "tool_call_list": [call] } }));
}

#[test]
fn names_of_people_outside_of_arguments_are_found_and_those_of_the_platform_stay() {
    let value = redacted(json!({
        "metadata": { "attendee_name": "Bert", "displayName": "Eva", "naam": "Joop", "guests": [{ "name": "Inge" }] },
        "assistant": { "name": "Bert" }, "toolCall": { "name": "eva" }, "guests": ["Hans"],
    }));
    assert_eq!(
        value,
        json!({
            "metadata": {
                "attendee_name": value["metadata"]["attendee_name"], "displayName": value["metadata"]["displayName"],
                "naam": value["metadata"]["naam"], "guests": [{ "name": value["metadata"]["guests"][0]["name"] }],
            },
            "assistant": { "name": "Bert" }, "toolCall": { "name": "eva" }, "guests": [value["guests"][0]],
        })
    );
    assert_eq!(value.to_string().matches("Person ").count(), 5, "{value}");
}

#[test]
fn a_number_is_found_in_each_form_it_is_said_in() {
    let known = "+31612000111";
    for (said, wanted) in [
        ("0 6 1 2 0 0 0 1 1 1", "0 9 9 9 0 0 0 0 0 1"),
        ("+3 1 6 1 2 0 0 0 1 1 1", "+9 9 9 9 9 0 0 0 0 0 1"),
        ("3 1 6 1 2 0 0 0 1 1 1, 5", "9 9 9 9 9 0 0 0 0 0 1, 5"),
        ("6, 1, 2, 0, 0, 0, 1, 1, 1", "9, 9, 9, 0, 0, 0, 0, 0, 1"),
        ("06,12,00,01,11", "09,99,00,00,01"),
        ("06–12000111", "09–99000001"),
        ("0612\n000111", "0999\n000001"),
        ("0612000111, 0612000111", "0999000001, 0999000001"),
        ("+31612000111 2 times, 5x", "+99999000001 2 times, 5x"),
        ("0612000111 5x", "0999000001 5x"),
    ] {
        assert_eq!(redacted(json!({ "phone": known, "note": said }))["note"], wanted, "{said}");
    }
    for said in
        ["0 6 1 2 0 0 0 1 1 1", "06,12,00,01,11", "06–12000111", "0612\n000111", "1-800-555-0143", "1 (800) 555-0143"]
    {
        let text = redacted(json!(said)).to_string().replace([' ', ',', '–'], "");
        assert!(text.contains("99") && !text.contains("111") && !text.contains("0143"), "{said}: {text}");
    }
}

#[test]
fn what_comes_after_a_number_is_no_part_of_it() {
    for text in ["+31612000111, 3 guests", "06 1200 0111, 3 guests", "+31612000111\n12 guests"] {
        let value = redacted(json!([text, "0612000111"]));
        assert_eq!(value[1], "0999000001", "{value}");
    }
    let others =
        json!(["0.5, 0.25, 0.125", "4.8952, 0.0012345678", "at 10:00, 03-02-2026, 3 guests", "1042, 1043, 1044"]);
    assert_eq!(redacted(others.clone()), others);
}

#[test]
fn integers_are_numbers_where_a_field_has_had_them() {
    let value = redacted(json!({
        "customer": { "number": "+31612000111" }, "seconds": 1_767_268_800, "of": 20_261_042,
        "arguments": { "a": 612000111, "b": 31612000111_u64, "c": [31612000111_u64], "phone": 612000222, "d": 31612000222_u64 },
    }));
    assert_eq!(
        (&value["arguments"], &value["seconds"], &value["of"]),
        (
            &json!({
                "a": 999000001, "b": 99999000001_u64, "c": [99999000001_u64], "phone": 999000002, "d": 99999000002_u64,
            }),
            &json!(1_767_268_800),
            &json!(20_261_042)
        )
    );
}

#[test]
fn fields_of_numbers_have_many_names() {
    for name in ["contact_number", "whatsapp_number", "callback", "telefoon", "nummer", "Telefoonnummer"] {
        assert_eq!(redacted(json!({ name: "612000111" })), json!({ name: "999000001" }));
        assert_eq!(redacted(json!({ name: 612000111 })), json!({ name: 999000001 }));
    }
    let others = json!({ "callback": "2026-02-03 09:15", "nummer": "20261042", "callback_url": "https://host/12345" });
    assert_eq!(redacted(others.clone()), others);
}

#[test]
fn secrets_have_short_names_and_stand_in_headers() {
    let value = redacted(json!({
        "pwd": "a", "pass": "b", "passed": true, "header": "Authorization: Basic dXNlcjpwYXNz", "basic": "basic information",
    }));
    let secret = "[secret]";
    assert_eq!(
        value,
        json!({ "pwd": secret, "pass": secret, "passed": true, "header": secret, "basic": "basic information" })
    );
}

#[test]
fn a_text_that_holds_json_is_treated_as_json() {
    let inner = r#"{"password":"x","customer_name":"Anna Vos","deeper":"[{\"pwd\":\"y\"}]"}"#;
    let value = redacted(json!({ "metadata": { "nested": inner, "same": "{ \"a\" : 1e2 }" }, "note": "for Anna Vos" }));
    let wanted = r#"{"customer_name":"Person 1","deeper":"[{\"pwd\":\"[secret]\"}]","password":"[secret]"}"#;
    let read = |text: &Value| serde_json::from_str::<Value>(text.as_str().unwrap_or_default()).unwrap_or_default();
    assert_eq!(read(&value["metadata"]["nested"]), read(&json!(wanted)));
    assert_eq!((&value["metadata"]["same"], &value["note"]), (&json!("{ \"a\" : 1e2 }"), &json!("for Person 1")));
}

proptest! {
    #[test]
    fn no_text_is_too_strange(text in "\\PC*", digits in "[0-9+() ./@:-]{0,40}") {
        redacted(json!({ "customer": { "name": text, "number": digits }, "note": format!("{text}{digits}") }));
    }

    #[test]
    fn no_number_is_left(number in "[1-9][0-9]{10}", gap in "[ .-]?", before in "\\PC{0,10}[a-z] ", after in " \\PC{0,10}") {
        let written = format!("+{}{gap}{}{gap}{}", &number[..2], &number[2..5], &number[5..]);
        let text = redacted(json!(format!("{before}{written}{after}")));
        prop_assert!(!text.to_string().contains(&number[5..]) || before.contains(&number[5..]) || after.contains(&number[5..]), "{text}");
    }
}
