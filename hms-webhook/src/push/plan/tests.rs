use super::*;

fn assistant(tools: Value) -> Assistant {
    Assistant::read(json!({
        "id": "a-1",
        "webhook_url": "https://hooks.example.com/voice",
        "webhook_events": ["tool-calls", "status-update"],
        "llm_config": { "provider": "openai", "model": "m", "messages": [{ "role": "system" }], "tools": tools },
    }))
    .unwrap()
}

fn find() -> Value {
    json!({ "name": "find", "description": "Find.", "parameters": { "type": "object", "properties": {} } })
}

fn plan(tools: Value, wanted: &Wanted) -> Plan {
    Plan::new(&assistant(tools), &[find()], wanted).unwrap()
}

fn pruning() -> Wanted {
    Wanted { prune: true, ..Wanted::default() }
}

#[test]
fn the_whole_configuration_goes_back_with_the_order_kept() {
    let plan = plan(
        json!([
            { "type": "endCall" },
            { "type": "function", "function": { "name": "find", "description": "Search." } },
            { "type": "mcp", "mcp_server_id": "m-1", "allowed_tools": ["x"] },
        ]),
        &Wanted::default(),
    );
    let expected = json!({ "llm_config": {
        "provider": "openai", "model": "m", "messages": [{ "role": "system" }],
        "tools": [{ "type": "endCall" }, find(), { "type": "mcp", "mcp_server_id": "m-1", "allowed_tools": ["x"] }],
    } });
    assert_eq!(Value::Object(plan.body), expected);
}

#[test]
fn what_means_the_same_is_not_written_at_all() {
    let mut nested = find();
    nested.as_object_mut().unwrap().remove("name");
    nested["name"] = "find".into();
    let plan = plan(json!([{ "type": "function", "function": nested, "async": false }]), &Wanted::default());
    assert!(plan.is_empty());
    assert_eq!(plan.tools[0].action, Action::Keep);
}

#[test]
fn a_list_that_is_missing_or_null_is_empty() {
    assert_eq!(plan(Value::Null, &Wanted::default()).body["llm_config"]["tools"], json!([find()]));
}

#[test]
fn pruning_removes_only_what_would_be_called_here() {
    let tools = json!([
        find(),
        { "name": "no_url" },
        { "name": "our_url", "server": { "url": "https://HOOKS.example.com/voice" } },
        { "name": "foreign", "url": "https://elsewhere.example.com/voice" },
        { "type": "function", "function": { "name": "foreign_nested" }, "server": { "url": "https://hooks.example.com/other" } },
        { "type": "transfer_call", "destinations": [] },
        { "type": "mcp", "name": "mcp_named" },
        { "type": "query", "name": "newer" },
        "not even an object",
    ]);
    let actions = |plan: &Plan| -> Vec<_> {
        plan.tools.iter().map(|tool| (tool.name.clone(), matches!(tool.action, Action::Remove))).collect()
    };
    let pruned = plan(tools.clone(), &pruning());
    let removed: Vec<_> = actions(&pruned).into_iter().filter(|(_, removed)| *removed).map(|(name, _)| name).collect();
    assert_eq!(removed, ["no_url", "our_url"]);
    let mut expected = tools.as_array().unwrap().clone();
    expected.drain(1..3);
    assert_eq!(pruned.body["llm_config"]["tools"], Value::Array(expected));

    let kept = plan(tools, &Wanted::default());
    assert!(kept.is_empty());
    assert_eq!(kept.tools[1].action, Action::LeaveAlone(Why::NotPruned));
}

/// The names of the tools that pruning removes.
fn pruned(tools: Value, definitions: &[Value], wanted: &Wanted) -> Vec<String> {
    let plan = Plan::new(&assistant(tools), definitions, wanted).unwrap();
    plan.tools.into_iter().filter(|tool| tool.action == Action::Remove).map(|tool| tool.name).collect()
}

#[test]
fn pruning_spares_what_is_called_at_a_url_that_this_program_leaves() {
    let tools = json!([
        { "name": "no_url" },
        { "name": "old", "url": "https://hooks.example.com/voice" },
        { "name": "new", "url": "https://new.example.com" },
    ]);
    let wanted = Wanted { webhook_url: Some("https://new.example.com".into()), ..pruning() };
    assert_eq!(pruned(tools, &[find()], &wanted), ["no_url", "new"]);
}

#[test]
fn the_assistants_url_is_ours_only_if_a_tool_of_ours_follows_it() {
    let tools = json!([{ "name": "no_url" }, { "name": "theirs", "url": "https://hooks.example.com/voice" }]);
    let mut elsewhere = find();
    elsewhere["url"] = "https://ours.example.com".into();
    assert_eq!(pruned(tools.clone(), &[elsewhere.clone()], &pruning()), Vec::<String>::new());
    assert_eq!(pruned(tools.clone(), &[find()], &pruning()), ["no_url", "theirs"]);

    // Ours is there, with a URL that was set on the platform and stays.
    let mut with_ours = tools.as_array().unwrap().clone();
    with_ours.push(elsewhere.clone());
    assert_eq!(pruned(with_ours.clone().into(), &[find()], &pruning()), Vec::<String>::new());
    let shown = Plan::new(&assistant(with_ours.into()), &[find()], &pruning()).unwrap();
    assert_eq!(shown.tools[0].action, Action::LeaveAlone(Why::ForeignUrl("https://hooks.example.com/voice".into())));

    elsewhere["url"] = "https://hooks.example.com/voice".into();
    assert_eq!(pruned(tools, &[elsewhere], &pruning()), ["no_url", "theirs"]);
}

#[test]
fn pruning_with_no_tools_at_all_is_refused() {
    assert_eq!(Plan::new(&assistant(json!([])), &[], &pruning()).unwrap_err(), Refusal::PruneEverything);
}

#[test]
fn a_url_set_on_the_platform_stays_and_is_mentioned() {
    let mut tool = find();
    tool["url"] = "https://user:hush@elsewhere.example.com/x?token=hush".into();
    let stays = plan(json!([tool.clone()]), &Wanted::default());
    assert!(stays.is_empty());
    assert!(stays.tools[0].note.as_ref().unwrap().contains("https://…@elsewhere.example.com/x…, as set"));
    let wanted = Wanted { webhook_url: Some("https://hooks.example.com/voice".into()), ..Wanted::default() };
    let follows = plan(json!([tool]), &wanted);
    assert_eq!(follows.body["llm_config"]["tools"], json!([find()]));
    assert!(!follows.body.contains_key("webhook_url"), "the URL is set already");
}

#[test]
fn only_settings_that_were_asked_for_and_differ_are_written() {
    let wanted = Wanted {
        webhook_url: Some("https://new.example.com".into()),
        events: Some(vec!["status-update".into(), "tool-calls".into()]),
        ..Wanted::default()
    };
    assert_eq!(Value::Object(plan(json!([find()]), &wanted).body), json!({ "webhook_url": "https://new.example.com" }));
}

#[test]
fn a_webhook_url_with_blanks_around_it_is_repaired() {
    let held = json!({ "id": "a-1", "webhook_url": "https://new.example.com/x " });
    let wanted = Wanted { webhook_url: Some("https://new.example.com/x".into()), ..Wanted::default() };
    let plan = Plan::new(&Assistant::read(held).unwrap(), &[], &wanted).unwrap();
    assert_eq!(Value::Object(plan.body), json!({ "webhook_url": "https://new.example.com/x" }));
}

#[test]
fn a_secret_is_compared_where_the_platform_shows_it() {
    let with = |held: Value| {
        let mut raw = json!({ "id": "a-1", "llm_config": { "tools": [find()] } });
        raw["webhook_secret"] = held;
        let wanted = Wanted { secret: Some(Credential::new("hush".into())), ..Wanted::default() };
        Plan::new(&Assistant::read(raw).unwrap(), &[find()], &wanted).unwrap()
    };
    assert!(with("hush".into()).is_empty());
    for held in [json!("other"), json!("****"), Value::Null] {
        let plan = with(held);
        assert_eq!(Value::Object(plan.body.clone()), json!({ "webhook_secret": "hush" }));
        let shown = plan.shown(&str::to_owned).to_string();
        assert!(!shown.contains("hush"), "{shown}");
    }
}

#[test]
fn what_cannot_be_done_safely_is_refused() {
    let refusal = |assistant: Value| {
        let assistant = Assistant::read(assistant).unwrap();
        Plan::new(&assistant, &[find()], &Wanted::default()).unwrap_err()
    };
    let tools = |tools: Value| json!({ "llm_config": { "tools": tools } });
    assert_eq!(refusal(json!({ "id": "a-1", "llm_config": null })), Refusal::NoLlmConfig);
    assert_eq!(refusal(json!({ "id": "a-1" })), Refusal::NoLlmConfig);
    assert_eq!(refusal(tools(json!("find"))), Refusal::ToolsAreNoList);
    assert_eq!(
        refusal(tools(json!([{ "type": "mcp", "name": "find" }]))),
        Refusal::NameTaken { name: "find".into(), kind: "mcp".into() }
    );
    assert_eq!(
        refusal(tools(json!([find(), { "type": "function", "function": find() }]))),
        Refusal::NameTwice { name: "find".into() }
    );
    assert_eq!(
        refusal(tools(
            json!([{ "name": "theirs", "server": { "url": "https://x.example.com", "secret": "wh_****" } }])
        )),
        Refusal::Masked { path: "llm_config.tools[0].server.secret".into() }
    );
}

#[test]
fn without_tools_an_assistant_without_llm_config_still_takes_settings() {
    let wanted = Wanted { webhook_url: Some("https://new.example.com".into()), ..Wanted::default() };
    let assistant = Assistant::read(json!({ "id": "a-1", "llm_config": null })).unwrap();
    assert_eq!(Plan::new(&assistant, &[], &wanted).unwrap().body.len(), 1);
}

#[test]
fn settings_by_which_no_tool_would_be_called_are_mentioned() {
    let assistant = Assistant::read(json!({ "llm_config": {}, "webhook_events": ["status-update"] })).unwrap();
    assert_eq!(Plan::new(&assistant, &[find()], &Wanted::default()).unwrap().remarks.len(), 2);
    assert!(plan(json!([]), &Wanted::default()).remarks.is_empty());
}
