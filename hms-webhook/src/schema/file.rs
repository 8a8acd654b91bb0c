//! Definitions as a file that is committed beside the source.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
};

use serde::Deserialize;
use serde_json::Value;

use super::ToolDefinition;
use crate::{arguments::repeated_name, words::shorten};

/// What a [`ToolDefinition`] has.
const MEMBERS: [&str; 7] = ["name", "description", "url", "async", "async_response", "message", "parameters"];

/// The text of a file of definitions: a JSON array, one line for each member, so that a version control shows what
/// changed.
pub(crate) fn text(definitions: &[ToolDefinition]) -> String {
    // Nothing in a definition can fail to be written.
    let mut text = serde_json::to_string_pretty(definitions).unwrap_or_default();
    text.push('\n');
    text
}

/// Writes a text to a file, all of it or nothing: it is written aside and put in the file's place. A device or pipe is
/// written to as it is.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    // Whoever names a link means the file that it leads to.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let present = fs::metadata(path).ok();
    let Some(name) = path.file_name().filter(|_| present.as_ref().is_none_or(fs::Metadata::is_file)) else {
        return fs::write(path, text);
    };
    let mut aside = OsString::from(".");
    aside.push(name);
    // Nothing that a process which was killed has left behind is in the way.
    aside.push(format!(".{:016x}", fastrand::u64(..)));
    let aside = path.with_file_name(aside);
    let written = File::create_new(&aside).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        if let Some(present) = present {
            file.set_permissions(present.permissions())?;
        }
        file.sync_all()?;
        drop(file);
        fs::rename(&aside, path)
    });
    if written.is_err() {
        let _ = fs::remove_file(&aside);
    }
    written
}

/// Reads what [`text`] made.
///
/// # Errors
/// When it is something else; the text says what, on one line.
pub(crate) fn read(text: &str) -> Result<Vec<ToolDefinition>, String> {
    let not_json = |error| format!("it is not JSON ({error})");
    // Which of them counts is another question for each reader.
    if let Some(name) = repeated_name(text).map_err(not_json)? {
        return Err(format!("an object in it has the member `{}` twice", shorten(&name)));
    }
    let value = serde_json::from_str(text).map_err(not_json)?;
    let Value::Array(items) = value else { return Err("it holds no list of tool definitions".into()) };
    let mut tools: Vec<ToolDefinition> = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let tool = definition(item).map_err(|fault| format!("number {} of its list{fault}", index + 1))?;
        if let Some(first) = tools.iter().position(|other| other.name == tool.name) {
            let (name, first, second) = (shorten(&tool.name), first + 1, index + 1);
            return Err(format!("it has the tool `{name}` twice, as number {first} and number {second} of its list"));
        }
        tools.push(tool);
    }
    Ok(tools)
}

/// The error is the rest of a sentence about the item.
fn definition(item: &Value) -> Result<ToolDefinition, String> {
    let Some(members) = item.as_object() else { return Err(" is no tool definition, which is an object".into()) };
    let tool = ToolDefinition::deserialize(item).map_err(|error| format!(" is no tool definition ({error})"))?;
    let name = shorten(&tool.name);
    if let Some(member) = members.keys().find(|member| !MEMBERS.contains(&member.as_str())) {
        return Err(format!(", `{name}`, has the member `{}`, which no definition of a tool has", shorten(member)));
    }
    if !tool.parameters.is_object() {
        return Err(format!(", `{name}`, has `parameters` that are no object"));
    }
    Ok(tool)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::{env, process};

    use super::*;

    #[test]
    fn what_another_process_has_left_behind_is_not_in_the_way() {
        let folder = env::temp_dir().join(format!("definitions-{}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        let left = folder.join(format!(".tools.json.{}", process::id()));
        fs::write(&left, "half of").unwrap();
        write(&folder.join("tools.json"), "[]\n").unwrap();
        assert_eq!(fs::read_to_string(folder.join("tools.json")).unwrap(), "[]\n");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_member_that_comes_twice_is_no_definition() {
        for text in [
            r#"[{"name": "a", "name": "b", "parameters": {}}]"#,
            r#"[{"name": "a", "parameters": {"properties": {}, "name": {"x": 1}, "name": {"x": 2}}}]"#,
        ] {
            assert_eq!(read(text).unwrap_err(), "an object in it has the member `name` twice");
        }
    }
}
