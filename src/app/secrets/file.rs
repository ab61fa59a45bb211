//! `file`: a text of this machine.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::Why;

/// The most bytes that a secret may have.
pub(super) const MOST: u64 = 1024 * 1024;

/// Reads a file.
pub(super) fn get(path: &Path) -> Result<String, Why> {
    text(bytes(path)?)
}

/// Reads a file's bytes.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, Why> {
    let path = at_home(path);
    let failed = |error: std::io::Error| Why::File { path: path.display().to_string(), error: error.to_string() };
    let mut bytes = Vec::new();
    std::fs::File::open(&path).and_then(|file| file.take(MOST + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > MOST { Err(Why::TooLong) } else { Ok(bytes) }
}

/// Text, of which one line loses its line break: nobody means that to be a part of a password.
pub(super) fn text(bytes: Vec<u8>) -> Result<String, Why> {
    let text = String::from_utf8(bytes).map_err(|_| Why::NotText)?;
    Ok(match text.strip_suffix('\n') {
        Some(line) if !line.contains('\n') => line.strip_suffix('\r').unwrap_or(line).to_owned(),
        _ => text,
    })
}

/// Puts the user's home in the place of `~`.
pub(in crate::app) fn at_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::var_os("HOME")) {
        (Ok(rest), Some(home)) => Path::new(&home).join(rest),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_loses_its_break_and_many_keep_theirs() {
        for (written, read) in
            [("pw\n", "pw"), ("pw\r\n", "pw"), ("pw", "pw"), (" pw \n", " pw "), ("a\nb\n", "a\nb\n"), ("pw\n\n", "pw\n\n")]
        {
            assert_eq!(text(written.as_bytes().to_vec()).unwrap(), read);
        }
        assert!(matches!(text(vec![0xff]), Err(Why::NotText)));
    }
}
