//! The book and the other pages of the repository: what they name is there, and what they quote is said.

#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The files with this ending in `folder`, and with `deep` in those below it.
fn files(folder: &Path, ending: &str, deep: bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && deep {
            found.extend(files(&path, ending, deep));
        } else if path.extension().is_some_and(|extension| extension == ending) {
            found.push(path);
        }
    }
    found
}

/// What a page has in it.
#[derive(Default)]
struct Page {
    links: Vec<String>,
    /// The names of its headings in links.
    anchors: BTreeSet<String>,
    has_rust: bool,
    /// Files whose text stands in its place when the book is made.
    includes: Vec<String>,
}

impl Page {
    fn read(path: &Path) -> Self {
        let (mut page, text) = (Self::default(), fs::read_to_string(path).unwrap());
        // What is being read of a heading.
        let mut collected: Option<String> = None;
        for event in Parser::new(&text) {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(dest_url.into_string());
                }
                Event::Start(Tag::Heading { .. }) => collected = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => page.anchors.extend(collected.take().map(|title| anchor(&title))),
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    page.has_rust |= info.split(',').next() == Some("rust");
                }
                Event::Text(text) | Event::Code(text) => {
                    if let Some(collected) = &mut collected {
                        collected.push_str(&text);
                    }
                    if let Some(file) = text.trim().strip_prefix("{{#include ") {
                        page.includes.push(file.trim_end_matches("}}").to_owned());
                    }
                }
                _ => {}
            }
        }
        page
    }
}

/// As mdBook and GitHub name a heading.
fn anchor(title: &str) -> String {
    let letters = title.to_lowercase().replace(' ', "-");
    letters.chars().filter(|letter| letter.is_alphanumeric() || "-_".contains(*letter)).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let root = root();
    let mut pages = files(&root.join("docs"), "md", true);
    pages.extend(files(&root, "md", false));
    let mut faults = Vec::new();
    for path in &pages {
        let (page, folder) = (Page::read(path), path.parent().unwrap());
        for link in &page.links {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { path.clone() } else { folder.join(file) };
            let leads_there = target.exists() && (heading.is_empty() || Page::read(&target).anchors.contains(heading));
            if !leads_there {
                faults.push(format!("{}: {link}", path.display()));
            }
        }
        let missing = page.includes.iter().filter(|file| !folder.join(file).is_file());
        faults.extend(missing.map(|file| format!("{}: {file} is included", path.display())));
    }
    assert!(pages.len() > 20, "the pages were not found");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_page_is_a_chapter_and_its_samples_are_compiled() {
    let docs = root().join("docs");
    let chapters: BTreeSet<_> = Page::read(&docs.join("SUMMARY.md")).links.into_iter().collect();
    let compiled = fs::read_to_string(root().join("tests/src/lib.rs")).unwrap();
    for path in files(&docs, "md", false) {
        let name = path.file_name().unwrap().to_str().unwrap();
        if name == "SUMMARY.md" {
            continue;
        }
        assert!(chapters.contains(name), "{name} is not in SUMMARY.md");
        let is_compiled = compiled.contains(&format!("\"{name}\""));
        assert!(is_compiled || !Page::read(&path).has_rust, "{name} has samples that tests/src/lib.rs does not name");
    }
}

#[test]
fn what_the_questions_quote_is_what_the_compiler_says() {
    let cases = files(&root().join("tests/ui"), "stderr", true);
    let said: Vec<_> = cases.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let text = fs::read_to_string(root().join("docs/faq.md")).unwrap();
    let (_, chapter) = text.split_once("## What the compiler says").unwrap();
    let (chapter, _) = chapter.split_once("\n## ").unwrap();
    let quotes: Vec<_> = chapter
        .lines()
        .filter_map(|line| Some(line.strip_prefix("**")?.split_once("**")?.0.trim_end_matches('.')))
        .collect();
    assert!(quotes.len() > 10, "{quotes:?}");
    for quote in quotes {
        let is_said = said.iter().flat_map(|text| text.lines()).filter(|line| line.starts_with("error")).any(|line| {
            // The pieces around the names, in their order.
            let mut rest = Some(line);
            for piece in quote.split('…') {
                rest = rest.and_then(|rest| rest.split_once(piece)).map(|(_, after)| after);
            }
            rest.is_some()
        });
        assert!(is_said, "no error of the cases in tests/ui says: {quote}");
    }
}
