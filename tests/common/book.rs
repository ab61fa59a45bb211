//! The pages of the book and the blocks in them.
//!
//! Knows fences and the words behind them, and nothing of what the blocks say.

use std::path::{Path, PathBuf};

use super::Project;

/// A fenced block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// What it is: the words after the fence, the name of its file left out.
    pub(crate) kind: String,
    /// The file that it stands for, from `file=NAME`.
    pub(crate) file: Option<String>,
    /// The line of its first line.
    pub(crate) line: usize,
    /// What stands between the fences.
    pub(crate) text: String,
}

/// The fenced blocks of a page; a fence that is never closed fails the test.
pub(crate) fn blocks(page: &str, text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in text.lines().enumerate() {
        match (&mut open, line.trim_start().strip_prefix("```")) {
            (None, Some(info)) => open = Some(opened(info, index + 2)),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "{page}: a block is not closed: {open:?}");
    blocks
}

fn opened(info: &str, line: usize) -> Block {
    let (file, kind): (Vec<&str>, Vec<&str>) = info.split_whitespace().partition(|word| word.starts_with("file="));
    let file = file.first().and_then(|word| word.strip_prefix("file=")).map(str::to_owned);
    Block { kind: kind.join(" "), file, line, text: String::new() }
}

/// The folder of the project.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every page of the book, README.md among them, in order.
pub(crate) fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md")];
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages
}

/// A page's name as messages have it.
pub(crate) fn name(page: &Path) -> String {
    page.strip_prefix(root()).unwrap().display().to_string()
}

/// The blocks of a page by its path.
pub(crate) fn blocks_of(page: &Path) -> Vec<Block> {
    blocks(&name(page), &std::fs::read_to_string(page).unwrap())
}

/// A page's files in a project of their own, beside the hosts to try it on of docs/howto/README.md.
pub(crate) fn project_of(page: &[Block]) -> Project {
    let project = Project::new();
    for block in blocks_of(&root().join("docs/howto/README.md")).iter().chain(page) {
        if let Some(file) = &block.file {
            project.file(file, &block.text);
        }
    }
    project
}
