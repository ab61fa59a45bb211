//! The verbs that say what a file, a folder or a link is to be: syntax to typed arguments.

use super::Lower;
use crate::diag::{Diagnostic, SourceText, Span};
use crate::model::{
    Context, CopyFile, CopyFrom, EditedFile, FileRights, LineInFile, PathState, PlaceInFile, Template, TemplateFile, TextInFile,
    WantedState, WrittenFile,
};
use crate::playbook::codes;
use crate::playbook::syntax::{self, Role, path_of};
use crate::resource::Pattern;
use crate::text::last_reason;

impl Lower<'_> {
    pub(super) fn copy(&mut self, copy: &syntax::Copy) -> CopyFile {
        let from = match &copy.from {
            syntax::CopyFrom::Content(text) => CopyFrom::Content(self.text(text)),
            syntax::CopyFrom::Src(path) => {
                let (path, base) = self.local_file(path);
                CopyFrom::Src { path, base }
            }
        };
        CopyFile { from, file: self.written(&copy.file) }
    }

    pub(super) fn template_verb(&mut self, template: &syntax::TemplateFile) -> TemplateFile {
        let src = path_of(self.map, &template.src);
        let text = match self.template_files.get(&src) {
            Some(text) => text.clone(),
            None => {
                let text = self.template_file(&src, template.src.span);
                self.template_files.insert(src.clone(), text.clone());
                text
            }
        };
        TemplateFile { src, text, file: self.written(&template.file) }
    }

    /// Compiles a template file; one that could not be read, which is told, is empty.
    fn template_file(&mut self, path: &std::path::Path, named: Span) -> Template {
        let file = self.parts.get(&(path.to_owned(), Role::Template)).and_then(Option::as_ref);
        let source = match file {
            Some(file) => {
                let text = &*self.map.file(file.file).text;
                SourceText::verbatim(text, Span::new(file.file, 0..text.len()))
            }
            None => SourceText::verbatim("", named),
        };
        self.text(&source)
    }

    pub(super) fn path_state(&mut self, path: &syntax::PathState) -> PathState {
        let dest = self.text(&path.dest);
        let wanted = match &path.wanted {
            syntax::WantedState::Absent { force } => WantedState::Absent { force: *force },
            syntax::WantedState::File(rights) => WantedState::File(self.rights(rights)),
            syntax::WantedState::Directory(rights) => WantedState::Directory(self.rights(rights)),
            syntax::WantedState::Link { src, force } => WantedState::Link { src: self.text(src), force: *force },
        };
        PathState { dest, wanted }
    }

    pub(super) fn line(&mut self, line: &syntax::Line) -> LineInFile {
        LineInFile {
            edited: self.edited(&line.edited),
            line: line.line.as_ref().map(|line| self.text(line)),
            matching: line.matching.as_ref().map(|pattern| self.pattern(pattern)),
        }
    }

    pub(super) fn marked_text(&mut self, text: &syntax::Text) -> TextInFile {
        let edited = self.edited(&text.edited);
        let mut optional = |text: &Option<SourceText>| text.as_ref().map(|text| self.text(text));
        let (name, comment) = (optional(&text.name), optional(&text.comment));
        TextInFile { edited, text: optional(&text.text), name, comment }
    }

    fn edited(&mut self, edited: &syntax::Edited) -> EditedFile {
        let place = match &edited.place {
            syntax::PlaceInFile::End => PlaceInFile::End,
            syntax::PlaceInFile::Begin => PlaceInFile::Begin,
            syntax::PlaceInFile::After(pattern) => PlaceInFile::After(self.pattern(pattern)),
            syntax::PlaceInFile::Before(pattern) => PlaceInFile::Before(self.pattern(pattern)),
        };
        EditedFile { file: self.written(&edited.file), create: edited.create, absent: edited.absent, place }
    }

    pub(super) fn written(&mut self, file: &syntax::Written) -> WrittenFile {
        WrittenFile {
            dest: self.text(&file.dest),
            rights: self.rights(&file.rights),
            backup: file.backup,
            validate: file.validate.as_ref().map(|validate| self.validate(validate)),
        }
    }

    pub(super) fn rights(&mut self, rights: &syntax::Rights) -> FileRights {
        let mut native = |text: &Option<SourceText>| text.as_ref().map(|text| self.template(text, Context::Native));
        FileRights { mode: native(&rights.mode), owner: native(&rights.owner), group: native(&rights.group) }
    }

    /// Compiles a regular expression's text; tells of one that is known and none.
    fn pattern(&mut self, text: &SourceText) -> Template {
        let template = self.text(text);
        if template.is_literal()
            && let Err(why) = Pattern::new(&text.text)
        {
            let found = Diagnostic::error(codes::NO_PATTERN, text.span, "this is no regular expression");
            self.diagnostics.push(found.label(last_reason(&why.to_string())));
        }
        template
    }

    /// Compiles `validate`; the path that `%s` stands for is put in as one quoted word, so it must stand where words do.
    fn validate(&mut self, text: &SourceText) -> Template {
        let template = self.template(text, Context::Shell);
        self.engine.hint_pipelines(&template, self.diagnostics);
        let marks = self.engine.marks(text, "%s");
        if marks.as_ref().is_some_and(Vec::is_empty) {
            let found =
                Diagnostic::error(codes::MISSING_KEY, text.span, "`validate` must hold `%s`, which stands for the path of the new file");
            self.diagnostics.push(found.hint("as in `validate: nginx -t -c %s`".to_owned()));
        }
        for (span, inside) in marks.into_iter().flatten() {
            let Some(inside) = inside else { continue };
            let found = Diagnostic::error(codes::WRONG_VALUE, span, format!("`%s` can't stand in {inside}"));
            self.diagnostics.push(found.hint("write it as a word of its own: it is quoted by itself".to_owned()));
        }
        template
    }
}
