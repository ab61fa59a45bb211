//! The verbs that say what a file, a folder or a link is to be, rendered.

use super::{Rendering, Result, failed};
use crate::model::{
    CopyFile, CopyFrom, EditedFile, FileRights, LineInFile, PathState, PlaceInFile, Task, Template, TemplateFile, TextInFile, Value,
    WantedState, WrittenFile,
};
use crate::plan::prepared::{Body, CopySource};
use crate::resource::{BlockEdit, Declared, EditPlace, FileTarget, LineEdit, LineFile, PathPlan, Pattern, Rights, TextFile, WantedPath};
use crate::template::Rendered;
use crate::text::last_reason;

/// What stands for the path of the bytes to be in `validate`.
const PATH_MARK: &str = "%s";

impl Rendering<'_> {
    pub(super) fn copy(&self, copy: &CopyFile) -> Result<Body> {
        let from = match &copy.from {
            CopyFrom::Content(text) => CopySource::Content(self.text(text)?),
            CopyFrom::Src { path, base } => CopySource::File(base.join(self.path(path)?)),
        };
        Ok(Body::Copy { from, file: self.written(&copy.file)? })
    }

    pub(super) fn template_file(&self, template: &TemplateFile) -> Result<Body> {
        let from = CopySource::Template { src: template.src.clone(), text: self.text(&template.text)? };
        Ok(Body::Copy { from, file: self.written(&template.file)? })
    }

    pub(super) fn path_state(&self, path: &PathState) -> Result<Body> {
        let dest = self.path(&path.dest)?;
        let wanted = match &path.wanted {
            WantedState::Absent { force } => WantedPath::Absent { force: *force },
            WantedState::File(rights) => WantedPath::File(self.rights(rights)?),
            WantedState::Directory(rights) => WantedPath::Directory(self.rights(rights)?),
            WantedState::Link { src, force } => WantedPath::Link { target: self.path(src)?, force: *force },
        };
        Ok(Body::Declared(Declared::Path(PathPlan { dest, wanted })))
    }

    pub(super) fn line(&self, line: &LineInFile) -> Result<Body> {
        let (file, place) = self.edited(&line.edited)?;
        let text = match &line.line {
            Some(text) => self.one_line(text, "a line", "put several lines in by `text`")?,
            None => String::new(),
        };
        let matching = line.matching.as_ref().map(|pattern| self.pattern(pattern)).transpose()?.flatten();
        let edit = LineEdit { line: text, matching, place, absent: line.edited.absent };
        Ok(Body::Declared(Declared::Line(LineFile { file, create: line.edited.create, edit })))
    }

    pub(super) fn marked_text(&self, task: &Task, text: &TextInFile) -> Result<Body> {
        let (file, place) = self.edited(&text.edited)?;
        let mark = "the marks are one line each";
        let comment = text.comment.as_ref().map_or_else(|| Ok("#".to_owned()), |comment| self.one_line(comment, "a comment sign", mark))?;
        let name = match &text.name {
            Some(name) => self.one_line(name, "a name", mark)?,
            None => task.id.clone().unwrap_or_else(|| "roundsman".to_owned()),
        };
        let (begin, end) = (format!("{comment} begin {name} (roundsman)"), format!("{comment} end {name} (roundsman)"));
        let inside = match &text.text {
            Some(template) if !text.edited.absent => {
                let inside = self.text(template)?;
                if inside.lines().any(|line| line == begin || line == end) {
                    let hint = "leave the marks out: they are written around it".to_owned();
                    return Err(failed("the text holds its own mark".to_owned(), Some(template.source.span), Some(hint)));
                }
                Some(inside)
            }
            _ => None,
        };
        let edit = BlockEdit { begin, end, text: inside, place };
        Ok(Body::Declared(Declared::Text(TextFile { file, create: text.edited.create, edit })))
    }

    fn edited(&self, edited: &EditedFile) -> Result<(FileTarget, EditPlace)> {
        let at = |pattern: Option<Pattern>, place: fn(Pattern) -> EditPlace| pattern.map_or(EditPlace::End, place);
        let place = match &edited.place {
            PlaceInFile::End => EditPlace::End,
            PlaceInFile::Begin => EditPlace::Begin,
            PlaceInFile::After(pattern) => at(self.pattern(pattern)?, EditPlace::After),
            PlaceInFile::Before(pattern) => at(self.pattern(pattern)?, EditPlace::Before),
        };
        Ok((self.written(&edited.file)?, place))
    }

    pub(super) fn written(&self, file: &WrittenFile) -> Result<FileTarget> {
        Ok(FileTarget {
            dest: self.path(&file.dest)?,
            rights: self.rights(&file.rights)?,
            backup: file.backup,
            validate: file.validate.as_ref().map(|validate| self.validate(validate)).transpose()?,
        })
    }

    pub(super) fn rights(&self, rights: &FileRights) -> Result<Rights> {
        Ok(Rights {
            mode: rights.mode.as_ref().map_or(Ok(None), |mode| self.mode(mode))?,
            owner: self.optional_path(rights.owner.as_ref())?,
            group: self.optional_path(rights.group.as_ref())?,
        })
    }

    /// Every `%s` of the rendered text will be the path, so none may come from a value.
    fn validate(&self, template: &Template) -> Result<String> {
        let text = self.path(template)?;
        if self.waits(&text) || template.is_literal() {
            return Ok(text);
        }
        let written = self.engine.marks(&template.source, PATH_MARK).map_or(0, |marks| marks.len());
        let shown = text.matches(PATH_MARK).count();
        if shown == 0 {
            let hint = Some("write it in every branch".to_owned());
            return Err(failed(
                "this holds no `%s`, which stands for the path of the new file".to_owned(),
                Some(template.source.span),
                hint,
            ));
        }
        // In a loop what is written once may stand there several times.
        if shown > written && !template.source.text.contains("{%") {
            let hint = Some("pass it by a file or write it out".to_owned());
            return Err(failed(
                "a value holds `%s`, which stands for the path of the new file".to_owned(),
                Some(template.source.span),
                hint,
            ));
        }
        Ok(text)
    }

    /// A regular expression; none in a preview where it waits.
    fn pattern(&self, template: &Template) -> Result<Option<Pattern>> {
        let text = self.text(template)?;
        if self.waits(&text) {
            return Ok(None);
        }
        let span = Some(template.source.span);
        let refused = |why: &str| failed(format!("this is no regular expression: {why}"), span, None);
        Pattern::new(&text).map(Some).map_err(|why| refused(last_reason(&why.to_string())))
    }

    fn one_line(&self, template: &Template, what: &str, hint: &str) -> Result<String> {
        let text = self.path(template)?;
        if text.contains(['\n', '\r']) {
            let hint = match text.trim_end_matches(['\n', '\r']) {
                alone if alone.contains(['\n', '\r']) => hint.to_owned(),
                _ => "it ends with a line break; YAML's `|-` leaves that out".to_owned(),
            };
            return Err(failed(format!("{what} can't hold a line break"), Some(template.source.span), Some(hint)));
        }
        Ok(text)
    }

    fn mode(&self, template: &Template) -> Result<Option<u32>> {
        let text = match self.rendered(template)? {
            Rendered::Omit => return Ok(None),
            Rendered::Value(Value::Text(text)) => text,
            Rendered::Value(other) => {
                let hint = Some("write modes as text: `\"0644\"`".to_owned());
                return Err(failed(format!("a mode is text of octal digits, this is {}", other.kind()), Some(template.source.span), hint));
            }
        };
        if self.waits(&text) {
            return Ok(None);
        }
        let digits = (3..=5).contains(&text.len()) && text.bytes().all(|digit| (b'0'..=b'7').contains(&digit));
        match u32::from_str_radix(&text, 8) {
            Ok(mode) if digits && mode <= 0o7777 => Ok(Some(mode)),
            _ => Err(failed(
                "a mode is text of three or four octal digits".to_owned(),
                Some(template.source.span),
                Some("as in `\"0644\"`".to_owned()),
            )),
        }
    }
}

#[cfg(test)]
mod tests;
